#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/compare_logic.hpp>
#include <croton/ir/ops/prefix.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/reference.hpp>

#include "param_checks.hpp"

namespace croton::inline v1 {

namespace {

/// x_bar[i] = sum over k >= i of y_bar[k] y[k] / x[i]. At the first zero z of a line the quotient
/// is the running product with a 1 in its place; behind it every product holds the zero, so x_bar
/// is 0.
Variables cumprod_grad(const GeneralGrad& g)
{
    const auto& p = g.params_as<PrefixParams>();
    const Variable& x = g.x[0];
    const Variable& y_bar = g.y_bar[0];
    const auto from_here = [&](const Variable& v) { return cumsum(v, p.axis, !p.reverse); };
    const Variable zero = x == 0;
    const Variable zeros = cumsum(zero, p.axis, p.reverse);
    const Variable first = zero && zeros == 1;
    const Variable before = from_here(y_bar * g.y[0]) / where(zero, 1, x);
    const Variable patched = cumprod(where(first, 1, x), p.axis, p.reverse);
    // Only products that hold the first zero count, and from it on they all do.
    const Variable at = from_here(y_bar * patched);
    return {where(zeros == 0, before, where(first, at, 0))};
}

Shape prefix_shape(ShapeArgs& args)
{
    detail::check_axis(args, args.params_as<PrefixParams>().axis, args.shape(0).size());
    return args.shape(0);
}

constexpr Op cumsum_op{
    .name = "cumsum",
    .doc = "Running sum along an axis: y[k] = x[0] + .. + x[k]; from the other end if `reverse`.",
    .dtype = widen_sum,
    .shape = prefix_shape,
    .lowering = Prefix{Monoid::sum},
    .reference = reference::prefix<Monoid::sum>,
    .grad = [](const GeneralGrad& g) -> Variables {
        const auto& p = g.params_as<PrefixParams>();
        return {cumsum(g.y_bar[0], p.axis, !p.reverse)};
    },
    .params = create_params<PrefixParams>,
};

constexpr Op cumprod_op{
    .name = "cumprod",
    .doc =
        "Running product along an axis: y[k] = x[0] * .. * x[k]; from the other end if `reverse`.",
    .dtype = widen_sum,
    .shape = prefix_shape,
    .lowering = Prefix{Monoid::prod},
    .reference = reference::prefix<Monoid::prod>,
    .grad = cumprod_grad,
    .params = create_params<PrefixParams>,
};

Variable
prefix(const Op& op, const Variable& x, const Axis& axis, bool reverse, const Location* where)
{
    const PrefixParams params{single_axis(axis, x, op.name, where), reverse};
    return apply(op, std::span(&x, 1), make_params(params), where);
}

} // namespace

Variable cumsum(const Variable& x, const Axis& axis, bool reverse, Where where)
{
    refuse_empty("cumsum", where, {&x});
    return prefix(cumsum_op, x, axis, reverse, locate(where));
}
Variable cumprod(const Variable& x, const Axis& axis, bool reverse, Where where)
{
    refuse_empty("cumprod", where, {&x});
    return prefix(cumprod_op, x, axis, reverse, locate(where));
}

std::span<const Op* const> prefix_ops()
{
    static constexpr const Op* ops[] = {&cumsum_op, &cumprod_op};
    return ops;
}

} // namespace croton::inline v1
