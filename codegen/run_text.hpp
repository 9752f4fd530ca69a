#pragma once

#include <string>

namespace croton::inline v1::codegen {

/// The parts of `run`, each lines without indentation.
struct RunText {
    std::string prologue; ///< extents get their values and are checked
    std::string limits;   ///< which extents `workspace_bytes` gives 0 for
    std::string sizes;    ///< ends of the workspace's slots where they are not known
    std::string steps;    ///< the calls
    std::string total;    ///< bytes of the workspace as an expression; empty: none
};

/// The functions `run` and `workspace_bytes`.
std::string write_run(const RunText& parts);

} // namespace croton::inline v1::codegen
