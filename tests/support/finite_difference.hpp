#pragma once

#include <croton/ir/variable.hpp>

#include <cstdint>
#include <vector>

namespace croton::test {

/// One element of `y`, by the reference.
double value_at(const Variables& inputs,
                const std::vector<Array>& values,
                const Variable& y,
                std::int64_t i = 0);

/// Fixed f64 draws, uniform in [lo, hi).
Array sample(std::uint64_t key, std::vector<std::int64_t> shape, double lo = 0.5, double hi = 1.5);

/// Checks derivatives of the scalar `y` at `values` (f64): grad against central differences, jvp
/// against grad, and if `second` hvp against central differences of grad.
void check_derivatives(const Variables& inputs,
                       const std::vector<Array>& values,
                       const Variable& y,
                       bool second = true);

} // namespace croton::test
