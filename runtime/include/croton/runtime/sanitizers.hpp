#pragma once

#include <string>
#include <string_view>

namespace croton::inline v1 {

/// Sanitizers for emitted code in their canonical form: "address", "undefined" and "thread" in this
/// order, each once, separated by commas. Empty: none. Emitted code is checked by the run-time
/// library of the process, which is there when the program was linked with -fsanitize.
///
/// list     the same names in any order, blanks allowed.
/// throws   UserError on another name; BackendError where the process has no run-time library of
///          one of them.
std::string sanitizers(std::string_view list);

} // namespace croton::inline v1
