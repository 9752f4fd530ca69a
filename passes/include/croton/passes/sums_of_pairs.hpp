#pragma once

#include <croton/passes/pass.hpp>

namespace croton::inline v1 {

/// Lets sums over pairs share one loop over them, so that no array of all pairs is stored.
///
/// What pairs are made of has one of two groups of axes each: distances of n points are n^2
/// elements that are made of 2 n. Where several reductions read them, along rows and down columns,
/// a kernel would store all pairs for the others. Pairs that are the same, or the opposite, with
/// rows and columns exchanged are reduced along rows for both; of others the columns are made
/// again, turned, where that is cheaper than to store and load them.
///
/// When: once gradients are part of the graph, composites are expanded and duplicates merged.
/// Keeps: values, up to what another order of additions rounds and the signs of zeros; does nothing
/// in strict mode. Cost: linear in the applies behind reductions, up to 1,000 each.
struct SumsOfPairs {
    static constexpr std::string_view name = "sums of pairs";
    Changed run(Graph& graph, PassContext& context) const;
};

} // namespace croton::inline v1
