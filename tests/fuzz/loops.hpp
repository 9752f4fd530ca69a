#pragma once

#include <vector>

#include "fuzz/recipe.hpp"

namespace croton::test {

/// Loops (regions): what the bodies compute is drawn, and keeps states near 1.
std::vector<Maker> loop_makers();

} // namespace croton::test
