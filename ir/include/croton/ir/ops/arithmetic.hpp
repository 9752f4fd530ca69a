#pragma once

#include <croton/ir/operand.hpp>

namespace croton::inline v1 {

// Operators: operands are promoted and broadcast as NumPy's. Integers wrap.
Variable operator+(const Operand& a, const Operand& b);
Variable operator-(const Operand& a, const Operand& b);
Variable operator*(const Operand& a, const Operand& b);
Variable operator/(const Operand& a, const Operand& b); ///< true division: integers become floats
/// The remainder with the sign of b, as in Python; of integers by 0 it is 0.
Variable operator%(const Operand& a, const Operand& b);
Variable operator-(const Operand& x);
inline Variable& operator+=(Variable& a, const Operand& b) { return a = Operand(a, b.where) + b; }
inline Variable& operator-=(Variable& a, const Operand& b) { return a = Operand(a, b.where) - b; }
inline Variable& operator*=(Variable& a, const Operand& b) { return a = Operand(a, b.where) * b; }
inline Variable& operator/=(Variable& a, const Operand& b) { return a = Operand(a, b.where) / b; }
inline Variable& operator%=(Variable& a, const Operand& b) { return a = Operand(a, b.where) % b; }

/// a / b rounded towards minus infinity. Of integers by 0 it is 0, and the smallest by -1 wraps.
Variable floor_div(const Variable& a, const Variable& b, Where where = Where::current());
Variable abs(const Variable& x, Where where = Where::current());
Variable sign(const Variable& x, Where where = Where::current()); ///< -1, 0 or 1; NaN stays NaN
Variable square(const Variable& x, Where where = Where::current());
Variable sqrt(const Variable& x, Where where = Where::current());
Variable rsqrt(const Variable& x, Where where = Where::current()); ///< 1 / sqrt(x)
/// a to the power b, in the promoted dtype. UserError for an integer to a constant negative one.
Variable pow(const Variable& a, const Variable& b, Where where = Where::current());

/// The larger (smaller) of two, elementwise; NaN if either is. Of equal ones each gets a half of
/// the gradient; relu's at 0 is 0. max and min of two Variables are the same, under the names that
/// templates written for std::max use.
Variable maximum(const Variable& a, const Variable& b, Where where = Where::current());
Variable minimum(const Variable& a, const Variable& b, Where where = Where::current());
Variable max(const Variable& a, const Variable& b, Where where = Where::current());
Variable min(const Variable& a, const Variable& b, Where where = Where::current());
/// x within [lo, hi]: minimum(maximum(x, lo), hi). On a bound the gradient is all x's, where those
/// two would halve it.
Variable
clip(const Variable& x, const Variable& lo, const Variable& hi, Where where = Where::current());

std::span<const Op* const> arithmetic_ops();

} // namespace croton::inline v1
