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

/// The same of functions of a user's (custom_op), before all rules: what they are made of is
/// simplified with what is around it. Gradients were taken before.
struct ExpandCustom {
    static constexpr std::string_view name = "expand custom";
    Changed run(Graph& graph, PassContext& context) const;
};

/// In the steps of loops what is computed again (recompute_op), where that is elements alone: a
/// step that has no more than these becomes a kernel, in which they take no memory.
///
/// When: after what loops store was decided, which is then not stored.
struct ExpandRecomputed {
    static constexpr std::string_view name = "expand recomputed";
    Changed run(Graph& graph, PassContext& context) const;
};

} // namespace croton::inline v1
