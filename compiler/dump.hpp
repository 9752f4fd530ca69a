#pragma once

#include "function_data.hpp"

namespace croton::inline v1 {

/// With CROTON_DUMP=folder: the graph after each pass that changed it, and the program's text, in a
/// folder of the function's name. Does nothing otherwise.
void dump(const detail::FunctionData& f);

} // namespace croton::inline v1
