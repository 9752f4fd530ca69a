#pragma once

#include <croton/codegen/clusters.hpp>
#include <croton/codegen/loop_nest.hpp>

#include <string>

namespace croton::inline v1::codegen {

/// The loop nest of a cluster (any kind but scan, which a program schedules itself).
LoopNest lower(const Cluster& cluster);

/// Products whose operands have their axes in another order than (batch, m, k) and (batch, k, n)
/// get transposes in front, which are then read in place where strides allow it.
Variables order_contractions(std::span<const Variable> outputs);

} // namespace croton::inline v1::codegen
