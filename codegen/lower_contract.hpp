#pragma once

#include <croton/codegen/clusters.hpp>
#include <croton/codegen/loop_nest.hpp>

namespace croton::inline v1::codegen {

/// Fills `nest.contract` from a cluster of kind contract: extents and strides of each axis class.
void write_contract(const Cluster& cluster, LoopNest& nest);

} // namespace croton::inline v1::codegen
