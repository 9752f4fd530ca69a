#pragma once

#include <croton/ir/operand.hpp>

namespace croton::inline v1 {

// Comparisons: operands are promoted and broadcast as NumPy's, the result is bool. NaN is unequal
// to everything. `0 < x < 1` is refused with a UserError: C++ reads it as (0 < x) < 1.
Variable operator==(const Operand& a, const Operand& b);
Variable operator!=(const Operand& a, const Operand& b);
Variable operator<(const Operand& a, const Operand& b);
Variable operator<=(const Operand& a, const Operand& b);
Variable operator>(const Operand& a, const Operand& b);
Variable operator>=(const Operand& a, const Operand& b);

// Logic, of bool operands only. Both sides are computed.
Variable operator&&(const Operand& a, const Operand& b);
Variable operator||(const Operand& a, const Operand& b);
Variable operator!(const Operand& x);

// Bits of integers, or logic of bool; UserError for floats (a power is pow(x, y)).
Variable operator&(const Operand& a, const Operand& b);
Variable operator|(const Operand& a, const Operand& b);
Variable operator^(const Operand& a, const Operand& b);
Variable operator~(const Operand& x);
inline Variable& operator&=(Variable& a, const Operand& b) { return a = Operand(a, b.where) & b; }
inline Variable& operator|=(Variable& a, const Operand& b) { return a = Operand(a, b.where) | b; }
inline Variable& operator^=(Variable& a, const Operand& b) { return a = Operand(a, b.where) ^ b; }

/// x * 2^n and x / 2^n rounded down, for integers; shifting out all bits, or by a negative count,
/// leaves 0 (-1 of a negative number shifted right).
Variable left_shift(const Variable& x, const Variable& n, Where where = Where::current());
Variable right_shift(const Variable& x, const Variable& n, Where where = Where::current());

/// Gradients look for these: what was not taken is masked on the whole way back
/// (ir/derivatives.hpp).
extern const Op where_op, logical_and_op, logical_not_op;
/// c ? a : b, elementwise; the condition is bool. Both sides are computed, and what is not taken is
/// out of the gradient.
Variable
where(const Variable& c, const Variable& a, const Variable& b, Where where = Where::current());

Variable isnan(const Variable& x, Where where = Where::current());
Variable isinf(const Variable& x, Where where = Where::current());
Variable isfinite(const Variable& x, Where where = Where::current());

std::span<const Op* const> compare_logic_ops();

} // namespace croton::inline v1
