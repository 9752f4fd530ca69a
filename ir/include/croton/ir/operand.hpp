#pragma once

#include <croton/ir/variable.hpp>

namespace croton::inline v1 {

/// What operators take: made implicitly from a Variable, an Array, an Extent or a number. Operators
/// can't have default arguments, so the conversion records the user's line.
struct Operand {
    Variable v;
    Where where;

    Operand(const Variable& a, Where w = Where::current()) : v(a), where(w) {}
    template <Number T>
    Operand(T literal, Where w = Where::current()) : v(literal, w), where(w)
    {}
    Operand(const Extent& extent, Where w = Where::current()) : v(extent, w), where(w) {}
    Operand(const Array& array, Where w = Where::current()) : v(array, w), where(w) {}
};

/// One axis or several, from integers only: max(x, 0.0) is elementwise, max(x, 0) ambiguous, and an
/// axis reduction is spelled max(x, Axis{0}).
struct Axis {
    std::vector<int> axes;
    template <std::integral I>
        requires(!std::same_as<I, bool>)
    Axis(I axis) : Axis({static_cast<int>(axis)})
    {}
    template <std::same_as<bool> B>
    Axis(B) = delete; // sum(x, true) would be axis 1: `keep` comes after the axes
    Axis(std::initializer_list<int> several);
    explicit Axis(std::vector<int> several) : axes(std::move(several)) {}
};

} // namespace croton::inline v1
