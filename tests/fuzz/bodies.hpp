#pragma once

#include <string_view>

#include "fuzz/recipe.hpp"

namespace croton::test {

/// The next state from the last one, a slice and an outer value.
struct Body {
    std::string_view text; ///< of h, x and c
    Variable (*make)(const Variable& h, const Variable& x, const Variable& c);
};

const Body& body_of(const MakerArgs& a, std::size_t choice);

/// That the first operand has an axis, and all are floats.
void needs_floats(const MakerArgs& a);

/// Loops and branches by functions other than scan and cond, loops with checkpoints, and functions
/// with derivatives of their own.
std::vector<Maker> other_loops();

} // namespace croton::test
