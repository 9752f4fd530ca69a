#pragma once

#include <croton/codegen/loop_nest.hpp>

#include <vector>

namespace croton::inline v1::codegen {

/// Deepest loop in which each scalar is used.
std::vector<int> use_depths(const LoopNest& nest);

} // namespace croton::inline v1::codegen
