#pragma once

#include <croton/passes/pass.hpp>

namespace croton::inline v1 {

/// Writes out what need be no branch and no loop: the branch that a constant chooses, a loop of one
/// step, and of none, which leaves its states as they begin. A loop whose limit is a constant runs
/// so many steps, and has a limit no more.
///
/// When: with the rules, as constants are folded by them and what is written out is simplified by
/// them. Keeps: values, bit for bit. Cost: linear in the bodies that are written out.
struct InlineRegions {
    static constexpr std::string_view name = "inline regions";
    Changed run(Graph& graph, PassContext& context) const;
};

} // namespace croton::inline v1
