#pragma once

#include <croton/ir/variable.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace croton::test {

/// One element of `y`, by the reference.
double value_at(const Variables& inputs,
                const std::vector<Array>& values,
                const Variable& y,
                std::int64_t i = 0);

/// Fixed f64 draws, uniform in [lo, hi).
Array sample(std::uint64_t key, std::vector<std::int64_t> shape, double lo = 0.5, double hi = 1.5);

/// What is wrong with derivatives of the scalar `y` at `values` (f64): grad against central
/// differences, jvp against grad, and if `second` hvp against central differences of grad.
std::string wrong_derivative(const Variables& inputs,
                             const std::vector<Array>& values,
                             const Variable& y,
                             bool second = true);
/// Checks that nothing is.
void check_derivatives(const Variables& inputs,
                       const std::vector<Array>& values,
                       const Variable& y,
                       bool second = true);

} // namespace croton::test
