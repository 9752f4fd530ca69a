#pragma once

#include <croton/passes/pass.hpp>

namespace croton::inline v1 {

/// Merges Applies with equal op, parameters, inputs and types into the first of them, and equal
/// constants into one. The operands of a commutative op count in either order.
///
/// Why first: rules compare by identity, so two spellings of one value must be one before they
/// match. Keeps: outputs, their order, types. Cost:  one hash per Apply, O(applies + edges + bytes
/// of constants).
struct MergeDuplicates {
    static constexpr std::string_view name = "merge duplicates";
    Changed run(Graph& graph, PassContext& context) const;
};

} // namespace croton::inline v1
