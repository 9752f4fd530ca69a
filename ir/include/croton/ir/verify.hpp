#pragma once

#include <croton/ir/graph.hpp>

#include <span>
#include <vector>

namespace croton::inline v1 {

/// Checks the promises that passes and emitters build on, in regions too:
///   every leaf that the outputs need is an input, a constant or a shared value;
///   operands of a pointwise Apply have the dtype its rule gives them and the result's shape;
///   every output has the type that the op's own rules give.
///
/// errors   InternalError: "add.3 has shape (3, 4), its rule says (3, 1)"; 3 is the place in
/// order(). cost     O(applies + edges).
void verify(const Graph& graph);
void verify(std::span<const Variable> inputs, std::span<const Variable> outputs);

/// The same of a graph whose Applies do not say what they require, as one from a file: all that its
/// rules require and that depends on symbols' values.
std::vector<Requirement> verify_stored(std::span<const Variable> inputs,
                                       std::span<const Variable> outputs);

} // namespace croton::inline v1
