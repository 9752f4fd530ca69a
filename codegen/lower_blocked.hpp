#pragma once

#include <croton/codegen/lower.hpp>

namespace croton::inline v1::codegen {

/// Elements in a block of a long reduction.
constexpr std::int64_t reduction_block = 16384;

/// Rows so short that most of their work would be in combining lanes and in what is left over: then
/// lanes go across rows.
constexpr std::int64_t longest_short_row = 16;

/// Rows in a block of a reduction of columns. As many blocks are added in sequence where there are
/// some millions of rows: more rows of a block, or fewer, would lose more digits.
constexpr std::int64_t column_block = 1024;

/// Whether a cluster reduces whole arrays that may be long: then blocks of fixed length are reduced
/// first, by any number of threads, and their results after that, in one order.
bool reduces_in_blocks(const Cluster& cluster);

/// The second nest: the partial results of `cluster`'s reductions combined, and what follows from
/// them.
LoopNest combine_partials(const Cluster& cluster,
                          const std::vector<Variable>& partials,
                          const Extent& blocks);

/// Two nests, and between them an array of partial results for each reduction.
Lowered lower_blocked(const Cluster& cluster);

} // namespace croton::inline v1::codegen
