#pragma once

#include <span>
#include <string_view>

namespace croton::inline v1::codegen {

/// The files of codegen/prelude, embedded by the build (tools/cmake/embed_prelude.cmake).
struct PreludeFile {
    std::string_view name;
    std::string_view text;
};
extern const std::span<const PreludeFile> prelude_files;

} // namespace croton::inline v1::codegen
