#pragma once

#include <croton/ir/operand.hpp>

namespace croton::inline v1 {

/// Sum over all axes, or over some; `keep` leaves them with extent 1. bool and integers widen to 64
/// bits, floats stay and are added in the order that docs/design.md fixes. The sum of none is 0.
Variable sum(const Variable& x, Where where = Where::current());
Variable
sum(const Variable& x, const Axis& axes, bool keep = false, Where where = Where::current());

/// Products as sums: the product of none is 1. The gradient is right where factors are zero.
Variable prod(const Variable& x, Where where = Where::current());
Variable
prod(const Variable& x, const Axis& axes, bool keep = false, Where where = Where::current());

/// The largest (smallest) element over axes; NaN if there is one. Of none it is what changes
/// nothing: -inf or the smallest integer (inf or the largest). Equal extremes share the gradient
/// equally; where it is NaN, the elements that are NaN do.
Variable max(const Variable& x, Where where = Where::current());
Variable
max(const Variable& x, const Axis& axes, bool keep = false, Where where = Where::current());
Variable min(const Variable& x, Where where = Where::current());
Variable
min(const Variable& x, const Axis& axes, bool keep = false, Where where = Where::current());

/// The largest element that is no NaN, of floats; -inf where there is none. In loops it costs less
/// than `max`, which has to keep NaN.
Variable max_number(const Variable& x, Where where = Where::current());
Variable
max_number(const Variable& x, const Axis& axes, bool keep = false, Where where = Where::current());

/// Whether any (every) element is not zero.
Variable any(const Variable& x, Where where = Where::current());
Variable
any(const Variable& x, const Axis& axes, bool keep = false, Where where = Where::current());
Variable all(const Variable& x, Where where = Where::current());
Variable
all(const Variable& x, const Axis& axes, bool keep = false, Where where = Where::current());

/// Position of the largest (smallest) element, an i64: along an axis, or in C order of all
/// elements. The first of equals; a NaN counts as the extreme. UserError for an empty axis.
Variable argmax(const Variable& x, Where where = Where::current());
Variable
argmax(const Variable& x, const Axis& axis, bool keep = false, Where where = Where::current());
Variable argmin(const Variable& x, Where where = Where::current());
Variable
argmin(const Variable& x, const Axis& axis, bool keep = false, Where where = Where::current());

/// Sum over count, in floats; NaN of none.
Variable mean(const Variable& x, Where where = Where::current());
Variable
mean(const Variable& x, const Axis& axes, bool keep = false, Where where = Where::current());
/// Mean squared distance from the mean, in two passes: sum((x - mean)^2) / max(count - ddof, 0).
/// So of no more than ddof elements it is inf, or NaN where they are equal or there are none.
Variable var(const Variable& x, Where where = Where::current());
Variable var(const Variable& x,
             const Axis& axes,
             bool keep = false,
             int ddof = 0,
             Where where = Where::current());
/// sqrt(var(..)).
Variable stddev(const Variable& x, Where where = Where::current());
Variable stddev(const Variable& x,
                const Axis& axes,
                bool keep = false,
                int ddof = 0,
                Where where = Where::current());

/// The shape of x with `axes` (sorted) gone; what a reduction over them has.
Shape without_axes(const Shape& shape, const std::vector<int>& axes);
/// The result of a reduction of an array of `shape` over `axes`, put back with extent 1.
Variable keep_axes(const Variable& y, const Shape& shape, const std::vector<int>& axes);
/// The same, stretched to that shape.
Variable spread(const Variable& y, const Shape& shape, const std::vector<int>& axes);

/// Reduces with `op` (a record with a Reduce lowering): axes normalised, checked, kept if asked
/// for.
Variable reduce(const Op& op,
                const Variable& x,
                const std::vector<int>& axes,
                bool keep,
                const Location* where);
std::vector<int> all_axes(const Variable& x);

std::span<const Op* const> reduce_ops();
std::span<const Op* const> moment_ops();

} // namespace croton::inline v1
