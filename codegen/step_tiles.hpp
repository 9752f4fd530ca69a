#pragma once

#include <croton/ir/apply.hpp>

#include <cstdint>
#include <optional>

#include "graph_plan.hpp"

namespace croton::inline v1::codegen {

/// Whether steps of a loop may be taken together, before its body is planned: by what its
/// parameters say, and as its states are too large to stay in a core's own cache.
bool may_be_tiled(const Apply& scan);

/// How to take steps of a loop together, if the kernels of its body compute rows, of which each
/// reads few around its own. Blocks of rows are computed one after another, each by all kernels of
/// all steps of a pass before the next block: while it is in the cache. The block of each kernel
/// lies `reach` rows in front of that of the kernel before, so that what it reads is there, and
/// what it writes over was read: two buffers that take turns, and memory that one value leaves to
/// another, as they would step by step.
///
/// Source: time skewing (Wonnacott 2000), with two arrays as in Malas et al. 2015.
std::optional<StepTiles> tiles_of(const Apply& scan, const GraphPlan& body);

} // namespace croton::inline v1::codegen
