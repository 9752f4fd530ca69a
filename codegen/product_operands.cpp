#include "product_operands.hpp"

#include <croton/codegen/clusters.hpp>

#include <algorithm>
#include <set>
#include <variant>
#include <vector>

#include "cluster_index.hpp"
#include "contract_sizes.hpp"
#include "expression.hpp"
#include "lower_contract.hpp"

namespace croton::inline v1::codegen {

Variables in_memory_behind(const Variable& v, const Kept& kept, bool numbers)
{
    Variables found;
    std::set<const detail::Value*> seen;
    Variables todo{v};
    while (!todo.empty()) {
        const Variable next = todo.back();
        todo.pop_back();
        if (!seen.insert(next.value()).second) continue;
        if (kept(next)) {
            if (numbers || next.leaf() != Leaf::constant || next.constant().size() != 1)
                found.push_back(next);
            continue;
        }
        for (const Variable& in : next.owner().inputs())
            todo.push_back(in);
    }
    return found;
}

Variable operand_in_memory(const Apply& product, std::size_t operand, const Kept& kept)
{
    const Variable& v = product.input(operand);
    Variable base = v;
    while (!kept(base)) {
        const Apply a = base.owner();
        if (!std::holds_alternative<IndexMap>(a.op().lowering) || a.inputs().size() != 1) return {};
        base = a.input(0);
    }
    if (same(base, v)) return base; // arrays lie in one piece
    const auto& p = product.params_as<ContractParams>();
    const std::size_t batch = p.a_batch.size();
    const std::size_t terms = p.a_sum.size();
    const std::size_t second =
        operand == 0 ? static_cast<std::size_t>(v.rank()) - terms : batch + terms;
    return is_strided(v, base, {batch, second}) ? base : Variable();
}

At strip_at(const Apply& product, std::size_t operand)
{
    const Shape product_shape = contract_shape(product);
    const Extent terms = contract_terms(product);
    const Extent term = as_extent(loop_symbol(5)) + as_extent(loop_symbol(3));
    const Extent first = as_extent(loop_symbol(4));
    At at;
    if (operand == 0) {
        at.shape = {product_shape[0], product_shape[1], terms};
        at.index = {as_extent(loop_symbol(0)), first + as_extent(loop_symbol(1)), term};
    } else {
        at.shape = {product_shape[0], terms, product_shape[2]};
        at.index = {as_extent(loop_symbol(0)), term, first + as_extent(loop_symbol(2))};
    }
    for (std::size_t i = 0; i < 3; ++i)
        if (is_known_as(at.shape[i], 1)) at.index[i] = 0;
    return at;
}

bool has_prologue(const Apply& product, std::size_t operand, const Kept& kept)
{
    const Variable& v = product.input(operand);
    if (!has_blocks(product) || computed_dtype(v.dtype()) != v.dtype()) return false;
    const Variables sources = in_memory_behind(v, kept);
    LoopNest scratch;
    Puller puller(scratch);
    for (const Variable& source : sources)
        puller.in_memory(source);
    puller.pull(v, strip_at(product, operand));
    if (puller.divides() || scratch.checks_index) return false;
    const auto is_one_of_batch = [](const Scalar& s) {
        const auto* load = std::get_if<Load>(&s.expression);
        return load && std::ranges::count(symbols(load->at), loop_symbol(0)) > 0;
    };
    const bool batched = !is_known_as(contract_shape(product)[0], 1);
    if (batched && std::ranges::none_of(scratch.scalars, is_one_of_batch)) return false;
    const bool computes = std::ranges::any_of(scratch.scalars, [](const Scalar& s) {
        return std::holds_alternative<Compute>(s.expression);
    });
    const bool fits_source =
        computes && std::ranges::any_of(sources, [&](const Variable& source) {
            return source.owner() && same(element_count(source.shape()), element_count(v.shape()));
        });
    // Sines and their kin have a second form, for which kernels of their own have room.
    return !fits_source && std::ranges::none_of(scratch.scalars, has_fast_form) &&
           puller.statement_count() <= most_statements_in_a_vector_loop;
}

} // namespace croton::inline v1::codegen
