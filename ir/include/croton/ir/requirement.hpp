#pragma once

#include <croton/ir/error.hpp>
#include <croton/ir/extent.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace croton::inline v1 {

/// What two extents must be when a function runs.
struct Requirement {
    enum class Kind : std::uint8_t { equal, at_most };
    Kind kind = Kind::equal;
    Extent a; ///< == b, or <= b
    Extent b;
    /// Whose they are, a {} for each of `shapes`: "add: axis -1 of shapes {} and {}", "slice on
    /// axis 0 of {}".
    std::string text;
    /// Null on an Apply that requires it itself, and has the place; else of the Apply that does.
    const Location* where = nullptr;
    std::vector<Shape> shapes{};
};

/// The text with its shapes, whose symbols are called as those of `a` and `b`.
std::string words(const Requirement& r);

/// For all values of the symbols; neither where it depends on them.
bool always_holds(const Requirement& r);
bool never_holds(const Requirement& r);
/// The same for all values.
bool same(const Requirement& a, const Requirement& b);
Requirement substitute(const Requirement& r, const Substitution& by);

/// An order with each part on the side on which it is added, so that the values of both sides are
/// those of extents that a user knows: n >= 6 for n - 6 >= 0.
Requirement balanced(const Requirement& order);
/// Of an order, balanced, with what must hold of on the left: "n >= 10", "m <= n".
std::string order_text(const Requirement& order);
/// What is wrong where `a` and `b` have these values:
/// "add: axis -1 of shapes (n) and (m) is 3, it must be 4 (m)"; "slice on axis 0 of (n) needs
/// n >= 1, n is 0".
std::string failure_text(const Requirement& r, std::int64_t a, std::int64_t b);

} // namespace croton::inline v1
