#pragma once

#include <croton/ir/operand.hpp>

#include <vector>

namespace croton::inline v1 {

/// Arrays one after another along an axis; dtypes are promoted, the other extents must agree.
Variable concatenate(const Variables& parts, const Axis& axis = 0, Where where = Where::current());
/// Arrays of one shape along a new axis.
Variable stack(const Variables& parts, const Axis& axis = 0, Where where = Where::current());
/// `parts` equal pieces along an axis; UserError where a known extent is no multiple.
Variables split(const Variable& x, int parts, const Axis& axis = 0, Where where = Where::current());
/// Pieces of these extents, which must add up to x's.
Variables split(const Variable& x,
                const Shape& extents,
                const Axis& axis = 0,
                Where where = Where::current());
/// A vector cut into arrays of these shapes, in C order: z = [x; u]. UserError unless the counts
/// add up.
Variables
unpack(const Variable& flat, const std::vector<Shape>& shapes, Where where = Where::current());

std::span<const Op* const> join_ops();

} // namespace croton::inline v1
