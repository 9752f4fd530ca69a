#pragma once

#include <croton/ir/variable.hpp>

namespace croton::inline v1 {

// The ops that building, rules and schedules themselves insert or look through.
extern const Op cast_op;
extern const Op broadcast_to_op;
extern const Op extent_value_op;

/// Elements converted to `to`: integers wrap, NaN to an integer is 0, out of range clamps.
Variable cast(const Variable& x, DType to, Where where = Where::current());
Variable cast(const Variable& x, DType to, const Location* where);
/// Repeats axes of extent 1, and adds axes in front. UserError unless the shapes fit.
Variable broadcast_to(const Variable& x, const Shape& shape, Where where = Where::current());
Variable broadcast_to(const Variable& x, const Shape& shape, const Location* where);

std::span<const Op* const> structure_ops();

} // namespace croton::inline v1
