#pragma once

#include <croton/ir/region.hpp>
#include <croton/ir/variable.hpp>

#include <span>

namespace croton::inline v1::detail {

/// A lambda's graph, closed: what it uses of the graph around it are further inputs.
struct Captured {
    Region region;   ///< inputs: the placeholders, then one for each outer Variable
    Variables outer; ///< the outer Variables, in the order in which the graph meets them
};

/// Where a lambda's work goes that needs none of its placeholders.
enum class Invariants : bool {
    outside, ///< a loop computes it once, before its first step
    inside,  ///< a branch that is not taken computes nothing
};

/// Closes the graph from `placeholders` (made before the lambda ran) to `outputs`. Constants and
/// values made from extents and constants alone are copied in, as they are cheaper to make than to
/// load.
Captured capture(std::span<const Variable> placeholders,
                 std::span<const Variable> outputs,
                 Invariants invariants = Invariants::outside);

/// A Region with every symbol replaced, in the types of its inputs too; itself if nothing changes.
Region substituted(const Region& region, const Substitution& by);

} // namespace croton::inline v1::detail
