#pragma once

#include <croton/ir/variable.hpp>

#include <boost/multiprecision/mpfr.hpp>

#include <span>
#include <vector>

namespace croton::test {

/// What a value would be without rounding: exp(-700) beside 1 takes 305 decimal digits.
using Big = boost::multiprecision::number<boost::multiprecision::mpfr_float_backend<330>,
                                          boost::multiprecision::et_off>;

/// The i-th element of a pointwise expression, each op by its mathematical definition.
Big exact_value(const Variable& v,
                std::span<const Variable> inputs,
                std::span<const Array> values,
                std::int64_t i);

/// All elements of an expression that may also reduce, move and pick elements.
std::vector<Big>
exact_values(const Variable& v, std::span<const Variable> inputs, std::span<const Array> values);

} // namespace croton::test
