#pragma once

#include <croton/codegen/emit_cpp.hpp>
#include <croton/ir/dtype.hpp>

#include <string>
#include <vector>

namespace croton::inline v1::codegen {

/// Functions that all matrix products of one dtype call, so that a program has each once; the last
/// two where that operand is packed:
///
///   product_rows_<t>(rows, width, depth, begun, a, a_row, a_step, b, b_step, sums, sums_row)
///       sums[r][c] += a[r][p] * b[p][c] in registers, for up to CT_BLOCK_ROWS rows and
///       CT_BLOCK_COLUMNS columns; without what `sums` holds unless `begun`.
///   product_pack_a_<t>, product_pack_b_<t>(from, row, column, k, n, first, packed)
///       pack_terms rows of k x n elements, the first of which is `from`, in panels of a
///       block's rows or columns.
std::vector<SharedFunction> product_functions(DType dtype, bool packs_a, bool packs_b);

/// "CT_BLOCK_COLUMNS(f32)": of a block of sums, on the CPU that the text is compiled for.
std::string block_columns(DType dtype);

/// "fma_f32(a, b, sum)", or as integers wrap.
std::string
multiply_add(DType dtype, const std::string& a, const std::string& b, const std::string& sum);

} // namespace croton::inline v1::codegen
