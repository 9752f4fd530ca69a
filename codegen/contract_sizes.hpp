#pragma once

#include <croton/ir/extent.hpp>

#include "known_extent.hpp"

namespace croton::inline v1::codegen {

/// Bytes of a row that a thread takes at a time.
constexpr int tile_row_bytes = 1024;
/// Bytes of the terms of k that are summed by themselves: long sums lose fewer digits so, and a
/// block is visited once for them. Terms of a dot product likewise.
constexpr int depth_bytes = 1536;
constexpr int dot_terms = 4096;
/// Bytes of a piece of a row that is summed in the nearest cache, and dot products in a piece.
constexpr int piece_bytes = 2048;
constexpr int piece_dots = 64;
/// Narrow matrices are read where they lie, and so are those that few rows are multiplied with.
constexpr int narrow_bytes = 512;
constexpr int few_rows = 16;
/// Of a computed: a part of the product takes so many rows, and so many bytes of a row of the
/// result, as each part computes its strip anew.
constexpr int strip_rows = 48;
constexpr int strip_tile_bytes = 4096;
/// Terms that are packed at a time; of b computed: the bytes of a strip's columns.
constexpr int pack_terms = 32;
constexpr int strip_column_bytes = 256;

/// How often an operand is packed: once if it is the same for the whole batch.
inline Extent copies_of(const Extent& batch, const Extent& batch_stride)
{
    return is_known_as(batch_stride, 0) ? Extent(1) : batch;
}

} // namespace croton::inline v1::codegen
