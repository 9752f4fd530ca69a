#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace croton::inline v1 {

/// What the environment says: read once, in options.cpp and nowhere else.
struct Environment {
    std::string cache_folder; ///< empty: no disk cache
    std::uint64_t cache_limit_bytes = 0;
    std::string jit_folder;  ///< empty: beside the library
    std::string dump_folder; ///< empty: nothing is dumped
    bool verify = false;
    std::string sanitize;          ///< of functions whose options name none
    std::vector<std::string> blas; ///< of Matmul::library: the first of these
};
/// throws   UserError naming a variable whose value is none, in every call until there is none.
const Environment& environment();

struct EnvironmentVariable {
    std::string_view name;
    std::string_view default_value;
    std::string_view meaning;
};
/// Every environment variable that Croton reads: docs/options.md lists the same.
const std::vector<EnvironmentVariable>& environment_variables();

} // namespace croton::inline v1
