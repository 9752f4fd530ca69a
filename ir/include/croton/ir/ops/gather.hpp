#pragma once

#include <croton/ir/operand.hpp>

#include <vector>

namespace croton::inline v1 {

struct GatherParams;

// Reading and writing at places that integer arrays name. A negative index counts from the end; one
// out of range is an error when the function runs: the emitted code reports the first and reads
// nothing out of range.

/// x[.., index, ..] along one axis: the axis is replaced by the axes of `index`; without an axis x
/// is flattened first.
Variable take(const Variable& x, const Variable& index, Where where = Where::current());
Variable
take(const Variable& x, const Variable& index, const Axis& axis, Where where = Where::current());
/// out[i.., j, k..] = x[i.., index[i.., j, k..], k..]: as many axes as x, the others broadcast.
Variable take_along_axis(const Variable& x,
                         const Variable& index,
                         const Axis& axis,
                         Where where = Where::current());
/// x[indices[0], indices[1], ..] on the first axes, the indices broadcast together.
Variable gather(const Variable& x, const Variables& indices, Where where = Where::current());
/// x with `values`, broadcast to the shape of gather(x, indices), added there; a place named twice
/// gets both. A UserError if they do not broadcast so, or x's dtype does not hold theirs.
Variable scatter_add(const Variable& x,
                     const Variables& indices,
                     const Variable& values,
                     Where where = Where::current());
/// The same with elements replaced; of a place named twice the last value in C order stays.
Variable scatter_set(const Variable& x,
                     const Variables& indices,
                     const Variable& values,
                     Where where = Where::current());
/// out[.., j] = index[..] == j for j below `count`; all zeros where the index is none of them.
Variable one_hot(const Variable& index,
                 const Extent& count,
                 DType dtype = DType::f32,
                 Where where = Where::current());

/// Indices are broadcast together; `function` is named in errors.
Variable gather_axes(const Variable& x,
                     const Variables& indices,
                     const GatherParams& params,
                     std::string_view function);
/// `values` is broadcast to the shape that gather_axes gives.
Variable scatter_axes(const Variable& x,
                      const Variable& values,
                      const Variables& indices,
                      const GatherParams& params,
                      bool accumulate,
                      std::string_view function);

std::span<const Op* const> gather_ops();

} // namespace croton::inline v1
