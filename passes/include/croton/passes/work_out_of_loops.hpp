#pragma once

#include <croton/passes/pass.hpp>

namespace croton::inline v1 {

/// Takes out of loops what need not be done step by step.
///
/// In front: a product of a sequence and of what all steps share is computed for all steps at once,
/// and the steps get its slices (`x_t @ W`), unless it is more than 8 times as large as its
/// operands. Behind: where a step only adds products to a state, as the gradient by a matrix of
/// weights does, the operands of all steps are collected and one product sums over the steps too;
/// the same of outer products of vectors, which are elementwise as they are written, and of sums of
/// what is collected. Not where one kernel has such sums in registers. Where it costs less memory
/// traffic: what is collected for it is no larger than the state. Where all else of the body are
/// elements, the terms of sums are added up from step to step, each in a loop of its own, and one
/// sum follows the loop: the gradient by a number that all members of a loop share. Not of more
/// terms than a state or a slice has elements. In a loop whose steps have loops, as one of
/// checkpoints has, products leave it only where they take no more memory than what other loops
/// store for its steps anyway.
///
/// When: once gradients are part of the graph, and nobody reads what such a state was after each
/// step. Keeps: values, up to what another order of additions rounds; in strict mode
/// loops stay as they are. 16-bit floats stay, as they would be rounded at each step. Cost: linear
/// in the bodies.
struct WorkOutOfLoops {
    static constexpr std::string_view name = "work out of loops";
    Changed run(Graph& graph, PassContext& context) const;
};

} // namespace croton::inline v1
