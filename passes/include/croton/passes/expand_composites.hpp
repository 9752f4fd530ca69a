#pragma once

#include <croton/passes/pass.hpp>

namespace croton::inline v1 {

/// Replaces ops that mean an expression of others (softmax, mean, logsumexp) by that expression.
///
/// Why late: rules and gradients know such an op by name; the schedule sees only what it is made
/// of. Keeps: outputs, their order, types. Cost:  O(applies + edges) for each level of nesting.
struct ExpandComposites {
    static constexpr std::string_view name = "expand composites";
    Changed run(Graph& graph, PassContext& context) const;
};

/// The same of functions with a derivative of their own, before all rules: what they are made of is
/// simplified with what is around it. Gradients were taken before.
struct ExpandCustom {
    static constexpr std::string_view name = "expand custom";
    Changed run(Graph& graph, PassContext& context) const;
};

} // namespace croton::inline v1
