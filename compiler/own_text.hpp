#pragma once

#include <croton/runtime/clang_jit.hpp>

#include "function_data.hpp"

namespace croton::inline v1::detail {

/// Throws the UserError of an op of the user's own whose text is what does not compile. Returns
/// where none is: then Croton's own text is wrong, or the compiler.
void refuse_own_text(const FunctionData& f, const TextError& error);

} // namespace croton::inline v1::detail
