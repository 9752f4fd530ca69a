#pragma once

#include <vector>

#include "function_data.hpp"

namespace croton::inline v1::detail {

/// Calls with the outputs' memory given, or empty Arrays that are made here. Updates come last.
std::vector<Array>
run_arrays(const FunctionData& f, const std::vector<Array>& inputs, std::vector<Array> results);

} // namespace croton::inline v1::detail
