#pragma once

#include <vector>

#include "function_data.hpp"

namespace croton::inline v1::detail {

/// Calls with the outputs' memory given, or empty Arrays that are made here. Updates come last.
std::vector<Array>
run_arrays(const FunctionData& f, const std::vector<Array>& inputs, std::vector<Array> results);

/// Input `i` in the layout that the function is compiled for: itself, or a copy, which is counted.
Array fitting(const FunctionData& f, std::size_t i, const Array& given);

} // namespace croton::inline v1::detail
