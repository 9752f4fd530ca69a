#pragma once

#include <croton/codegen/program.hpp>

#include "graph_plan.hpp"

namespace croton::inline v1::codegen {

/// Floating-point operations of one iteration of the outermost loop, where that is known.
Extent cost_per_iteration(const LoopNest& nest);

/// Whether its work is known and not worth other threads.
bool is_for_one_thread(const LoopNest& nest);

/// How one of a cluster's nests loops: what combines results of blocks of members has no steps.
ClusterKind kind_of(const LoopNest& nest, const Cluster& cluster);

/// What explain() tells about it.
KernelInfo kernel_info(const PlannedKernel& kernel, ClusterKind kind);

} // namespace croton::inline v1::codegen
