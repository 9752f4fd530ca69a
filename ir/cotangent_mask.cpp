#include "cotangent_mask.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/ops/compare_logic.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/overloaded.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>

namespace croton::inline v1::detail {

namespace {

/// Whether result element i depends on element i of each operand alone.
bool is_elementwise(const Apply& apply)
{
    if (is_pointwise(apply.op())) return true;
    const auto* composite = std::get_if<Composite>(&apply.op().lowering);
    if (!composite) return false;
    const Shape shape = apply.output().shape();
    for (const Variable& in : apply.inputs())
        if (!same(in.shape(), shape)) return false;
    // Its expression over fresh inputs, so that nothing above the Apply is looked at.
    Variables x;
    for (const Variable& in : apply.inputs())
        x.push_back(input("", in.dtype(), shape));
    const Variable y = composite->expand({apply.params().get(), x});
    double value = 0;
    return std::ranges::all_of(applies_of(std::span(&y, 1)), [&](const Apply& a) {
        return is_pointwise(a.op()) || uniform_value(a.output(), value);
    });
}

/// Moves or adds elements, so that its gradient of a mask tells where the mask came from.
bool transports_mask(const Op& op)
{
    return std::visit(overloaded{
                          [](const IndexMap&) { return true; },
                          [](const Gather&) { return true; },
                          [](const Scatter&) { return true; },
                          [](const Prefix& p) { return p.monoid == Monoid::sum; },
                          [](const auto&) { return false; },
                      },
                      op.lowering);
}

} // namespace

bool uses_mask(const Apply& apply)
{
    return &apply.op() != &where_op && &apply.op() != &cast_op && is_elementwise(apply);
}

Variable cut_to_mask(const Apply& apply,
                     const Variable& x_bar,
                     const Variable& y_bar,
                     const Variable& y_mask)
{
    if (y_mask.is_empty() || same(x_bar, y_bar) || !uses_mask(apply)) return x_bar;
    return where(y_mask, x_bar, zeros_like(x_bar));
}

InputMasks::InputMasks(const Apply& apply,
                       Variable y_mask,
                       std::string_view function,
                       const Location* place)
    : apply_(apply), y_mask_(std::move(y_mask)), function_(function), place_(place)
{}

Variable InputMasks::of(std::size_t i)
{
    if (&apply_.op() == &where_op) {
        const Variable& c = apply_.input(0);
        const Variable taken = i == 1 ? c : !c;
        return y_mask_.is_empty() ? taken : y_mask_ && taken;
    }
    if (y_mask_.is_empty()) return {};
    const Variable& x = apply_.input(i);
    if (is_elementwise(apply_)) return y_mask_;
    if (std::holds_alternative<Reduce>(apply_.op().lowering)) {
        Shape ones = x.shape();
        for (int axis : apply_.params_as<ReduceParams>().axes)
            ones[static_cast<std::size_t>(axis)] = 1;
        return broadcast_to(reshape(y_mask_, ones), x.shape());
    }
    if (transports_mask(apply_.op())) return transported(i);
    // Any element of x may count for any element of the result.
    return y_mask_.rank() == 0 ? broadcast_to(y_mask_, x.shape()) : Variable();
}

Variable InputMasks::transported(std::size_t i)
{
    if (counts_.empty())
        counts_ =
            input_cotangents(apply_, {cast(y_mask_, apply_.output().dtype())}, function_, place_);
    if (counts_[i].is_empty()) return {};
    return counts_[i] != zeros_like(counts_[i]);
}

Variable either_mask(const Variable& a, const Variable& b)
{
    if (a.is_empty() || b.is_empty()) return {};
    return same(a, b) ? a : a || b;
}

} // namespace croton::inline v1::detail
