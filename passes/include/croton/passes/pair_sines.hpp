#pragma once

#include <croton/passes/pass.hpp>

namespace croton::inline v1 {

/// Looks for the sine and the cosine of one value in a graph, for PairSines.
struct FindPairsOfSines {
    static constexpr std::string_view name = "find pairs of sines";
    Changed run(Graph& graph, PassContext& context) const;
};

/// Where there is a pair in f64, in a region or outside, all f64 sines and cosines become parts of
/// one function, which reduces its argument once: sin(x), cos(x) -> sincos(x).sin, sincos(x).cos.
///
/// Why last: rules know sines by their op, and which are left is known only then. Why all: the
/// function gives other bits than the sine alone, and what is computed once more in another kernel
/// or region, for a gradient, has to be the same number. Not in strict mode. Cost: O(applies).
struct PairSines {
    static constexpr std::string_view name = "pair sines";
    Changed run(Graph& graph, PassContext& context) const;
};

} // namespace croton::inline v1
