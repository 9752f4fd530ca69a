#pragma once

#include <span>

#include "function_data.hpp"

namespace croton::inline v1::detail {

/// An Array over an argument's memory, and the argument that an Array is.
Array borrowed(const Memory& m);
Memory memory_of(const Array& a);

/// throws   UserError where an argument has a negative extent, or no memory for its elements.
void check_memory(const FunctionData& f, std::span<const Memory> arguments);

/// A call some of whose arguments do not lie as the program needs them: copies go in their place,
/// of inputs also where an output is written over them.
/// throws   UserError where two outputs overlap, an extent is negative, or an argument has no
/// memory.
void run_packed(const FunctionData& f, std::span<const Memory> arguments);

/// A call of a function that is not compiled, by the references of its ops.
void run_reference(const FunctionData& f, std::span<const Memory> arguments);
/// Its results. `outputs`: where the caller wants them, to be checked before anything changes; may
/// be none.
std::vector<Array> reference_results(const FunctionData& f,
                                     std::vector<Array> inputs,
                                     std::span<const Memory> outputs);

} // namespace croton::inline v1::detail
