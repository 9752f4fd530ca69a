#pragma once

#include <croton/codegen/clusters.hpp>
#include <croton/codegen/lower.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "graph_plan.hpp"

namespace croton::inline v1::codegen {

/// Finds clusters in a row that hand each other arrays which no cache of a core holds, where each
/// row needs few rows around its own. Rows are then computed in blocks, each by all of their
/// kernels before the next block is, and what they hand each other lies on the stack: a kernel
/// computes the rows that those behind it read of the block. So blocks are independent, and rows
/// where two of them meet are computed twice.
///
/// Source: overlapped tiling, as in Halide (Ragan-Kelley et al. 2013).
class RowBlockFinder {
public:
    /// `clusters` and `outputs` of a graph stay where they are; `outer` is its caller's memory.
    RowBlockFinder(std::span<const Cluster> clusters,
                   std::span<const Variable> outputs,
                   const OuterMemory& outer)
        : clusters_(clusters), outputs_(outputs), outer_(outer)
    {}

    struct Found {
        RowBlocks blocks;
        std::vector<Lowered> nests; ///< of each of its steps
    };
    /// That begin with cluster `first`, if such do.
    std::optional<Found> from(std::size_t first);

private:
    bool is_candidate(const Cluster& c) const;
    bool takes_much(const Cluster& c, std::span<const Cluster> before) const;
    bool is_output(const Variable& v) const;
    bool is_read_after(const Variable& v, std::size_t end);
    std::optional<RowBlocks> blocks(std::size_t first, std::span<const Lowered> nests);

    std::span<const Cluster> clusters_;
    std::span<const Variable> outputs_;
    const OuterMemory& outer_;
    /// The last cluster that reads a value, once it was asked for. Looked up only.
    std::unordered_map<const detail::Value*, std::size_t> last_reads_;
};

} // namespace croton::inline v1::codegen
