#pragma once

#include <croton/ir/operand.hpp>

namespace croton::inline v1 {

/// Running sum along an axis: y[k] = x[0] + .. + x[k], from the other end if `reverse`. bool and
/// integers widen to 64 bits.
Variable
cumsum(const Variable& x, const Axis& axis, bool reverse = false, Where where = Where::current());
/// Running product. Its derivatives are right where factors are zero; the gradient is a loop along
/// the axis.
Variable
cumprod(const Variable& x, const Axis& axis, bool reverse = false, Where where = Where::current());

std::span<const Op* const> prefix_ops();

} // namespace croton::inline v1
