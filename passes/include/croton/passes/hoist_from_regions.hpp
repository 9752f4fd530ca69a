#pragma once

#include <croton/passes/pass.hpp>

namespace croton::inline v1 {

/// Takes work out of branches and loops that is the same whichever branch runs, and in each step:
/// what every branch computes of the same values, and what a step computes of what all steps share,
/// unless one kernel holds the loop. What only some branches compute stays, as it need not run.
///
/// Reductions, products and loops leave, and ops of elements that take as many operations as
/// storing what they give (PassOptions::flops_worth_storing). Cheaper ones and moves of elements
/// stay beside what reads them. A value that all branches give alike is none of theirs, and two
/// that each branch gives alike are one.
///
/// When: once composites are written out and equal values are one. Innermost regions come first,
/// so that what leaves a branch can leave the loop around it. Keeps: values, bit for bit. Cost:
/// linear in the bodies.
struct HoistFromRegions {
    static constexpr std::string_view name = "hoist from regions";
    Changed run(Graph& graph, PassContext& context) const;
};

} // namespace croton::inline v1
