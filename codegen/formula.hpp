#pragma once

#include <croton/codegen/loop_nest.hpp>

#include <string>
#include <vector>

#include "names.hpp"

namespace croton::inline v1::codegen {

/// What a kernel computes, in index notation: `energy[i] = sum_j softplus(x[i, j] - mean[i])`. One
/// line for each value that it stores; in front of them lines for values that are used several
/// times or would make a line long, under a name of their own. Lines have at most `width` columns,
/// as far as operands can be named; of many lines only the first ones are given.
std::vector<std::string>
formula_lines(const LoopNest& nest, const SymbolNames& symbols, std::size_t width);

/// "2 * n + 1", with the names of `symbols` and for others their own.
std::string extent_text(const Extent& extent, const SymbolNames& symbols);
/// "4 n m + 8": of flops and bytes.
std::string quantity_text(const Extent& extent, const SymbolNames& symbols);
/// "(n, 3)".
std::string extents_text(const Shape& shape, const SymbolNames& symbols);

} // namespace croton::inline v1::codegen
