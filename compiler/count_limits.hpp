#pragma once

#include <croton/ir/apply.hpp>

#include <span>
#include <vector>

namespace croton::inline v1::detail {

/// Adds what extents must be so that no count of elements or bytes exceeds 64 bits in a call whose
/// arguments are countable: for each product of extents that a value of the graph has (regions
/// included) and no input, that it is at most `most_elements`, or less where the graph has
/// thousands of values. Most graphs need none.
void add_count_limits(std::span<const Variable> inputs,
                      std::span<const Variable> outputs,
                      std::vector<Requirement>& requirements);

} // namespace croton::inline v1::detail
