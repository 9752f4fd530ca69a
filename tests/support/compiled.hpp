#pragma once

#include <croton/croton.hpp>

#include <vector>

namespace croton::test {

/// The elements of `y` at `at`, row-major, compiled; checks that the references give the same, up
/// to 1e-10 of each and 1e-14.
std::vector<double>
compiled_values(const Variable& y, const Inputs& inputs, const std::vector<Any>& at);

/// The matrix that a pattern and values are, row-major; checks that the pattern has each place
/// once, ascending.
std::vector<double> dense(const SparsePattern& pattern, const Array& values);

/// The same of loops, whose symbols are what `by` says; checks that each element is in the matrix.
std::vector<double> dense_of_loops(const SparsePattern& pattern,
                                   const Array& values,
                                   std::int64_t rows,
                                   std::int64_t columns,
                                   const Substitution& by);

} // namespace croton::test
