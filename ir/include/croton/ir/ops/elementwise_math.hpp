#pragma once

#include <croton/ir/variable.hpp>

namespace croton::inline v1 {

// Exponentials, logarithms and error functions, elementwise. Integers and bool become floats: 8 and
// 16 bits f32, wider ones f64. Outside its domain a function is NaN, as C's Annex F has it. Found
// by ADL: after `using std::exp`, `exp(x)` serves double and Variable alike.

Variable exp(const Variable& x, Where where = Where::current());
Variable exp2(const Variable& x, Where where = Where::current());
Variable expm1(const Variable& x, Where where = Where::current()); ///< exp(x) - 1, accurate near 0
Variable log(const Variable& x, Where where = Where::current());
Variable log2(const Variable& x, Where where = Where::current());
Variable log10(const Variable& x, Where where = Where::current());
Variable log1p(const Variable& x, Where where = Where::current()); ///< log(1 + x), accurate near 0
Variable erf(const Variable& x, Where where = Where::current());
Variable erfc(const Variable& x,
              Where where = Where::current()); ///< 1 - erf(x), accurate for large x

std::span<const Op* const> elementwise_math_ops();

} // namespace croton::inline v1
