#pragma once

#include <croton/codegen/loop_nest.hpp>

namespace croton::inline v1::codegen {

/// What one call of a kernel takes, as far as extents tell: loops to their ends, arrays once.
struct NestCost {
    Extent flops = 0;
    Extent bytes_read = 0;
    Extent bytes_written = 0;
};
NestCost cost_of(const LoopNest& nest);

} // namespace croton::inline v1::codegen
