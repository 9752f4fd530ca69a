#pragma once

#include <span>

#include "function_data.hpp"

namespace croton::inline v1::detail {

/// The arrays of a call that failed, row-major, as the program's leaves have them: its inputs, then
/// its shared variables.
struct FailedCall {
    const FunctionData& function;
    std::vector<Array> arrays;
};

// Both run the graph again, op by op by the ops' references, as far as they must: a call that
// fails takes its time, one that does not pays nothing.

/// The error of an index that is out of range: names the op, the user's line, axis, index, extent.
/// `near` are the ops of the kernel that reported it, on whose lines it is looked for first;
/// empty: any.
[[noreturn]] void throw_bad_index(const FailedCall& call, std::span<const Apply> near);

/// The error of a value that is NaN or infinite: follows it back to the op that made it from finite
/// ones. `stored` is the value in which it was seen; empty: any output.
[[noreturn]] void throw_not_finite(const FailedCall& call, const Variable& stored);

bool all_finite(const Array& array);

/// The index of the element at `position` in C order.
std::vector<std::int64_t> index_at(std::int64_t position, std::span<const std::int64_t> shape);

} // namespace croton::inline v1::detail
