#pragma once

#include <croton/passes/pass.hpp>

namespace croton::inline v1 {

/// Takes out of loops what nobody needs: histories and outs that are not read, states that nothing
/// depends on, sequences and constants that the body does not use.
///
/// When: once gradients are part of the graph, as they read histories; before memory is planned, as
/// a history takes steps times its state. Keeps: values of what is read. Cost: linear in the
/// bodies.
struct TrimLoops {
    static constexpr std::string_view name = "trim loops";
    Changed run(Graph& graph, PassContext& context) const;
};

} // namespace croton::inline v1
