#pragma once

#include <croton/ir/op.hpp>
#include <croton/ir/operand.hpp>

namespace croton::inline v1 {

/// The same elements in C order under another shape; one extent may be -1. UserError unless the
/// counts agree; where that is undecided, the function checks it.
Variable reshape(const Variable& x, const Shape& shape, Where where = Where::current());
/// Axes reversed, or in the order given: axis i of the result is axis order[i] of x.
Variable transpose(const Variable& x, Where where = Where::current());
Variable
transpose(const Variable& x, const std::vector<int>& order, Where where = Where::current());

/// Position in C order of an index into an array of `shape`.
Extent flat_index(std::span<const Extent> index, const Shape& shape);
/// The index, in an array of shape `to`, of the element that has `index` in the same elements under
/// shape `from`. Axes that stay apart keep affine indices; others come out with floor_div and mod.
std::vector<Extent> reindex(std::span<const Extent> index, const Shape& from, const Shape& to);

std::span<const Op* const> shape_ops();

} // namespace croton::inline v1
