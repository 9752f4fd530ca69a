#pragma once

#include <croton/passes/pass.hpp>

namespace croton::inline v1 {

/// Computes, by the references, Applies whose operands are all constants.
///
/// What has an extent of 0 becomes a broadcast zero. A pointwise Apply over broadcast scalars
/// becomes a broadcast scalar, whatever its extents. A result of more than 1024 elements that is
/// larger than its operands is left to the compiled code.
/// Keeps: outputs, their order, types.
/// Cost:  O(applies + edges) and the references of what is folded.
struct FoldConstants {
    static constexpr std::string_view name = "fold constants";
    Changed run(Graph& graph, PassContext& context) const;
};

} // namespace croton::inline v1
