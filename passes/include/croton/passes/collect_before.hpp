#pragma once

#include <croton/passes/pass.hpp>

namespace croton::inline v1 {

/// A loop inside another one's step, or around another one, of which the states after each step are
/// read only as those before each, one step later, collects these instead: an array where there
/// would be two. Such are the chunks between checkpoints, and each of them, which a gradient runs
/// again.
///
/// When: once it is decided what a reverse loop reads (StoreForReverse). Keeps: values, bit for
/// bit. Any other loop has its history read where it lies, in the reverse's kernel.
struct CollectBefore {
    static constexpr std::string_view name = "collect before";
    Changed run(Graph& graph, PassContext& context) const;
};

} // namespace croton::inline v1
