#pragma once

#include <croton/codegen/loop_nest.hpp>

#include <set>
#include <vector>

namespace croton::inline v1::codegen {

/// The scalars that its expression is made of.
std::vector<ScalarId> operands_of(const Scalar& scalar);

/// Deepest loop in which each scalar is used.
std::vector<int> use_depths(const LoopNest& nest);

/// Adds `id` and every scalar that its expression and indices need.
void mark_needed(const LoopNest& nest, ScalarId id, std::set<ScalarId>& needed);

} // namespace croton::inline v1::codegen
