#pragma once

#include <croton/ir/variable.hpp>

#include <span>

#include "graph_plan.hpp"

namespace croton::inline v1::codegen {

/// Of the body of a loop over steps, whose memory is planned: operands of products that no step
/// changes are packed by the first step alone, into memory that nothing else takes while the loop
/// runs. `unchanged`: the body's inputs that are the same in all steps.
void pack_in_first_step(GraphPlan& plan, std::span<const Variable> unchanged);

} // namespace croton::inline v1::codegen
