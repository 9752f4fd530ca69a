#pragma once

#include <croton/codegen/clusters.hpp>
#include <croton/codegen/loop_nest.hpp>

#include <vector>

namespace croton::inline v1::codegen {

/// A cluster of kind rows as one nest; or a map of pieces (a concatenation, padding) as one for
/// each run along its first axis, which threads then share.
/// begun      a nest that has nothing but its applies
/// in_parts   also where they are too little work for threads
std::vector<LoopNest> lower_rows(const Cluster& cluster, const LoopNest& begun, bool in_parts);

} // namespace croton::inline v1::codegen
