#pragma once

#include <croton/codegen/lower.hpp>

#include "three_axes.hpp"

namespace croton::inline v1::codegen {

/// Reductions over axes that are not the last.
Lowered lower_columns(const Cluster& cluster);

/// One serial loop over the middle axis for each kept index: 16-bit floats, and prefixes.
void write_serial(const Cluster& cluster,
                  LoopNest& nest,
                  const ThreeAxes& axes,
                  LoopKind direction,
                  Monoid monoid);

} // namespace croton::inline v1::codegen
