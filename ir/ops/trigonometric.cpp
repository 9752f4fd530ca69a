#include <croton/ir/build.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/trigonometric.hpp>

#include <cmath>

namespace croton::inline v1 {

constexpr Op sin_op{
    .name = "sin",
    .doc = "Sine. NaN at infinity.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{.real = "sin_{t}({a})", .finite_slopes = true},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::sin(x); }),
    .grad = [](const UnaryGrad& g) { return g.y_bar * cos(g.x); },
    .domain = {-8, 8},
};
Variable sin(const Variable& x, Where where) { return apply(sin_op, {x}, {}, where); }

constexpr Op cos_op{
    .name = "cos",
    .doc = "Cosine. NaN at infinity.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{.real = "cos_{t}({a})", .finite_slopes = true},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::cos(x); }),
    .grad = [](const UnaryGrad& g) { return -g.y_bar * sin(g.x); },
    .domain = {-8, 8},
};
Variable cos(const Variable& x, Where where) { return apply(cos_op, {x}, {}, where); }

constexpr Op tan_op{
    .name = "tan",
    .doc = "Tangent. NaN at infinity.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{"tan_{t}({a})"},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::tan(x); }),
    .grad = [](const UnaryGrad& g) { return g.y_bar * (1 + square(g.y)); },
    .domain = {-1.2, 1.2},
};
Variable tan(const Variable& x, Where where) { return apply(tan_op, {x}, {}, where); }

constexpr Op asin_op{
    .name = "asin",
    .doc = "Inverse sine, in [-pi/2, pi/2]. NaN where |x| > 1.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{"asin_{t}({a})"},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::asin(x); }),
    // (1 - x) * (1 + x) keeps the digits that 1 - x*x cancels near |x| = 1.
    .grad = [](const UnaryGrad& g) { return g.y_bar * rsqrt((1 - g.x) * (1 + g.x)); },
    .domain = {-0.99, 0.99},
};
Variable asin(const Variable& x, Where where) { return apply(asin_op, {x}, {}, where); }

constexpr Op acos_op{
    .name = "acos",
    .doc = "Inverse cosine, in [0, pi]. NaN where |x| > 1.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{"acos_{t}({a})"},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::acos(x); }),
    .grad = [](const UnaryGrad& g) { return -g.y_bar * rsqrt((1 - g.x) * (1 + g.x)); },
    .domain = {-0.99, 0.99},
};
Variable acos(const Variable& x, Where where) { return apply(acos_op, {x}, {}, where); }

constexpr Op atan_op{
    .name = "atan",
    .doc = "Inverse tangent, in [-pi/2, pi/2].",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{.real = "atan_{t}({a})", .finite_slopes = true},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::atan(x); }),
    .grad = [](const UnaryGrad& g) { return g.y_bar / (1 + square(g.x)); },
    .domain = {-8, 8},
};
Variable atan(const Variable& x, Where where) { return apply(atan_op, {x}, {}, where); }

// [atan2]
constexpr Op atan2_op{
    .name = "atan2",
    .doc = "The angle of the point (b, a), in [-pi, pi]; zeros and infinities as C's atan2. The "
           "gradient at (0, 0) is NaN, but 0 by one of them where the other is the number 0.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{"atan2_{t}({a}, {b})"},
    .reference =
        reference_of<2>([](std::floating_point auto a, auto b) { return std::atan2(a, b); }),
    .grad = [](const BinaryGrad& g) -> std::array<Variable, 2> {
        const Variable scaled = g.y_bar / (square(g.a) + square(g.b));
        return {scaled * g.b, -scaled * g.a};
    },
    .domain = {-4, 4},
    .arity = 2,
};
Variable atan2(const Variable& y, const Variable& x, Where where)
{
    return apply(atan2_op, {y, x}, {}, where);
}
// [/atan2]

constexpr Op sinh_op{
    .name = "sinh",
    .doc = "Hyperbolic sine.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{.real = "sinh_{t}({a})", .finite_slopes = true},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::sinh(x); }),
    .grad = [](const UnaryGrad& g) { return g.y_bar * cosh(g.x); },
    .domain = {-4, 4},
};
Variable sinh(const Variable& x, Where where) { return apply(sinh_op, {x}, {}, where); }

constexpr Op cosh_op{
    .name = "cosh",
    .doc = "Hyperbolic cosine.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{.real = "cosh_{t}({a})", .finite_slopes = true},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::cosh(x); }),
    .grad = [](const UnaryGrad& g) { return g.y_bar * sinh(g.x); },
    .domain = {-4, 4},
};
Variable cosh(const Variable& x, Where where) { return apply(cosh_op, {x}, {}, where); }

constexpr Op tanh_op{
    .name = "tanh",
    .doc = "Hyperbolic tangent.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{.real = "tanh_{t}({a})", .finite_slopes = true},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::tanh(x); }),
    .grad = [](const UnaryGrad& g) { return g.y_bar * (1 - square(g.y)); },
    .domain = {-4, 4},
};
Variable tanh(const Variable& x, Where where) { return apply(tanh_op, {x}, {}, where); }

constexpr Op asinh_op{
    .name = "asinh",
    .doc = "Inverse hyperbolic sine.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{.real = "asinh_{t}({a})", .finite_slopes = true},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::asinh(x); }),
    .grad = [](const UnaryGrad& g) { return g.y_bar * rsqrt(1 + square(g.x)); },
    .domain = {-8, 8},
};
Variable asinh(const Variable& x, Where where) { return apply(asinh_op, {x}, {}, where); }

constexpr Op acosh_op{
    .name = "acosh",
    .doc = "Inverse hyperbolic cosine, >= 0. NaN where x < 1.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{"acosh_{t}({a})"},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::acosh(x); }),
    .grad = [](const UnaryGrad& g) { return g.y_bar * rsqrt((g.x - 1) * (g.x + 1)); },
    .domain = {1.01, 8},
};
Variable acosh(const Variable& x, Where where) { return apply(acosh_op, {x}, {}, where); }

constexpr Op atanh_op{
    .name = "atanh",
    .doc = "Inverse hyperbolic tangent. NaN where |x| > 1.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{"atanh_{t}({a})"},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::atanh(x); }),
    .grad = [](const UnaryGrad& g) { return g.y_bar / ((1 - g.x) * (1 + g.x)); },
    .domain = {-0.99, 0.99},
};
Variable atanh(const Variable& x, Where where) { return apply(atanh_op, {x}, {}, where); }

std::span<const Op* const> trigonometric_ops()
{
    static constexpr const Op* ops[] = {
        &sin_op,  &cos_op,  &tan_op,  &asin_op,  &acos_op,  &atan_op,  &atan2_op,
        &sinh_op, &cosh_op, &tanh_op, &asinh_op, &acosh_op, &atanh_op,
    };
    return ops;
}

} // namespace croton::inline v1
