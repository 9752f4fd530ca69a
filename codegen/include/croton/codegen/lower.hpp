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
Lowered lower(const Cluster& cluster);

/// Products whose operands have their axes in another order than (batch, m, k) and (batch, k, n)
/// get transposes in front, which are then read in place where strides allow it.
Variables order_contractions(std::span<const Variable> outputs);

} // namespace croton::inline v1::codegen
