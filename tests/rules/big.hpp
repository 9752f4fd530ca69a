#pragma once

#include <croton/ir/variable.hpp>

#include <boost/multiprecision/cpp_bin_float.hpp>

#include <span>
#include <vector>

namespace croton::test {

/// A hundred decimal digits: what a value would be without rounding.
/// exp(-700) beside 1 takes 305 digits.
using Big = boost::multiprecision::number<boost::multiprecision::cpp_bin_float<330>>;

/// The i-th element of a pointwise expression, each op by its mathematical definition.
Big exact_value(const Variable& v,
                std::span<const Variable> inputs,
                std::span<const Array> values,
                std::int64_t i);

/// All elements of an expression that may also reduce, move and pick elements.
std::vector<Big>
exact_values(const Variable& v, std::span<const Variable> inputs, std::span<const Array> values);

} // namespace croton::test
