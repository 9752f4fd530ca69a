#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/compare_logic.hpp>

#include <algorithm>
#include <cmath>

#include "apply_operator.hpp"

namespace croton::inline v1 {

namespace {

constexpr NotDifferentiable not_a_number =
    not_differentiable("the result is true or false; where(c, a, b) passes gradients to a and b");
constexpr NotDifferentiable bits_only = not_differentiable("bits of integers have no gradient");

bool is_comparison(const Op& op);

/// Whether `v` is a bool array, as far as its type is known.
bool is_boolean(const Variable& v)
{
    return !v.is_empty() && !v.type().is_pattern() && v.dtype() == DType::boolean;
}

bool is_compared(const Variable& v)
{
    return is_boolean(v) && v.owner() && is_comparison(v.owner().op());
}

/// Comparing results of comparisons is nearly always `0 < x < 1`; equality of two bools is not.
Variable compare(const Op& op, const Operand& a, const Operand& b, bool is_equality)
{
    const bool chained = is_compared(a.v) || is_compared(b.v);
    if (chained && !(is_equality && is_boolean(a.v) && is_boolean(b.v)))
        throw user_error(Code::dtype, locate(a.where), "compare",
                         "a bool from a comparison is compared again (0 < x < 1); "
                         "write (0 < x) && (x < 1)");
    return detail::apply_operator(op, a, b);
}

} // namespace

constexpr Op equal_op{
    .name = "equal",
    .doc = "a == b.",
    .dtype = promote_compare,
    .shape = same_shape,
    .lowering = Pointwise{"{a} == {b}"},
    .reference = reference_of<2>([](auto a, auto b) { return a == b; }),
    .grad = not_a_number,
    .arity = 2,
    .commutative = true,
};
Variable operator==(const Operand& a, const Operand& b) { return compare(equal_op, a, b, true); }

constexpr Op not_equal_op{
    .name = "not_equal",
    .doc = "a != b; true where either is NaN.",
    .dtype = promote_compare,
    .shape = same_shape,
    .lowering = Pointwise{"{a} != {b}"},
    .reference = reference_of<2>([](auto a, auto b) { return a != b; }),
    .grad = not_a_number,
    .arity = 2,
    .commutative = true,
};
Variable operator!=(const Operand& a, const Operand& b)
{
    return compare(not_equal_op, a, b, true);
}

constexpr Op less_op{
    .name = "less",
    .doc = "a < b.",
    .dtype = promote_compare,
    .shape = same_shape,
    .lowering = Pointwise{"{a} < {b}"},
    .reference = reference_of<2>([](auto a, auto b) { return a < b; }),
    .grad = not_a_number,
    .arity = 2,
};
Variable operator<(const Operand& a, const Operand& b) { return compare(less_op, a, b, false); }

constexpr Op less_equal_op{
    .name = "less_equal",
    .doc = "a <= b.",
    .dtype = promote_compare,
    .shape = same_shape,
    .lowering = Pointwise{"{a} <= {b}"},
    .reference = reference_of<2>([](auto a, auto b) { return a <= b; }),
    .grad = not_a_number,
    .arity = 2,
};
Variable operator<=(const Operand& a, const Operand& b)
{
    return compare(less_equal_op, a, b, false);
}

constexpr Op greater_op{
    .name = "greater",
    .doc = "a > b.",
    .dtype = promote_compare,
    .shape = same_shape,
    .lowering = Pointwise{"{a} > {b}"},
    .reference = reference_of<2>([](auto a, auto b) { return a > b; }),
    .grad = not_a_number,
    .arity = 2,
};
Variable operator>(const Operand& a, const Operand& b) { return compare(greater_op, a, b, false); }

constexpr Op greater_equal_op{
    .name = "greater_equal",
    .doc = "a >= b.",
    .dtype = promote_compare,
    .shape = same_shape,
    .lowering = Pointwise{"{a} >= {b}"},
    .reference = reference_of<2>([](auto a, auto b) { return a >= b; }),
    .grad = not_a_number,
    .arity = 2,
};
Variable operator>=(const Operand& a, const Operand& b)
{
    return compare(greater_equal_op, a, b, false);
}

namespace {

bool is_comparison(const Op& op)
{
    static constexpr const Op* comparisons[] = {
        &equal_op, &not_equal_op, &less_op, &less_equal_op, &greater_op, &greater_equal_op,
    };
    return std::ranges::count(comparisons, &op) != 0;
}

} // namespace

constexpr Op logical_and_op{
    .name = "logical_and",
    .doc = "True where both are.",
    .dtype = logical_dtypes,
    .shape = same_shape,
    .lowering = Pointwise{"{a} & {b}"},
    .reference = reference_of<2>([](std::integral auto a, auto b) { return a && b; }),
    .grad = not_a_number,
    .arity = 2,
    .commutative = true,
};
Variable operator&&(const Operand& a, const Operand& b)
{
    return detail::apply_operator(logical_and_op, a, b);
}

constexpr Op logical_or_op{
    .name = "logical_or",
    .doc = "True where either is.",
    .dtype = logical_dtypes,
    .shape = same_shape,
    .lowering = Pointwise{"{a} | {b}"},
    .reference = reference_of<2>([](std::integral auto a, auto b) { return a || b; }),
    .grad = not_a_number,
    .arity = 2,
    .commutative = true,
};
Variable operator||(const Operand& a, const Operand& b)
{
    return detail::apply_operator(logical_or_op, a, b);
}

constexpr Op logical_not_op{
    .name = "logical_not",
    .doc = "True where x is false.",
    .dtype = logical_dtypes,
    .shape = same_shape,
    .lowering = Pointwise{"!{a}"},
    .reference = reference_of<1>([](std::integral auto x) { return !x; }),
    .grad = not_a_number,
};
Variable operator!(const Operand& x) { return detail::apply_operator(logical_not_op, x); }

namespace {

/// Integers and bool; of floats a `^` is nearly always meant as a power.
void xor_dtypes(DTypeArgs& args)
{
    const auto floats = [](const OperandDType& o) { return is_float(o.dtype); };
    if (std::ranges::any_of(args.operands, floats))
        args.refuse("only integers and bool are supported, a power is pow(x, y)");
    promote_integers(args);
}

void shift_dtypes(DTypeArgs& args)
{
    promote_integers(args);
    if (args.result == DType::boolean) args.refuse("only integers are supported");
}

} // namespace

constexpr Op bitwise_and_op{
    .name = "bitwise_and",
    .doc = "Bits that are set in both; of bool, true where both are.",
    .dtype = promote_integers,
    .shape = same_shape,
    .lowering = Pointwise{"{a} & {b}"},
    .reference = reference_of<2>([](std::integral auto a, auto b) { return a & b; }),
    .grad = bits_only,
    .arity = 2,
    .commutative = true,
};
Variable operator&(const Operand& a, const Operand& b)
{
    return detail::apply_operator(bitwise_and_op, a, b);
}

constexpr Op bitwise_or_op{
    .name = "bitwise_or",
    .doc = "Bits that are set in either; of bool, true where either is.",
    .dtype = promote_integers,
    .shape = same_shape,
    .lowering = Pointwise{"{a} | {b}"},
    .reference = reference_of<2>([](std::integral auto a, auto b) { return a | b; }),
    .grad = bits_only,
    .arity = 2,
    .commutative = true,
};
Variable operator|(const Operand& a, const Operand& b)
{
    return detail::apply_operator(bitwise_or_op, a, b);
}

constexpr Op bitwise_xor_op{
    .name = "bitwise_xor",
    .doc = "Bits that differ; of bool, true where they do.",
    .dtype = xor_dtypes,
    .shape = same_shape,
    .lowering = Pointwise{"{a} ^ {b}"},
    .reference = reference_of<2>([](std::integral auto a, auto b) { return a ^ b; }),
    .grad = bits_only,
    .arity = 2,
    .commutative = true,
};
Variable operator^(const Operand& a, const Operand& b)
{
    return detail::apply_operator(bitwise_xor_op, a, b);
}

constexpr Op invert_op{
    .name = "invert",
    .doc = "All bits flipped; of bool, true where x is false.",
    .dtype = promote_integers,
    .shape = same_shape,
    .lowering = Pointwise{.real = "({t})~{a}", .boolean = "!{a}"},
    .reference =
        [](const ReferenceArgs& args) {
            Array y = args.x[0].clone();
            auto* bytes = static_cast<std::uint8_t*>(y.data());
            const std::uint8_t mask = y.dtype() == DType::boolean ? 1 : 0xff;
            for (std::size_t i = 0; i < y.size_bytes(); ++i)
                bytes[i] ^= mask;
            return y;
        },
    .grad = bits_only,
};
Variable operator~(const Operand& x) { return detail::apply_operator(invert_op, x); }

constexpr Op left_shift_op{
    .name = "left_shift",
    .doc = "a * 2^b for integers, wrapping; 0 where b is negative or at least the number of bits.",
    .dtype = shift_dtypes,
    .shape = same_shape,
    .lowering = Pointwise{"left_shift_{t}({a}, {b})"},
    .reference = reference_of<2>([](std::integral auto a, auto b) {
        const auto bits = static_cast<std::uint64_t>(a);
        return static_cast<std::uint64_t>(b) < 64 ? bits << b : 0;
    }),
    .grad = bits_only,
    .arity = 2,
};
Variable left_shift(const Variable& x, const Variable& n, Where where)
{
    return apply(left_shift_op, {x, n}, {}, where);
}

constexpr Op right_shift_op{
    .name = "right_shift",
    .doc = "a / 2^b rounded down, for integers; 0, or -1 for negative a, where b is negative or "
           "at least the number of bits.",
    .dtype = shift_dtypes,
    .shape = same_shape,
    .lowering = Pointwise{"right_shift_{t}({a}, {b})"},
    .reference = reference_of<2>([](std::integral auto a, auto b) {
        if (static_cast<std::uint64_t>(b) < 64) return a >> b;
        return static_cast<decltype(a)>(a < 0 ? -1 : 0);
    }),
    .grad = bits_only,
    .arity = 2,
};
Variable right_shift(const Variable& x, const Variable& n, Where where)
{
    return apply(right_shift_op, {x, n}, {}, where);
}

constexpr Op where_op{
    .name = "where",
    .doc = "b where a is true, else c. What is not taken is out of the gradient.",
    .dtype = select_dtypes,
    .shape = same_shape,
    .lowering = Pointwise{.real = "{a} ? {b} : {c}", .finite_slopes = true},
    .reference =
        reference_of<3>([](auto condition, auto a, auto b) { return condition != 0 ? a : b; }),
    .grad = [](const GeneralGrad& g) -> Variables {
        const Variable& condition = g.x[0];
        return {Variable(), where(condition, g.y_bar[0], 0), where(condition, 0, g.y_bar[0])};
    },
    .arity = 3,
};
Variable where(const Variable& c, const Variable& a, const Variable& b, Where where)
{
    return apply(where_op, {c, a, b}, {}, where);
}

constexpr Op isnan_op{
    .name = "isnan",
    .doc = "True where x is NaN.",
    .dtype = float_to_boolean,
    .shape = same_shape,
    .lowering = Pointwise{"isnan_{t}({a})"},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::isnan(x); }),
    .grad = not_a_number,
};
Variable isnan(const Variable& x, Where where) { return apply(isnan_op, {x}, {}, where); }

constexpr Op isinf_op{
    .name = "isinf",
    .doc = "True where x is inf or -inf.",
    .dtype = float_to_boolean,
    .shape = same_shape,
    .lowering = Pointwise{"isinf_{t}({a})"},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::isinf(x); }),
    .grad = not_a_number,
};
Variable isinf(const Variable& x, Where where) { return apply(isinf_op, {x}, {}, where); }

constexpr Op isfinite_op{
    .name = "isfinite",
    .doc = "True where x is neither infinite nor NaN.",
    .dtype = float_to_boolean,
    .shape = same_shape,
    .lowering = Pointwise{"isfinite_{t}({a})"},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::isfinite(x); }),
    .grad = not_a_number,
};
Variable isfinite(const Variable& x, Where where) { return apply(isfinite_op, {x}, {}, where); }

std::span<const Op* const> compare_logic_ops()
{
    static constexpr const Op* ops[] = {
        &equal_op,         &not_equal_op,   &less_op,       &less_equal_op,  &greater_op,
        &greater_equal_op, &logical_and_op, &logical_or_op, &logical_not_op, &bitwise_and_op,
        &bitwise_or_op,    &bitwise_xor_op, &invert_op,     &left_shift_op,  &right_shift_op,
        &where_op,         &isnan_op,       &isinf_op,      &isfinite_op,
    };
    return ops;
}

} // namespace croton::inline v1
