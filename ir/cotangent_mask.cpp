#include "cotangent_mask.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/ops/compare_logic.hpp>
#include <croton/ir/ops/prefix.hpp>
#include <croton/ir/ops/reduce.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/overloaded.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <unordered_map>

#include "mask_algebra.hpp"

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
    const Variable y = composite->values({apply.params().get(), x})[0];
    double value = 0;
    return std::ranges::all_of(applies_of(std::span(&y, 1)), [&](const Apply& a) {
        return is_pointwise(a.op()) || uniform_value(a.output(), value);
    });
}

/// Whether a mask can be taken to the op's inputs without their values: an expansion is made of
/// stand-ins, whose values must not get into a mask.
bool keeps_apart(const Op& op)
{
    return &op != &where_op && !std::holds_alternative<Gather>(op.lowering) &&
           !std::holds_alternative<Scatter>(op.lowering) && !has_body(op.lowering);
}

} // namespace

bool uses_mask(const Apply& apply)
{
    if (&apply.op() == &where_op || &apply.op() == &cast_op) return false;
    return std::visit(overloaded{
                          [](const Pointwise&) { return true; },
                          [](const Composite&) { return true; },
                          [](const Contract&) { return true; },
                          [](const Scan&) { return true; },
                          [](const Switch&) { return true; },
                          [](const Reduce& r) { return r.monoid == Monoid::prod; },
                          [](const Prefix& p) { return p.monoid == Monoid::prod; },
                          [](const auto&) { return false; },
                      },
                      apply.op().lowering);
}

InputMasks::InputMasks(const Apply& apply,
                       Variable y_mask,
                       std::string_view function,
                       const Location* place)
    : apply_(apply), y_mask_(std::move(y_mask)), function_(function), place_(place),
      found_(apply.inputs().size())
{}

Variable InputMasks::of(std::size_t i)
{
    if (!found_[i]) found_[i] = find(i);
    return *found_[i];
}

Variable InputMasks::cut(std::size_t i, const Variable& x_bar, const Variable& y_bar)
{
    if (y_mask_.is_empty() || same(x_bar, y_bar) || !uses_mask(apply_)) return x_bar;
    const Variable mask = of(i);
    return mask.is_empty() ? x_bar : where(mask, x_bar, zeros_like(x_bar));
}

bool InputMasks::adds_products() const
{
    // Where the mask is the same everywhere, so is that of the inputs, and the cut is enough.
    if (y_mask_.is_empty() || unbroadcast(y_mask_).rank() == 0) return false;
    const auto* prefix = std::get_if<Prefix>(&apply_.op().lowering);
    return std::holds_alternative<Contract>(apply_.op().lowering) ||
           (prefix && prefix->monoid == Monoid::prod);
}

Variables InputMasks::inputs()
{
    Variables xs(apply_.inputs().begin(), apply_.inputs().end());
    if (!adds_products()) return xs;
    for (std::size_t i = 0; i < xs.size(); ++i)
        if (const Variable mask = of(i); !mask.is_empty())
            xs[i] = where(mask, xs[i], ones_like(xs[i]));
    return xs;
}

Variables InputMasks::outputs()
{
    Variables ys = apply_.outputs();
    // Of a running product's results only those in front of a selected one count.
    if (adds_products() && std::holds_alternative<Prefix>(apply_.op().lowering))
        ys[0] = where(of(0), ys[0], ones_like(ys[0]));
    return ys;
}

Variable InputMasks::find(std::size_t i)
{
    if (&apply_.op() == &where_op) {
        const Variable& c = apply_.input(0);
        const Variable taken = i == 1 ? c : opposite_mask(c);
        return y_mask_.is_empty() ? taken : y_mask_ && taken;
    }
    if (y_mask_.is_empty()) return {};
    const Variable& x = apply_.input(i);
    if (is_elementwise(apply_)) return y_mask_;
    // Any element of x may count for any element of the result.
    if (const Variable one = unbroadcast(y_mask_); one.rank() == 0)
        return broadcast_to(one, x.shape());
    return std::visit(overloaded{
                          [&](const IndexMap&) { return transported(i); },
                          [&](const Gather&) { return transported(i); },
                          [&](const Scatter&) { return transported(i); },
                          [&](const Prefix&) {
                              const auto& p = apply_.params_as<PrefixParams>();
                              return cumsum(y_mask_, p.axis, !p.reverse) != 0;
                          },
                          [&](const Reduce&) {
                              return spread(y_mask_, x.shape(),
                                            apply_.params_as<ReduceParams>().axes);
                          },
                          [&](const Contract&) { return contracted(i); },
                          [&](const Composite&) { return through_expansion(i); },
                          [](const auto&) { return Variable(); },
                      },
                      apply_.op().lowering);
}

Variable InputMasks::transported(std::size_t i)
{
    if (counts_.empty())
        counts_ =
            input_cotangents(apply_, {cast(y_mask_, apply_.output().dtype())}, function_, place_);
    if (counts_[i].is_empty()) return {};
    return counts_[i] != zeros_like(counts_[i]);
}

/// An element counts if any product with it does.
Variable InputMasks::contracted(std::size_t i)
{
    const auto& p = apply_.params_as<ContractParams>();
    const Variable& x = apply_.input(i);
    const std::vector<int>& batch = i == 0 ? p.a_batch : p.b_batch;
    const std::vector<int>& summed = i == 0 ? p.a_sum : p.b_sum;
    const int shared = static_cast<int>(batch.size());
    const int own = x.rank() - shared - static_cast<int>(summed.size());
    const int result_rank = apply_.output().rank();
    // The result's axes: the shared ones, a's own, b's own.
    const int first = i == 0 ? shared : result_rank - own;
    std::vector<int> others;
    for (int axis = shared; axis < result_rank; ++axis)
        if (axis < first || axis >= first + own) others.push_back(axis);
    const Variable some = any_along(y_mask_, others);
    if (some.is_empty()) return {};
    std::vector<int> order; // for each axis of x that is not summed, the axis of `some`
    int next = shared;
    for (int axis = 0; axis < x.rank(); ++axis) {
        if (std::ranges::count(summed, axis)) continue;
        const auto at = std::ranges::find(batch, axis);
        order.push_back(at != batch.end() ? static_cast<int>(at - batch.begin()) : next++);
    }
    return spread(std::ranges::is_sorted(order) ? some : transpose(some, order), x.shape(), summed);
}

Variable InputMasks::through_expansion(std::size_t i)
{
    if (!expansion_.empty()) return expansion_[i];
    Variables x;
    for (const Variable& in : apply_.inputs())
        x.push_back(input("", in.dtype(), in.shape()));
    const Variable y =
        std::get<Composite>(apply_.op().lowering).values({apply_.params().get(), x})[0];
    std::unordered_map<const Value*, Variable> masks{{y.value(), y_mask_}};
    const std::vector<Apply> applies = applies_of(std::span(&y, 1));
    for (auto apply = applies.rbegin(); apply != applies.rend(); ++apply) {
        const auto reached = masks.find(apply->output().value());
        if (reached == masks.end()) continue;
        const Variable mask = reached->second;
        InputMasks inner(*apply, mask, function_, place_);
        for (std::size_t k = 0; k < apply->inputs().size(); ++k) {
            const Variable& in = apply->input(k);
            if (!is_float(in.dtype())) continue;
            const Variable one = keeps_apart(apply->op()) ? inner.of(k) : Variable();
            const Variable passed = &apply->op() == &where_op ? mask : one;
            const auto [at, fresh] = masks.try_emplace(in.value(), passed);
            if (!fresh) at->second = either_mask(at->second, passed);
        }
    }
    for (const Variable& in : x)
        expansion_.push_back(masks.contains(in.value()) ? masks.at(in.value()) : Variable());
    return expansion_[i];
}

} // namespace croton::inline v1::detail
