#pragma once

#include <string_view>

namespace croton::inline v1 {

/// Of this library, as the build has it: "0.1.0".
constexpr std::string_view library_version = CROTON_VERSION;

} // namespace croton::inline v1
