#pragma once

#include <croton/ir/array.hpp>

#include <cstdint>
#include <vector>

#include "support/compare.hpp"

namespace croton::test {

using Sizes = std::vector<std::int64_t>;

/// Distance from 1 to the next number, of the 16-bit floats the larger one; 0 of integers.
double epsilon(DType t);

/// Of a sum of `count` terms of magnitude `largest`: each addition rounds a partial sum that may be
/// as large as all terms before it.
Tolerance of_sum(DType t, double count, double largest = 2);

/// Floats in [-2, 2], integers in [-5, 5] or [0, 10], bool both.
Array draw(DType t, const Sizes& shape, unsigned seed);

/// Powers of two between 1/2 and 2 with either sign: products are exact.
Array draw_factors(DType t, const Sizes& shape, unsigned seed);

/// Positions along an axis of `extent`, half of them counted from the end.
Array draw_indices(const Sizes& shape, std::int64_t extent, unsigned seed);

} // namespace croton::test
