#pragma once

#include <croton/passes/pass.hpp>

namespace croton::inline v1 {

/// A loop whose states are kept for a reverse loop holds those before each chunk of about the
/// square root of its steps, and the reverse loop runs the steps of a chunk again: as if the user
/// had written `.checkpoint`. Of n steps about 2 sqrt(n) states are held, for a third more work.
///
/// When: where it holds more than PassOptions::most_history_bytes, which is set where memory is
/// short; before it is decided what a reverse loop reads (StoreForReverse). Of loops with a known
/// number of steps, all of which run, in no other loop. Keeps: values, bit for bit. Cost:
/// O(applies) for each loop.
struct ChunkGradients {
    static constexpr std::string_view name = "chunk gradients";
    Changed run(Graph& graph, PassContext& context) const;
};

} // namespace croton::inline v1
