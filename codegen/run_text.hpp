#pragma once

#include <string>
#include <vector>

namespace croton::inline v1::codegen {

/// What `run` is made of: lines without indentation. A declaration has a line of its own.
struct RunText {
    std::string prologue; ///< extents get their values and are checked; where arguments lie
    std::string limits;   ///< which extents `workspace_bytes` gives 0 for
    std::string sizes;    ///< ends of the workspace's slots where they are not known
    std::string values;   ///< where intermediate values lie
    /// The calls, cut where nothing that a part declares is used behind it.
    std::vector<std::string> parts;
    std::string total; ///< bytes of the workspace as an expression; empty: none
};

/// The functions `run` and `workspace_bytes`, and one for each of several parts: what compiling a
/// function costs grows faster than its length.
std::string write_run(const RunText& run);

} // namespace croton::inline v1::codegen
