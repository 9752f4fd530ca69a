#include <croton/ir/ops/arithmetic.hpp>

#include <croton/ir/build.hpp>

#include "scalar_reference.hpp"

namespace croton::inline v1 {

namespace {

/// The user's line of an operator with two operands: the right one's conversion is nearer to it.
Variable binary(const Op& op, const Operand& a, const Operand& b)
{
    const Variable operands[] = {a.v, b.v};
    return apply(op, operands, {}, locate(a.where));
}

constexpr Op add_op{
    .name = "add",
    .doc = "a + b.",
    .dtype = promote_numbers,
    .shape = same_shape,
    .lowering = Pointwise{.real = "{a} + {b}", .integer = "add_{t}({a}, {b})"},
    .reference = reference_of<2>([](auto a, auto b) { return reference::add(a, b); }),
    .grad = [](const BinaryGrad& g) -> std::array<Variable, 2> { return {g.y_bar, g.y_bar}; },
    .arity = 2,
    .commutative = true,
};

constexpr Op sub_op{
    .name = "sub",
    .doc = "a - b.",
    .dtype = promote_numbers,
    .shape = same_shape,
    .lowering = Pointwise{.real = "{a} - {b}", .integer = "sub_{t}({a}, {b})"},
    .reference = reference_of<2>([](auto a, auto b) { return reference::sub(a, b); }),
    .grad = [](const BinaryGrad& g) -> std::array<Variable, 2> { return {g.y_bar, -g.y_bar}; },
    .arity = 2,
};

constexpr Op mul_op{
    .name = "mul",
    .doc = "a * b.",
    .dtype = promote_numbers,
    .shape = same_shape,
    .lowering = Pointwise{.real = "{a} * {b}", .integer = "mul_{t}({a}, {b})"},
    .reference = reference_of<2>([](auto a, auto b) { return reference::mul(a, b); }),
    .grad = [](const BinaryGrad& g) -> std::array<Variable, 2> {
        return {g.y_bar * g.b, g.y_bar * g.a};
    },
    .arity = 2,
    .commutative = true,
};

constexpr Op div_op{
    .name = "div",
    .doc = "a / b, in floats; integers are converted first.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{"{a} / {b}"},
    .reference = reference_of<2>([](std::floating_point auto a, auto b) { return a / b; }),
    .grad = [](const BinaryGrad& g) -> std::array<Variable, 2> {
        const Variable a_bar = g.y_bar / g.b;
        return {a_bar, -a_bar * g.y};
    },
    .domain = {0.25, 4},
    .arity = 2,
};

constexpr Op neg_op{
    .name = "neg",
    .doc = "-x.",
    .dtype = promote_numbers,
    .shape = same_shape,
    .lowering = Pointwise{.real = "-{a}", .integer = "neg_{t}({a})"},
    .reference = reference_of<1>([](auto x) { return reference::neg(x); }),
    .grad = [](const UnaryGrad& g) { return -g.y_bar; },
};

} // namespace

Variable operator+(const Operand& a, const Operand& b) { return binary(add_op, a, b); }
Variable operator-(const Operand& a, const Operand& b) { return binary(sub_op, a, b); }
Variable operator*(const Operand& a, const Operand& b) { return binary(mul_op, a, b); }
Variable operator/(const Operand& a, const Operand& b) { return binary(div_op, a, b); }
Variable operator-(const Operand& x) { return apply(neg_op, std::span(&x.v, 1), {}, locate(x.where)); }

std::span<const Op* const> arithmetic_ops()
{
    static constexpr const Op* ops[] = {&add_op, &sub_op, &mul_op, &div_op, &neg_op};
    return ops;
}

} // namespace croton::inline v1
