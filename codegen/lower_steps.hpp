#pragma once

#include <croton/codegen/lower.hpp>

namespace croton::inline v1::codegen {

/// Whether one kernel holds a whole loop, its states in registers: only ops of elements, on states,
/// slices and outs of few elements each, beside long axes that are the same of all states and along
/// which members of the loop run that read nothing of one another. Otherwise each step calls the
/// kernels of its body.
bool fits_a_kernel(const Apply& scan);

/// That kernel: for each step all elements of the states and outs, written out. Members are the
/// outermost loops, those of the last axis in lanes.
LoopNest lower_steps(const Cluster& cluster);

} // namespace croton::inline v1::codegen
