#pragma once

#include <croton/ir/variable.hpp>

#include <vector>

namespace croton::inline v1::detail {

// Of masks: bool Variables, an empty one true everywhere. A mask that holds true where it might be
// false does no harm but for a NaN that it lets pass.

/// What `v` is a broadcast of.
Variable unbroadcast(Variable v);
/// True where either is.
Variable either_mask(const Variable& a, const Variable& b);
/// True where `mask` is for any index along `axes`, which are gone.
Variable any_along(const Variable& mask, const std::vector<int>& axes);
/// Where `mask` is false.
Variable opposite_mask(const Variable& mask);

} // namespace croton::inline v1::detail
