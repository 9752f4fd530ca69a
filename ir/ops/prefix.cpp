#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/computed_dtype.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/ops/prefix.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/reference.hpp>

#include "ops/delay.hpp"
#include "param_checks.hpp"

namespace croton::inline v1 {

namespace {

/// y[k] = x[0] .. x[k] has by x[i] the derivative x[0] .. x[i-1] times s[i] = y_bar[i] + x[i+1]
/// s[i+1], from the other end if `reverse`: without a division, so that zeros do no harm, in
/// derivatives of any order.
Variables cumprod_grad(const GeneralGrad& g)
{
    const auto& p = g.params_as<PrefixParams>();
    std::vector<int> to_front{p.axis}, back;
    for (int i = 0; i < g.x[0].rank(); ++i)
        if (i != p.axis) to_front.push_back(i);
    for (int i = 0; i < g.x[0].rank(); ++i)
        back.push_back(i < p.axis ? i + 1 : i == p.axis ? 0 : i);
    const DType dtype = computed_dtype(g.x[0].dtype());
    const Variable x = cast(transpose(g.x[0], to_front), dtype);
    const Variable y_bar = cast(transpose(g.y_bar[0], to_front), dtype);
    Shape slice = x.shape();
    slice.erase(slice.begin());
    const Variable before = detail::delay(cumprod(x, 0, p.reverse), ones(dtype, slice), p.reverse);
    const auto step = [](const Variable& x_i, const Variable& bar, const Variable& behind) {
        const Variable s = bar + behind;
        return Step{.state = {x_i * s}, .out = {s}};
    };
    const ScanResult from_here =
        scan(step, {.sequences = {x, y_bar}, .init = {zeros(dtype, slice)}, .reverse = !p.reverse});
    return {cast(transpose(before * from_here.out[0], back), g.x[0].dtype())};
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
