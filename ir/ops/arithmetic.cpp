#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/compare_logic.hpp>
#include <croton/ir/ops/elementwise_math.hpp>
#include <croton/ir/ops/rounding.hpp>

#include <cmath>

#include "apply_operator.hpp"
#include "scalar_reference.hpp"

namespace croton::inline v1 {

constexpr Op add_op{
    .name = "add",
    .doc = "a + b.",
    .dtype = promote_numbers,
    .shape = same_shape,
    .lowering =
        Pointwise{.real = "{a} + {b}", .integer = "add_{t}({a}, {b})", .finite_slopes = true},
    .reference = reference_of<2>([](auto a, auto b) { return reference::add(a, b); }),
    .grad = [](const BinaryGrad& g) -> std::array<Variable, 2> { return {g.y_bar, g.y_bar}; },
    .arity = 2,
    .commutative = true,
};
Variable operator+(const Operand& a, const Operand& b)
{
    return detail::apply_operator(add_op, a, b);
}

constexpr Op sub_op{
    .name = "sub",
    .doc = "a - b.",
    .dtype = promote_numbers,
    .shape = same_shape,
    .lowering =
        Pointwise{.real = "{a} - {b}", .integer = "sub_{t}({a}, {b})", .finite_slopes = true},
    .reference = reference_of<2>([](auto a, auto b) { return reference::sub(a, b); }),
    .grad = [](const BinaryGrad& g) -> std::array<Variable, 2> { return {g.y_bar, -g.y_bar}; },
    .arity = 2,
};
Variable operator-(const Operand& a, const Operand& b)
{
    return detail::apply_operator(sub_op, a, b);
}

constexpr Op mul_op{
    .name = "mul",
    .doc = "a * b.",
    .dtype = promote_numbers,
    .shape = same_shape,
    .lowering =
        Pointwise{.real = "{a} * {b}", .integer = "mul_{t}({a}, {b})", .finite_slopes = true},
    .reference = reference_of<2>([](auto a, auto b) { return reference::mul(a, b); }),
    .grad = [](const BinaryGrad& g) -> std::array<Variable, 2> {
        return {g.y_bar * g.b, g.y_bar * g.a};
    },
    .arity = 2,
    .commutative = true,
};
Variable operator*(const Operand& a, const Operand& b)
{
    return detail::apply_operator(mul_op, a, b);
}

/// As NumPy: no quotient of integers is less than f64.
void quotient_dtypes(DTypeArgs& args)
{
    promote_operands(args);
    if (is_float(args.result)) return;
    for (OperandDType& operand : args.operands)
        operand.dtype = DType::f64;
    args.result = DType::f64;
}

constexpr Op div_op{
    .name = "div",
    .doc = "a / b, in floats; integers and bool are converted to f64 first, small ones too.",
    .dtype = quotient_dtypes,
    .shape = same_shape,
    .lowering = Pointwise{.real = "{a} / {b}", .finite_slopes = true},
    .reference = reference_of<2>([](std::floating_point auto a, auto b) { return a / b; }),
    .grad = [](const BinaryGrad& g) -> std::array<Variable, 2> {
        const Variable a_bar = g.y_bar / g.b;
        return {a_bar, -a_bar * g.y};
    },
    .domain = {0.25, 4},
    .arity = 2,
};
Variable operator/(const Operand& a, const Operand& b)
{
    return detail::apply_operator(div_op, a, b);
}

constexpr Op neg_op{
    .name = "neg",
    .doc = "-x.",
    .dtype = promote_numbers,
    .shape = same_shape,
    .lowering = Pointwise{.real = "-{a}", .integer = "neg_{t}({a})", .finite_slopes = true},
    .reference = reference_of<1>([](auto x) { return reference::neg(x); }),
    .grad = [](const UnaryGrad& g) { return -g.y_bar; },
};
Variable operator-(const Operand& x) { return detail::apply_operator(neg_op, x); }

constexpr Op floor_div_op{
    .name = "floor_div",
    .doc =
        "a / b rounded towards minus infinity. Integers: by 0 it is 0, the smallest by -1 wraps; "
        "floats as NumPy's floor_divide.",
    .dtype = promote_numbers,
    .shape = same_shape,
    .lowering = Pointwise{"floor_div_{t}({a}, {b})"},
    .reference = reference_of<2>([](auto a, auto b) { return reference::floor_div(a, b); }),
    .grad = not_differentiable("floor_div is piecewise constant; a / b has a gradient"),
    .domain = {-4, 4},
    .arity = 2,
};
Variable floor_div(const Variable& a, const Variable& b, Where where)
{
    return apply(floor_div_op, {a, b}, {}, where);
}

constexpr Op mod_op{
    .name = "mod",
    .doc = "a - floor_div(a, b) * b: the remainder with the sign of b. Integers: by 0 it is 0; "
           "floats as NumPy's remainder, NaN where b is 0 or a infinite.",
    .dtype = promote_numbers,
    .shape = same_shape,
    .lowering = Pointwise{"mod_{t}({a}, {b})"},
    .reference = reference_of<2>([](auto a, auto b) { return reference::mod(a, b); }),
    .grad = [](const BinaryGrad& g) -> std::array<Variable, 2> {
        return {g.y_bar, -g.y_bar * stop_gradient(floor_div(g.a, g.b))};
    },
    .domain = {-4, 4},
    .arity = 2,
};
Variable operator%(const Operand& a, const Operand& b)
{
    return detail::apply_operator(mod_op, a, b);
}

constexpr Op abs_op{
    .name = "abs",
    .doc = "|x|; the smallest integer is its own. The gradient at 0 is 0.",
    .dtype = promote_operands,
    .shape = same_shape,
    .lowering = Pointwise{.real = "abs_{t}({a})", .boolean = "{a}", .finite_slopes = true},
    .reference = reference_of<1>([](auto x) { return reference::abs(x); }),
    .grad = [](const UnaryGrad& g) { return g.y_bar * stop_gradient(sign(g.x)); },
};
Variable abs(const Variable& x, Where where) { return apply(abs_op, {x}, {}, where); }

constexpr Op sign_op{
    .name = "sign",
    .doc = "-1, 0 or 1; NaN stays NaN, and -0 becomes 0.",
    .dtype = promote_numbers,
    .shape = same_shape,
    .lowering = Pointwise{"sign_{t}({a})"},
    .reference = reference_of<1>([](auto x) { return reference::sign(x); }),
    .grad =
        not_differentiable("sign is piecewise constant; tanh(k * x) is near it and has a gradient"),
};
Variable sign(const Variable& x, Where where) { return apply(sign_op, {x}, {}, where); }

constexpr Op square_op{
    .name = "square",
    .doc = "x * x.",
    .dtype = promote_numbers,
    .shape = same_shape,
    .lowering = Pointwise{.real = "square_{t}({a})", .finite_slopes = true},
    .reference = reference_of<1>([](auto x) { return reference::mul(x, x); }),
    .grad = [](const UnaryGrad& g) { return g.y_bar * (2 * g.x); },
};
Variable square(const Variable& x, Where where) { return apply(square_op, {x}, {}, where); }

constexpr Op sqrt_op{
    .name = "sqrt",
    .doc = "Square root. NaN below 0, but sqrt(-0) is -0.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{"sqrt_{t}({a})"},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::sqrt(x); }),
    .grad = [](const UnaryGrad& g) { return 0.5 * g.y_bar / g.y; },
    .domain = {0.01, 10},
};
Variable sqrt(const Variable& x, Where where) { return apply(sqrt_op, {x}, {}, where); }

constexpr Op rsqrt_op{
    .name = "rsqrt",
    .doc = "1 / sqrt(x). inf at 0, NaN below.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{"rsqrt_{t}({a})"},
    .reference = reference_of<1>([](std::floating_point auto x) { return 1 / std::sqrt(x); }),
    .grad = [](const UnaryGrad& g) { return -0.5 * g.y_bar * (g.y * square(g.y)); },
    .domain = {0.1, 10},
};
Variable rsqrt(const Variable& x, Where where) { return apply(rsqrt_op, {x}, {}, where); }

namespace {

/// b * a^(b-1), where b is the same for all elements: no power is left for the common small ones.
Variable constant_power_slope(const Variable& a, double b)
{
    if (b == 0) return zeros_like(a);
    if (b == 1) return ones_like(a);
    if (b == 2) return 2 * a;
    return b * pow(a, b - 1);
}

std::array<Variable, 2> pow_grad(const BinaryGrad& g)
{
    // 0 where b is 0 and a^-1 infinite, base 1 instead of one without a logarithm: no side is a NaN
    // or infinity that a zero then multiplies.
    double b = 0;
    Variable slope;
    if (uniform_value(g.b, b))
        slope = constant_power_slope(g.a, b);
    else {
        const Variable power = pow(g.a, g.b - 1);
        slope = where(g.b == 0 && isinf(power), 0, g.b * power);
    }
    const Variable no_log = g.a <= 0;
    return {g.y_bar * slope, g.y_bar * where(no_log, 0, g.y) * log(where(no_log, 1, g.a))};
}

} // namespace

constexpr Op pow_op{
    .name = "pow",
    .doc = "a to the power b. Floats as C's pow; integers wrap, a negative power of one is "
           "that of the fraction, rounded towards 0. The gradient by b is 0 where a <= 0.",
    .dtype = promote_numbers,
    .shape = same_shape,
    .lowering = Pointwise{"pow_{t}({a}, {b})"},
    .reference = reference_of<2>([](auto a, auto b) { return reference::pow(a, b); }),
    .grad = pow_grad,
    .domain = {0.25, 4},
    .arity = 2,
};
Variable pow(const Variable& a, const Variable& b, Where where)
{
    double power = 0;
    const bool negative = !b.is_empty() && b.leaf() == Leaf::constant && is_integer(b.dtype()) &&
                          uniform_value(b, power) && power < 0;
    if (negative && !a.is_empty() && !a.type().is_pattern() && is_integer(a.dtype()))
        throw user_error(Code::domain, locate(where), "pow",
                         "an integer to a negative integer power, convert with .as(): {} and {}",
                         name(a.dtype()), power);
    return apply(pow_op, {a, b}, {}, where);
}

namespace {

/// Cotangents of the larger (smaller) of two: equal ones get half each, as in JAX.
std::array<Variable, 2> extremum_grad(const BinaryGrad& g, const Variable& first_wins)
{
    const Variable tie = g.a == g.b;
    const Variable half = 0.5 * g.y_bar;
    return {where(first_wins, g.y_bar, where(tie, half, 0)),
            where(first_wins, 0, where(tie, half, g.y_bar))};
}

} // namespace

constexpr Op maximum_op{
    .name = "maximum",
    .doc = "The larger of a and b, NaN if either is. Of equal ones each gets half of the gradient, "
           "where relu's at 0 is 0.",
    .dtype = promote_operands,
    .shape = same_shape,
    .lowering =
        Pointwise{.real = "max_{t}({a}, {b})", .boolean = "{a} | {b}", .finite_slopes = true},
    .reference = reference_of<2>([](auto a, auto b) { return a != a || a > b ? a : b; }),
    .grad = [](const BinaryGrad& g) { return extremum_grad(g, g.a > g.b); },
    .arity = 2,
    .commutative = true,
};
Variable maximum(const Variable& a, const Variable& b, Where where)
{
    return apply(maximum_op, {a, b}, {}, where);
}
Variable max(const Variable& a, const Variable& b, Where where) { return maximum(a, b, where); }

constexpr Op minimum_op{
    .name = "minimum",
    .doc =
        "The smaller of a and b, NaN if either is. Of equal ones each gets half of the gradient.",
    .dtype = promote_operands,
    .shape = same_shape,
    .lowering =
        Pointwise{.real = "min_{t}({a}, {b})", .boolean = "{a} & {b}", .finite_slopes = true},
    .reference = reference_of<2>([](auto a, auto b) { return a != a || a < b ? a : b; }),
    .grad = [](const BinaryGrad& g) { return extremum_grad(g, g.a < g.b); },
    .arity = 2,
    .commutative = true,
};
Variable minimum(const Variable& a, const Variable& b, Where where)
{
    return apply(minimum_op, {a, b}, {}, where);
}
Variable min(const Variable& a, const Variable& b, Where where) { return minimum(a, b, where); }

constexpr Op clip_op{
    .name = "clip",
    .doc =
        "minimum(maximum(a, b), c): a within [b, c]. The gradient is a's within and on the bounds, "
        "outside it is the bound's.",
    .dtype = promote_operands,
    .shape = same_shape,
    .lowering = Pointwise{.real = "min_{t}(max_{t}({a}, {b}), {c})",
                          .boolean = "({a} | {b}) & {c}",
                          .finite_slopes = true},
    .reference = reference_of<3>([](auto x, auto lo, auto hi) {
        const auto y = x != x || x > lo ? x : lo;
        return y != y || y < hi ? y : hi;
    }),
    .grad = [](const GeneralGrad& g) -> Variables {
        const Variable &x = g.x[0], &lo = g.x[1], &hi = g.x[2], &y_bar = g.y_bar[0];
        const Variable below = (x < lo) && (lo <= hi);
        const Variable above = (x > hi) || (lo > hi);
        return {where(below || above, 0, y_bar), where(below, y_bar, 0), where(above, y_bar, 0)};
    },
    .arity = 3,
};
Variable clip(const Variable& x, const Variable& lo, const Variable& hi, Where where)
{
    return apply(clip_op, {x, lo, hi}, {}, where);
}

std::span<const Op* const> arithmetic_ops()
{
    static constexpr const Op* ops[] = {
        &add_op,  &sub_op,    &mul_op,  &div_op,   &neg_op, &floor_div_op, &mod_op,     &abs_op,
        &sign_op, &square_op, &sqrt_op, &rsqrt_op, &pow_op, &maximum_op,   &minimum_op, &clip_op,
    };
    return ops;
}

} // namespace croton::inline v1
