#pragma once

#include <croton/ir/op.hpp>
#include <croton/ir/variable.hpp>

#include <span>
#include <string>
#include <vector>

#include "support/compare.hpp"

namespace croton::test {

/// Expressions that are compiled together as one function, and arrays to call it with. Together
/// the samples use every op of all_ops().
struct Sample {
    std::string name; ///< "arithmetic f32": an identifier once blanks are replaced
    Variables inputs = {};
    Variables outputs = {};
    std::vector<std::string> texts = {};        ///< of each output: the op or expression
    std::vector<Tolerance> tolerances = {};     ///< of each output
    std::vector<std::vector<Array>> calls = {}; ///< for each call one Array per input
    bool fast_start = false; ///< of the Options: enough where only the text depends on the dtype

    void add(std::string text, const Variable& output, Tolerance tolerance = {});
};

/// A family of pointwise ops in every dtype that their dtype rules accept, each op sampled in the
/// domains of all of the family and on pairs of special values: of all of these, of one element and
/// of none; with rank 0 of one element without axes.
struct Family {
    std::string_view name;
    std::span<const Op* const> ops;
};
std::vector<Family> pointwise_families();
Sample pointwise_sample(const Family& family, DType dtype, int rank = 1);

/// Casts from one dtype to all others.
Sample cast_sample(DType from);

/// Every sample of pointwise ops.
std::vector<Sample> pointwise_samples();

/// Small expressions of all other ops, symbolic extents called with empty, 1-element and odd sizes.
std::vector<Sample> structured_samples();

/// Real dtypes: all but the complex ones.
std::vector<DType> real_dtypes();
/// Those that every structured op is sampled in: f32, f64, all integers and bool. What there is
/// about 16-bit floats is tests/compiler/sixteen_bits.cpp's.
std::vector<DType> swept_dtypes();

} // namespace croton::test
