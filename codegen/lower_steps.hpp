#pragma once

#include <croton/codegen/lower.hpp>

namespace croton::inline v1::codegen {

/// Whether the steps of a loop are so few scalars that one kernel holds the whole loop, its states
/// in registers: only ops of elements, on states, slices and outs of few elements each. Otherwise
/// each step calls the kernels of its body.
bool fits_a_kernel(const Apply& scan);

/// That kernel: for each step all elements of the states and outs, written out.
LoopNest lower_steps(const Cluster& cluster);

} // namespace croton::inline v1::codegen
