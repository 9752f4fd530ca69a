#pragma once

#include <croton/ir/apply.hpp>

#include <span>
#include <string>
#include <vector>

namespace croton::inline v1 {

/// What made two extents one: an op, and where it stands.
struct Equality {
    Extent a = 0, b = 0; ///< as written
    std::string op;
    const Location* where = nullptr;
};

/// What the extents of a graph must be, solved once for the whole function.
struct SolvedExtents {
    Substitution substitution;          ///< symbols that turned out to be others, or known
    std::vector<Equality> equalities;   ///< that it follows from
    std::vector<Requirement> undecided; ///< checked when the function runs
};

/// What no Apply requires: of `what`, an equality, `by` is what asks for it.
struct AskedEquality {
    Requirement what;
    std::string by; ///< "the update of 'w'"
};

/// Solves the requirements of every Apply that `outputs` need (regions included), and what is asked
/// for besides.
/// errors   UserError where two of them contradict each other: names both lines.
SolvedExtents solve_extents(std::span<const Variable> outputs,
                            std::span<const AskedEquality> asked);

/// "add at model.cpp:3 and mul at model.cpp:4": why two extents are one; each extent as written.
/// Empty where they are one as written, or that is not found.
std::string reason_for(const Extent& a, const Extent& b, std::span<const Equality> equalities);

/// throws   UserError where an extent in the graph has a symbol that no axis of an input gives a
///          value: at the place of the Apply that has it.
void require_bound(std::span<const Variable> inputs, std::span<const Variable> outputs);

} // namespace croton::inline v1
