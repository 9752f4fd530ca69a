#pragma once

#include <croton/ir/op.hpp>
#include <croton/ir/operand.hpp>

namespace croton::inline v1 {

// Operators: operands are promoted and broadcast as NumPy's. Integers wrap.
Variable operator+(const Operand& a, const Operand& b);
Variable operator-(const Operand& a, const Operand& b);
Variable operator*(const Operand& a, const Operand& b);
Variable operator/(const Operand& a, const Operand& b); ///< true division: integers become floats
Variable operator-(const Operand& x);
inline Variable& operator+=(Variable& a, const Operand& b) { return a = Operand(a, b.where) + b; }
inline Variable& operator-=(Variable& a, const Operand& b) { return a = Operand(a, b.where) - b; }
inline Variable& operator*=(Variable& a, const Operand& b) { return a = Operand(a, b.where) * b; }
inline Variable& operator/=(Variable& a, const Operand& b) { return a = Operand(a, b.where) / b; }

std::span<const Op* const> arithmetic_ops();

} // namespace croton::inline v1
