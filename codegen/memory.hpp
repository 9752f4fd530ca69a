#pragma once

#include <croton/ir/apply.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace croton::inline v1::codegen {

/// Memory of the workspace that is in use from the step that writes it to the last that reads it.
struct Lifetime {
    Variable value; ///< the first that lies there; empty: a loop's own workspace
    Extent bytes = 0;
    std::size_t first = 0;
    std::size_t last = 0;
};

/// Bytes before each value, and at least as many behind it, with ProgramOptions::gaps.
constexpr std::int64_t gap_bytes = 64;

/// Where each lifetime lies. Those of known size have exact offsets in a part of their own, in
/// front; each slot after it holds those of sizes with symbols that are never alive together.
struct MemoryPlan {
    struct Place {
        int slot = -1;           ///< -1: at `offset` of the part in front
        std::int64_t offset = 0; ///< a multiple of 64
    };
    std::vector<Place> place_of;    ///< per lifetime
    std::int64_t known_bytes = 0;   ///< of the part in front
    std::vector<Extent> slot_bytes; ///< the largest of its values, or max(..) of them
};

/// Known sizes: the largest first, each into the smallest gap that it fits between those that are
/// alive with it. Sizes with symbols: greedy colouring in order of the first use, into a free slot
/// of the same size, else into one that becomes max(..) of both.
MemoryPlan plan_memory(const std::vector<Lifetime>& lifetimes);

/// Rounded up to whole cache lines.
Extent aligned(const Extent& bytes);

/// Bytes of a plan together, and where a lifetime lies in them.
Extent total_bytes(const MemoryPlan& memory);
Extent offset_of(const MemoryPlan& memory, std::size_t lifetime);

} // namespace croton::inline v1::codegen
