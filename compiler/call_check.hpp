#pragma once

#include <string>

#include "function_data.hpp"

namespace croton::inline v1::detail {

/// A UserError of the function, at its place.
[[noreturn]] void refuse(const FunctionData& f, Code code, const std::string& why);

/// throws   UserError unless as many inputs are given as the function has.
void check_count(const FunctionData& f, std::size_t given);

/// throws   UserError unless input `i` has this dtype and rank.
void check_type(const FunctionData& f, std::size_t i, DType dtype, int rank);

/// throws   UserError where a workspace of so many bytes exceeds Options::memory_limit_bytes.
void check_memory_limit(const FunctionData& f, std::int64_t bytes);

/// What `run` returned, as the error that a call throws. `inputs` and `shared` are the call's.
[[noreturn]] void throw_failure(const FunctionData& f,
                                std::int32_t code,
                                const Report& report,
                                std::vector<Array> inputs,
                                const std::vector<Array>& shared);
/// The same for who has no arrays: one sentence, without the index or the value.
std::string failure_text(const FunctionData& f, std::int32_t code, const Report& report);

} // namespace croton::inline v1::detail
