#include <croton/ir/build.hpp>
#include <croton/ir/op.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/reference.hpp>
#include <croton/passes/fold_constants.hpp>

#include <algorithm>

#include "known_params.hpp"

namespace croton::inline v1 {

namespace {

constexpr std::int64_t small_result = 1024; // elements

/// The constant of one element that every element of `v` is: itself, or a broadcast of one. Null
/// if there is none.
const Variable* broadcast_scalar(const Variable& v)
{
    const Variable* at = &v;
    while (at->leaf() != Leaf::constant) {
        const detail::Node* node = at->value()->node;
        if (node->op != &broadcast_to_op) return nullptr;
        at = node->inputs();
    }
    return at->rank() == 0 || (at != &v && at->constant().size() == 1) ? at : nullptr;
}

/// op(scalar, ..) computed once and broadcast, for pointwise ops; empty if that is not possible.
Variable fold_scalar(const Apply& apply)
{
    Variables scalars;
    for (const Variable& in : apply.inputs()) {
        const Variable* scalar = broadcast_scalar(in);
        if (!scalar) return {};
        scalars.push_back(scalar->rank() == 0
                              ? *scalar
                              : constant(scalar->constant().reshape({}), apply.location()));
    }
    const Type type = apply.output().type();
    const Type scalar_type(type.dtype(), {});
    const Variable one =
        rebuild(apply.op(), scalars, apply.params(), {&scalar_type, 1}, apply.location())[0];
    std::vector<Array> values;
    for (const Variable& v : scalars)
        values.push_back(v.constant());
    const Variable folded = constant(evaluate_reference(one.owner(), values)[0], apply.location());
    return broadcast_to(folded, type.shape(), apply.location());
}

bool is_worth_folding(const Apply& apply)
{
    std::size_t bytes = 0;
    std::size_t operand_bytes = 0;
    std::int64_t elements = 0;
    for (const Variable& v : apply.outputs()) {
        if (!detail::all_known(v.shape())) return false;
        std::int64_t n = 1;
        for (const Extent& e : v.shape())
            n *= e.value();
        elements += n;
        bytes += static_cast<std::size_t>(n) * size_bytes(v.dtype());
    }
    for (const Variable& v : apply.inputs())
        operand_bytes += v.constant().size_bytes();
    return elements <= small_result || bytes <= operand_bytes;
}

/// Whether there is nothing to compute: each output has an extent that is known to be 0.
bool is_empty(const Apply& apply)
{
    return std::ranges::all_of(apply.outputs(), [](const Variable& v) {
        const Extent n = element_count(v.shape());
        return n.is_known() && n.value() == 0;
    });
}

} // namespace

Changed FoldConstants::run(Graph& graph, PassContext&) const
{
    return changed_if(graph.rewrite([](const Apply& apply, Variables& out) {
        // A broadcast says more about a constant than its elements do.
        if (apply.inputs().empty() || &apply.op() == &broadcast_to_op) return false;
        if (is_empty(apply)) {
            for (const Variable& v : apply.outputs())
                out.push_back(broadcast_to(constant(Array::zeros(v.dtype(), {}), apply.location()),
                                           v.shape(), apply.location()));
            return true;
        }
        if (is_pointwise(apply.op())) {
            const Variable folded = fold_scalar(apply);
            if (!folded.is_empty()) {
                out = {folded};
                return true;
            }
        }
        for (const Variable& in : apply.inputs())
            if (in.leaf() != Leaf::constant) return false;
        if (!detail::has_known_params(apply.params()) || !is_worth_folding(apply)) return false;
        std::vector<Array> values;
        for (const Variable& in : apply.inputs())
            values.push_back(in.constant());
        for (Array& a : evaluate_reference(apply, values))
            out.push_back(constant(std::move(a), apply.location()));
        return true;
    }));
}

} // namespace croton::inline v1
