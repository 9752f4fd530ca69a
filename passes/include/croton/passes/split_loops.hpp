#pragma once

#include <croton/passes/pass.hpp>

namespace croton::inline v1 {

/// Takes states of few elements that need none of a loop's large ones, such as a counter or a
/// discount, into a loop of their own, which runs first. What the large ones read of them is then a
/// sequence: a loop whose other states are all large, along one axis, is a kernel then, in which
/// each member runs through all steps by itself. Where it is none, the loop stays as it is, without
/// the memory for that sequence.
///
/// When: before it is decided what a reverse loop stores. Keeps: bits. Not: loops that may stop
/// early. Cost: states times the size of the bodies,
/// and a trial kernel of each loop that has such states.
struct SplitLoops {
    static constexpr std::string_view name = "split loops";
    Changed run(Graph& graph, PassContext& context) const;
};

} // namespace croton::inline v1
