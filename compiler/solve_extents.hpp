#pragma once

#include <croton/ir/apply.hpp>

#include <vector>

namespace croton::inline v1 {

/// What the extents of a graph must be, solved once for the whole function.
struct SolvedExtents {
    Substitution substitution;          ///< symbols that turned out to be others, or known
    std::vector<Requirement> undecided; ///< checked when the function runs
};

/// Solves the requirements of every Apply that `outputs` need (regions included).
/// errors   UserError where two of them contradict each other: names both lines.
SolvedExtents solve_extents(std::span<const Variable> outputs);

/// throws   UserError where an extent in the graph has a symbol that no axis of an input gives a
///          value: at the place of the Apply that has it.
void require_bound(std::span<const Variable> inputs, std::span<const Variable> outputs);

} // namespace croton::inline v1
