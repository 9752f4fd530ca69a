#pragma once

#include <croton/ir/variable.hpp>

#include <optional>
#include <string_view>

namespace croton::test {

/// A function by the name that NumPy and SciPy give it, as a user of Croton writes it; none where
/// Croton has no such function.
std::optional<Variable> apply_function(std::string_view name, const Variables& x);

} // namespace croton::test
