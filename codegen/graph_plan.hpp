#pragma once

#include <croton/codegen/clusters.hpp>
#include <croton/codegen/emit_cpp.hpp>

#include <memory>
#include <span>
#include <vector>

#include "memory.hpp"

namespace croton::inline v1::codegen {

struct GraphPlan;

struct PlannedKernel {
    LoopNest nest;
    EmittedKernel kernel;
};

/// What `run` does for one cluster: calls its kernels, or loops over steps.
struct PlannedStep {
    const Cluster* cluster = nullptr;
    std::vector<PlannedKernel> kernels;
    std::vector<Variable> scratch;   ///< arrays that one kernel hands to the next
    std::unique_ptr<GraphPlan> body; ///< of a loop over steps
    std::size_t workspace = 0;       ///< lifetime of that loop's own memory
};

/// A graph scheduled and laid out: its steps in order, and where its intermediate values lie.
struct GraphPlan {
    Clusters clusters;
    std::vector<PlannedStep> steps;
    std::vector<Lifetime>
        lifetimes; ///< the last ones, of steps with a body, stand for that workspace
    MemoryPlan memory;
    std::vector<Variable> outputs;
};

/// `next_kernel` numbers kernels through all graphs of a program.
GraphPlan plan_graph(std::span<const Variable> outputs, int& next_kernel);

/// Rounded up to whole cache lines.
Extent aligned(const Extent& bytes);

/// Bytes of the two buffers that a state of a loop alternates between; 0 where its history is kept.
std::vector<Extent> state_buffers(const Apply& scan);

/// Bytes of a plan's slots together.
Extent total_bytes(const MemoryPlan& memory);

} // namespace croton::inline v1::codegen
