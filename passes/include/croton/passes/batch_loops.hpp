#pragma once

#include <croton/passes/pass.hpp>

namespace croton::inline v1 {

/// Turns a loop that is a map into ops on whole arrays: where no step needs another one, or only
/// what it was given one or more steps before, all steps are one op each, by the rules that batch
/// (croton/ir/batch.hpp). So ops of elements become loop nests of all steps, products of a sequence
/// with what all steps share one product, and loops in a step loops over members.
///
/// Memory decides: nothing that a step computes is larger than what it is given and collects of
/// sequences and outs together, nor are all arrays that a step makes in between, which all steps
/// then have at once. A loop in a step stays in one kernel if it was. Steps that scatter, branch,
/// or have a loop that may stop stay a loop, as does, in strict mode, one with sums or products,
/// which may be added in another order.
///
/// When: once sums have left loops (WorkOutOfLoops), which leaves many without states. Keeps:
/// values, up to what another order of additions rounds. Cost: linear in the bodies.
struct BatchLoops {
    static constexpr std::string_view name = "batch loops";
    Changed run(Graph& graph, PassContext& context) const;
};

} // namespace croton::inline v1
