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

/// What `run` returned, as the error that a call throws.
[[noreturn]] void throw_failure(const FunctionData& f, std::int32_t code, const Report& report);
std::string
failure_text(const FunctionData& f, std::int32_t code, std::int64_t found, std::int64_t expected);

} // namespace croton::inline v1::detail
