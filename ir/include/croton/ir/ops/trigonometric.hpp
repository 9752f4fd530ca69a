#pragma once

#include <croton/ir/variable.hpp>

namespace croton::inline v1 {

// Circular and hyperbolic functions and their inverses, elementwise, angles in radians. Integers
// and bool become floats: 8 and 16 bits f32, wider ones f64. Outside its domain a function is NaN.

Variable sin(const Variable& x, Where where = Where::current());
Variable cos(const Variable& x, Where where = Where::current());
Variable tan(const Variable& x, Where where = Where::current());
Variable asin(const Variable& x, Where where = Where::current());
Variable acos(const Variable& x, Where where = Where::current());
Variable atan(const Variable& x, Where where = Where::current());
/// The angle of the point (x, y), in [-pi, pi]; zeros and infinities as C's atan2.
Variable atan2(const Variable& y, const Variable& x, Where where = Where::current());
Variable sinh(const Variable& x, Where where = Where::current());
Variable cosh(const Variable& x, Where where = Where::current());
Variable tanh(const Variable& x, Where where = Where::current());
Variable asinh(const Variable& x, Where where = Where::current());
Variable acosh(const Variable& x, Where where = Where::current());
Variable atanh(const Variable& x, Where where = Where::current());

extern const Op sin_op, cos_op;
std::span<const Op* const> trigonometric_ops();

} // namespace croton::inline v1
