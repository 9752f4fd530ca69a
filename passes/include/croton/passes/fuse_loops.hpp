#pragma once

#include <croton/passes/pass.hpp>

namespace croton::inline v1 {

/// Makes one loop of several with the same number of steps in the same direction.
///
/// Side by side: loops of which none needs another one, and that have work in common: a state that
/// is the same in both, an equal value of a step, in kernels also a sequence that both read.
/// Forward mode runs a loop a second time beside the one whose results are used; gradients that
/// are taken one by one are a loop each. Loops that may stop must stop alike. One after another,
/// where both are kernels: a loop that reads what an earlier one collects only as its own sequence
/// gets it in the same step.
///
/// A loop is not taken out of a kernel (PassOptions::fits_a_kernel), nor is one that will be a
/// kernel once its sums have left it made part of one that will not. No cycle arises: each loop
/// has as its level the number of loops on the longest way to it, and loops side by side have the
/// same level, so that no way leads from one to the other.
///
/// When: once states are merged and dead outputs gone; before what is stored for a reverse loop is
/// decided, so that two loops that one reads are one, and again when work has left the loops and
/// more of them are kernels. Keeps: values, bit for bit. Cost: linear in the graph and the bodies;
/// each loop is compared with a few others that read what it reads.
struct FuseLoops {
    static constexpr std::string_view name = "fuse loops";
    Changed run(Graph& graph, PassContext& context) const;
};

} // namespace croton::inline v1
