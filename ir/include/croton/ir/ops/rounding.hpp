#pragma once

#include <croton/ir/variable.hpp>

namespace croton::inline v1 {

// Rounding to integers, elementwise, in the operand's dtype: integers and bool stay as they are.
// Piecewise constant, so without a gradient, but for round_through.

Variable floor(const Variable& x, Where where = Where::current());
Variable ceil(const Variable& x, Where where = Where::current());
Variable trunc(const Variable& x, Where where = Where::current());
Variable round(const Variable& x, Where where = Where::current()); ///< halves to the even neighbour
/// round(x) with the gradient of x: what quantised training calls straight-through.
Variable round_through(const Variable& x, Where where = Where::current());

/// x itself, as a constant to gradients.
Variable stop_gradient(const Variable& x, Where where = Where::current());

std::span<const Op* const> rounding_ops();

} // namespace croton::inline v1
