#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "function_data.hpp"

namespace croton::inline v1::detail {

/// What `run` checks of extents, where it is not called. `extents`: those that it would be told of.
/// throws   UserError as a call does.
void check_guards(const FunctionData& f, std::span<const std::int64_t> extents);

/// What `run` returned, as the error that a call throws. `inputs` and `shared` are the call's.
[[noreturn]] void throw_failure(const FunctionData& f,
                                std::int32_t code,
                                const Report& report,
                                std::vector<Array> inputs,
                                const std::vector<Array>& shared);
/// The same for who has no arrays: one sentence. It has no index that was out of range, no
/// operands.
std::string failure_text(const FunctionData& f, std::int32_t code, const Report& report);
/// A value of the program as its user wrote it: what a column-major output holds was made of that,
/// its axes in the opposite order.
Variable as_written(const FunctionData& f, const Variable& v);
/// The line of the op that it is about; null where it is about the call.
const Location*
failure_place(const FunctionData& f, std::int32_t code, std::uint32_t apply) noexcept;

} // namespace croton::inline v1::detail
