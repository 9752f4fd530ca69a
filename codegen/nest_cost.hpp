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

/// An inner extent may shrink with an outer index: at its largest.
Extent at_first_iteration(const Extent& extent);

/// Whether a loop runs over blocks of rows of columns, of which `blocked` counts all.
bool is_over_blocks_of_rows(const Loop& loop);

/// Flops of a part of a nest that runs `times` times.
Extent flops_of(const LoopNest& nest, const Block& block, const Extent& times);

/// Of what the parts of a product compute of its left operand, each its own rows.
Extent prologue_flops(const LoopNest& nest);

/// Whether the kernel reads what an array that it writes to held before, or holds from a first
/// pass over all of it. Not so partial results, which it makes and takes again at once.
bool is_updated(const Buffer& buffer);

} // namespace croton::inline v1::codegen
