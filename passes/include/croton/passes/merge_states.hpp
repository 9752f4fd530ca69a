#pragma once

#include <croton/passes/pass.hpp>

namespace croton::inline v1 {

/// Makes one of states of a loop that are equal in every step, of outs that are the same, and of an
/// out and the history of the state that it is. An out that is what a sequence gave is that
/// sequence.
///
/// When: once equal values are one, as states begin equal where they begin as one Variable; before
/// what a loop stores is decided. What the body computes twice after it is for MergeDuplicates.
/// Keeps: values, bit for bit. Cost: linear in the bodies, as often as states that begin equal
/// turn out to be different, up to 64 times.
struct MergeStates {
    static constexpr std::string_view name = "merge states";
    Changed run(Graph& graph, PassContext& context) const;
};

} // namespace croton::inline v1
