#pragma once

#include <croton/codegen/loop_nest.hpp>

#include <string>

#include "names.hpp"

namespace croton::inline v1::codegen {

/// The comment above a kernel: what it computes in index notation and on which of the user's lines
/// that stands, each argument with dtype, extents and use, and what a call costs. `symbols` are the
/// names of the kernel's extents. Ends with an empty line.
std::string
kernel_comment(const LoopNest& nest, const std::string& name, const SymbolNames& symbols);

} // namespace croton::inline v1::codegen
