#pragma once

#include <croton/ir/scan_parts.hpp>

#include <cstddef>
#include <vector>

namespace croton::inline v1 {

/// A loop with its equal states as one.
struct MergedLoop {
    detail::ScanParts parts;
    std::vector<int> kept;          ///< ScanParams::kept
    std::vector<std::size_t> place; ///< in it, of each that ScanParams::kept had before
    bool changed = false;

    /// What stands for the outputs of the loop as it was, of which were `kept`, in `results` of
    /// this one.
    Variables in_place_of(const std::vector<int>& before, const Variables& results) const;
};

/// States that begin as one Variable, and that each step gives one value once they are one: the
/// coarsest partition of the states for which that holds, so that states which need each other are
/// found. So are sequences and constants that are given twice, and outs that are another one or a
/// state after the step, whose history they then are. Cost: the body's applies, as often as classes
/// split, up to 64 times: states that are not told apart then stay as they are.
MergedLoop merged_states(const detail::ScanParts& parts, const std::vector<int>& kept);

} // namespace croton::inline v1
