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

} // namespace croton::inline v1::codegen
