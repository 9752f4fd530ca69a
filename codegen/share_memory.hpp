#pragma once

#include "graph_plan.hpp"

namespace croton::inline v1::codegen {

/// Gives every value of a scheduled graph its memory: outputs that lie where an input lay, outputs
/// that are copied at the end, lifetimes in the workspace, and values that take the memory of one
/// that is read for the last time. Kernels get one pointer for two values that share memory, so
/// this comes before their text is written.
void share_memory(GraphPlan& plan, const OuterMemory& outer);

} // namespace croton::inline v1::codegen
