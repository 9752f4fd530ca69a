#pragma once

#include <croton/passes/pass.hpp>

namespace croton::inline v1 {

/// A loop that adds up a sum in each step adds up its terms, and one sum follows the loop: the
/// gradient by a number that all members of a loop share. Only where what is left of the body are
/// elements, which then stay in registers from step to step.
///
/// When: once gradients are part of the graph and nobody reads what such a sum was after each step.
/// Keeps: values, up to what another order of additions rounds; in strict mode all stays as it is.
/// Cost: linear in the bodies.
struct SumsBehindLoops {
    static constexpr std::string_view name = "sums behind loops";
    Changed run(Graph& graph, PassContext& context) const;
};

} // namespace croton::inline v1
