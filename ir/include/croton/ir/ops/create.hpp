#pragma once

#include <croton/ir/operand.hpp>

namespace croton::inline v1 {

/// A scalar repeated everywhere; a literal is converted to `dtype`.
Variable
full(DType dtype, const Shape& shape, const Variable& value, Where where = Where::current());
Variable zeros(DType dtype, const Shape& shape, Where where = Where::current());
Variable ones(DType dtype, const Shape& shape, Where where = Where::current());

/// 0, 1, .. n - 1.
Variable arange(const Extent& n, DType dtype = DType::i64, Where where = Where::current());
/// start, start + step, .. before stop. Numbers only, as the extent follows from them; each element
/// is start + i * step, computed in `dtype`.
Variable arange(double start,
                double stop,
                double step,
                DType dtype = DType::f64,
                Where where = Where::current());
/// `count` numbers from start to stop, both among them.
Variable linspace(const Variable& start,
                  const Variable& stop,
                  const Extent& count,
                  DType dtype = DType::f64,
                  Where where = Where::current());

/// 1 where column == row + offset, else 0.
Variable eye(DType dtype, const Extent& n, Where where = Where::current());
Variable eye(DType dtype,
             const Extent& rows,
             const Extent& columns,
             int offset = 0,
             Where where = Where::current());
/// The last two axes with zeros above (below) the diagonal that lies `offset` columns to the right.
Variable tril(const Variable& x, int offset = 0, Where where = Where::current());
Variable triu(const Variable& x, int offset = 0, Where where = Where::current());
/// A matrix with a vector on its diagonal; of a matrix, that diagonal.
Variable diag(const Variable& x, int offset = 0, Where where = Where::current());
/// x[i, .., i + offset]: of two axes, which are gone; the diagonal is the last axis of the result.
Variable diagonal(const Variable& x,
                  int offset = 0,
                  int axis1 = 0,
                  int axis2 = 1,
                  Where where = Where::current());

Variable
iota(const Shape& shape, int axis, DType dtype = DType::i64, Where where = Where::current());

std::span<const Op* const> create_ops();

} // namespace croton::inline v1
