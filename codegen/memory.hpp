#pragma once

#include <croton/ir/apply.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace croton::inline v1::codegen {

/// A value that lives in the workspace from the step that writes it to the last that reads it.
struct Lifetime {
    Variable value;
    Extent bytes = 0;
    std::size_t first = 0;
    std::size_t last = 0;
};

/// Where each value lies: slots, of which values that live at the same time never share one.
struct MemoryPlan {
    std::vector<std::size_t> slot_of; ///< per lifetime
    std::vector<Extent> slot_bytes;   ///< the largest of its values, or max(..) of them
};

/// Greedy colouring in order of the first use. Known sizes take the free slot that fits best; sizes
/// with symbols take a free slot of the same size, else one that they make max(..) of.
MemoryPlan plan_memory(const std::vector<Lifetime>& lifetimes);

} // namespace croton::inline v1::codegen
