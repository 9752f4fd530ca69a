#pragma once

#include "jit/jit_abi.h"

namespace croton::inline v1 {

/// The opened module's functions. Opens it at the first call and keeps it until the process ends:
/// LLVM can't be unloaded. A failed search is repeated by the next call.
/// throws   BackendError that says where it was searched and what each place answered.
const croton_jit_table& jit_module();

} // namespace croton::inline v1
