#pragma once

#include <croton/codegen/clusters.hpp>
#include <croton/codegen/loop_nest.hpp>

#include <vector>

namespace croton::inline v1::codegen {

/// A cluster as loop nests that run one after another, and arrays that they hand on.
struct Lowered {
    std::vector<LoopNest> nests;
    std::vector<Variable> scratch;
};

/// Lowers a cluster (of any kind but scan, which a program schedules itself).
/// in_parts   each run of rows by a nest of its own, for a caller that asks for rows in blocks
Lowered lower(const Cluster& cluster, bool in_parts = false);

/// Whether one kernel holds a whole loop, its states in registers: only ops of elements, on states,
/// slices and outs of few elements each, beside long axes that are the same of all states and along
/// which members of the loop run that read nothing of one another. Otherwise each step calls the
/// kernels of its body.
bool fits_a_kernel(const Apply& scan);
/// Of such a loop's state, slice or out.
constexpr std::int64_t elements_in_registers = 16;

/// Products whose operands have their axes in another order than (batch, m, k) and (batch, k, n)
/// get transposes in front, which are then read in place where strides allow it.
Variables order_contractions(std::span<const Variable> outputs);

} // namespace croton::inline v1::codegen
