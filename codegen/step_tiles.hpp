#pragma once

#include <croton/ir/apply.hpp>

#include <cstdint>
#include <optional>

#include "graph_plan.hpp"

namespace croton::inline v1::codegen {

/// Whether steps of a loop may be taken together, before its body is planned: by what its
/// parameters say, and as its states are too large to stay in a core's own cache.
bool may_be_tiled(const Apply& scan);

/// How to take steps of a loop together, if its body is one kernel of rows that read few rows
/// around their own. Blocks of rows are computed one after another, each for all steps of a pass
/// before the next one: while they are in the cache. The block of each step ends `skew` rows before
/// that of the step before, so that what it reads is there, and what it writes over, where two
/// buffers take turns, was read.
///
/// Source: time skewing (Wonnacott 2000), with two arrays as in Malas et al. 2015.
std::optional<StepTiles> tiles_of(const Apply& scan, const GraphPlan& body);

} // namespace croton::inline v1::codegen
