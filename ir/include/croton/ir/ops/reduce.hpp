#pragma once

#include <croton/ir/op.hpp>
#include <croton/ir/operand.hpp>

namespace croton::inline v1 {

/// Sum over all axes, or over some; `keep` leaves them with extent 1. bool and integers widen to 64
/// bits, floats stay and are added in the order that docs/design.md fixes. The sum of none is 0.
Variable sum(const Variable& x, Where where = Where::current());
Variable
sum(const Variable& x, const Axis& axes, bool keep = false, Where where = Where::current());

/// Reduces with `op` (a record with a Reduce lowering): axes normalised, checked, kept if asked
/// for.
Variable reduce(const Op& op,
                const Variable& x,
                const std::vector<int>& axes,
                bool keep,
                const Location* where);
std::vector<int> all_axes(const Variable& x);

std::span<const Op* const> reduce_ops();

} // namespace croton::inline v1
