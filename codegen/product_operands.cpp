#include "product_operands.hpp"

#include <croton/codegen/clusters.hpp>
#include <croton/codegen/cost.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/hash_index.hpp>

#include <algorithm>
#include <variant>
#include <vector>

#include "cluster_index.hpp"
#include "contract_sizes.hpp"
#include "expression.hpp"
#include "known_extent.hpp"
#include "lower_contract.hpp"

namespace croton::inline v1::codegen {

Variables in_memory_behind(const Variable& v, const Kept& kept, bool numbers)
{
    Variables found;
    detail::PointerSet<detail::Value> seen;
    Variables todo{v};
    while (!todo.empty()) {
        const Variable next = todo.back();
        todo.pop_back();
        if (!seen.insert(next.value())) continue;
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

Variable behind_maps(const Variable& v, const Kept& kept)
{
    Variable base = v;
    while (!kept(base)) {
        const Apply a = base.owner();
        if (!std::holds_alternative<IndexMap>(a.op().lowering) || a.inputs().size() != 1) break;
        base = a.input(0);
    }
    return base;
}

Variable operand_in_memory(const Apply& product, std::size_t operand, const Kept& kept)
{
    const Variable& v = product.input(operand);
    const Variable base = behind_maps(v, kept);
    if (!kept(base)) return {};
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

namespace {

/// Operations for each element of the left operand beyond those of storing it: each part of the
/// product, as wide as strip_tile_bytes, computes its rows again. Unknown columns are some parts.
std::int64_t flops_again(const Apply& product, int flops)
{
    const Extent columns = contract_shape(product)[2];
    const std::int64_t wide =
        strip_tile_bytes / static_cast<std::int64_t>(size_bytes(product.output(0).dtype()));
    const std::int64_t parts = columns.is_known() ? (columns.value() + wide - 1) / wide : 4;
    return flops * (parts - 1);
}

} // namespace

std::string
why_no_prologue(const Apply& product, std::size_t operand, const Kept& kept, bool read_once)
{
    const Variable& v = product.input(operand);
    if (!has_blocks(product) || computed_dtype(v.dtype()) != v.dtype())
        return "a product of few terms or of a vector reads its operands from memory";
    if (!read_once) return "others read it as well as the product";
    const Variables sources = in_memory_behind(v, kept);
    LoopNest scratch;
    Puller puller(scratch);
    for (const Variable& source : sources)
        puller.in_memory(source);
    puller.pull(v, strip_at(product, operand));
    if (puller.divides() || scratch.checks_index)
        return "its elements do not lie along the product's rows and columns";
    int all = 0;
    for (const Scalar& s : scratch.scalars)
        if (const auto* c = std::get_if<Compute>(&s.expression)) all += flops(*c, s.dtype);
    const bool fits_source =
        all > 0 && std::ranges::any_of(sources, [&](const Variable& source) {
            return source.owner() && same(element_count(source.shape()), element_count(v.shape()));
        });
    if (fits_source) return "the kernel of what it is computed from has room for it";
    if (std::ranges::any_of(scratch.scalars, has_fast_form))
        return "sines and their kin have a second form, for which products have no room";
    if (puller.statement_count() > most_statements_in_a_vector_loop)
        return fmt::format("the kernel would have more than {} statements",
                           most_statements_in_a_vector_loop);
    const auto is_one_of_batch = [](const Scalar& s) {
        const auto* load = std::get_if<Load>(&s.expression);
        return load && std::ranges::count(symbols(load->at), loop_symbol(0)) > 0;
    };
    if (!is_known_as(contract_shape(product)[0], 1) &&
        std::ranges::none_of(scratch.scalars, is_one_of_batch))
        return "it is one for the whole batch";
    const std::int64_t again = operand == 0 ? flops_again(product, all) : 0;
    if (again > flops_worth_an_array)
        return fmt::format("parts of the product would take {} operations to compute each of its "
                           "elements again",
                           again);
    return {};
}

} // namespace croton::inline v1::codegen
