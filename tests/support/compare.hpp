#pragma once

#include <croton/ir/array.hpp>

#include <string>

namespace croton::test {

/// How far a float may be from what is expected: the larger of the two. Integers and bool must be
/// equal, NaN stands where NaN is expected, and signs of zeros agree where both are 0.
struct Tolerance {
    double ulp = 0;      ///< units in the last place of the result's dtype at the expected value
    double absolute = 0; ///< for sums, whose terms may cancel
};

/// |got - expected| in units of the last place at `expected` of a `dtype`. An infinity counts as
/// the power of two after the largest number; infinite where only one is NaN.
double ulp_distance(DType dtype, double got, double expected);

/// Names the first element that is too far off, with both values; empty where there is none.
std::string first_difference(const Array& got, const Array& expected, const Tolerance& tolerance);

} // namespace croton::test
