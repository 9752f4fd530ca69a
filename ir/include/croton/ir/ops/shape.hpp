#pragma once

#include <croton/ir/operand.hpp>

namespace croton::inline v1 {

/// The same elements in C order under another shape; one extent may be -1. UserError unless the
/// counts agree; where that is undecided, the function checks it.
Variable reshape(const Variable& x, const Shape& shape, Where where = Where::current());
/// Axes reversed, or in the order given: axis i of the result is axis order[i] of x.
Variable transpose(const Variable& x, Where where = Where::current());
Variable
transpose(const Variable& x, const std::vector<int>& order, Where where = Where::current());

/// New axes of extent 1: `axes` are their places in the result.
Variable expand_dims(const Variable& x, const Axis& axes, Where where = Where::current());
/// Without its axes of extent 1: all that are known to be 1, or those named. UserError naming one
/// that is longer; where that is undecided, the function checks it.
Variable squeeze(const Variable& x, Where where = Where::current());
Variable squeeze(const Variable& x, const Axis& axes, Where where = Where::current());
/// Elements in reverse order along axes.
Variable flip(const Variable& x, const Axis& axes, Where where = Where::current());
/// The whole of x `repeats[i]` times along axis i, as NumPy's tile: the shorter of shape and
/// repeats gets ones in front.
Variable tile(const Variable& x, const Shape& repeats, Where where = Where::current());
/// Each element `count` times in a row along an axis.
Variable
repeat(const Variable& x, const Extent& count, const Axis& axis, Where where = Where::current());
/// x with axis `from` moved to place `to`.
Variable moveaxis(const Variable& x, int from, int to, Where where = Where::current());
Variable swapaxes(const Variable& x, int a, int b, Where where = Where::current());

/// The only axis in `axis`, normalised; UserError naming `function` where there are several.
int single_axis(const Axis& axis,
                const Variable& x,
                std::string_view function,
                const Location* where);

/// Position in C order of an index into an array of `shape`.
Extent flat_index(std::span<const Extent> index, const Shape& shape);
/// The index, in an array of shape `to`, of the element that has `index` in the same elements under
/// shape `from`. Axes that stay apart keep affine indices; others come out with floor_div and mod.
std::vector<Extent> reindex(std::span<const Extent> index, const Shape& from, const Shape& to);

std::span<const Op* const> shape_ops();

} // namespace croton::inline v1
