#pragma once

#include <croton/ir/array.hpp>

#include <string>
#include <vector>

#include "conformance/data.hpp"

namespace croton::test {

using Numbers = std::vector<double>;

Numbers numbers(const Array& a);

/// ADBench's measure of how far numbers are apart, |x - y| / max(1, |x| + |y|): no pair may be
/// further than 1e-10.
void compare_rho(Tally& tally, const std::string& name, const Numbers& got, const Numbers& golden);

} // namespace croton::test
