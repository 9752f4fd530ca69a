#pragma once

#include <functional>
#include <string>

#include "fuzz/recipe.hpp"

namespace croton::test {

/// Makes a failing recipe smaller as long as it fails: fewer outputs, nodes replaced by inputs that
/// hold their values, nodes left out, plainer choices, extents and numbers. At most `attempts`
/// tries.
Recipe shrink(Recipe recipe, const std::function<bool(const Recipe&)>& fails, int attempts = 300);

} // namespace croton::test
