#include <croton/ir/build.hpp>
#include <croton/ir/ops/rounding.hpp>

#include <cmath>

namespace croton::inline v1 {

namespace {

/// A rounding function's reference: floats by `round`, integers as they are.
template <double (*round)(double)>
constexpr ScalarReference rounding_reference()
{
    return reference_of<1>([](auto x) {
        if constexpr (std::floating_point<decltype(x)>)
            return round(x);
        else
            return x;
    });
}

} // namespace

constexpr Op floor_op{
    .name = "floor",
    .doc = "The largest integer <= x.",
    .dtype = promote_operands,
    .shape = same_shape,
    .lowering = Pointwise{.real = "floor_{t}({a})", .integer = "{a}", .boolean = "{a}"},
    .reference = rounding_reference<std::floor>(),
    .grad = not_differentiable("floor is piecewise constant; round_through(x) has that of x, "
                               "stop_gradient(floor(x)) none"),
    .domain = {-4, 4},
};
Variable floor(const Variable& x, Where where) { return apply(floor_op, {x}, {}, where); }

constexpr Op ceil_op{
    .name = "ceil",
    .doc = "The smallest integer >= x.",
    .dtype = promote_operands,
    .shape = same_shape,
    .lowering = Pointwise{.real = "ceil_{t}({a})", .integer = "{a}", .boolean = "{a}"},
    .reference = rounding_reference<std::ceil>(),
    .grad = not_differentiable("ceil is piecewise constant; round_through(x) has that of x, "
                               "stop_gradient(ceil(x)) none"),
    .domain = {-4, 4},
};
Variable ceil(const Variable& x, Where where) { return apply(ceil_op, {x}, {}, where); }

constexpr Op trunc_op{
    .name = "trunc",
    .doc = "x without its fraction: the nearest integer towards 0.",
    .dtype = promote_operands,
    .shape = same_shape,
    .lowering = Pointwise{.real = "trunc_{t}({a})", .integer = "{a}", .boolean = "{a}"},
    .reference = rounding_reference<std::trunc>(),
    .grad = not_differentiable("trunc is piecewise constant; round_through(x) has that of x, "
                               "stop_gradient(trunc(x)) none"),
    .domain = {-4, 4},
};
Variable trunc(const Variable& x, Where where) { return apply(trunc_op, {x}, {}, where); }

constexpr Op round_op{
    .name = "round",
    .doc = "The nearest integer; of two the even one, as NumPy.",
    .dtype = promote_operands,
    .shape = same_shape,
    .lowering = Pointwise{.real = "rint_{t}({a})", .integer = "{a}", .boolean = "{a}"},
    .reference = rounding_reference<std::rint>(),
    .grad = not_differentiable("round is piecewise constant; round_through(x) has that of x, "
                               "stop_gradient(round(x)) none"),
    .domain = {-4, 4},
};
Variable round(const Variable& x, Where where) { return apply(round_op, {x}, {}, where); }

constexpr Op round_through_op{
    .name = "round_through",
    .doc = "round(x), whose gradient is that of x: straight-through, for quantised training.",
    .dtype = promote_operands,
    .shape = same_shape,
    .lowering = Pointwise{.real = "rint_{t}({a})", .integer = "{a}", .boolean = "{a}"},
    .reference = rounding_reference<std::rint>(),
    .grad = [](const UnaryGrad& g) { return g.y_bar; },
    .domain = {-4, 4},
};
Variable round_through(const Variable& x, Where where)
{
    return apply(round_through_op, {x}, {}, where);
}

constexpr Op stop_gradient_op{
    .name = "stop_gradient",
    .doc = "x itself, through which no gradient flows.",
    .dtype = promote_operands,
    .shape = same_shape,
    .lowering = Pointwise{"{a}"},
    .reference = reference_of<1>([](auto x) { return x; }),
    .grad = StopsGradient{},
};
Variable stop_gradient(const Variable& x, Where where)
{
    return apply(stop_gradient_op, {x}, {}, where);
}

std::span<const Op* const> rounding_ops()
{
    static constexpr const Op* ops[] = {
        &floor_op, &ceil_op, &trunc_op, &round_op, &round_through_op, &stop_gradient_op,
    };
    return ops;
}

} // namespace croton::inline v1
