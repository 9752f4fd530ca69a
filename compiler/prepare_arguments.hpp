#pragma once

#include "function_data.hpp"

namespace croton::inline v1::detail {

/// From the inputs, `written` and the layouts of a function: how calls pass arguments, the leaves
/// that the program reads, and the outputs that it computes.
/// throws   UserError where `in_place` names arguments that cannot be one memory.
void prepare_arguments(FunctionData& f);

/// What the program is told of its arguments and its options.
codegen::ProgramOptions program_options(const FunctionData& f);

} // namespace croton::inline v1::detail
