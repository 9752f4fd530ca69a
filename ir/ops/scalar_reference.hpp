#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <type_traits>

namespace croton::inline v1::reference {

// The obvious arithmetic, with integers that wrap.

template <class T>
using Wrapping =
    std::conditional_t<std::integral<T>, std::make_unsigned<T>, std::type_identity<T>>::type;

template <class T>
T add(T a, T b)
{
    return static_cast<T>(static_cast<Wrapping<T>>(a) + static_cast<Wrapping<T>>(b));
}
template <class T>
T sub(T a, T b)
{
    return static_cast<T>(static_cast<Wrapping<T>>(a) - static_cast<Wrapping<T>>(b));
}
template <class T>
T mul(T a, T b)
{
    return static_cast<T>(static_cast<Wrapping<T>>(a) * static_cast<Wrapping<T>>(b));
}
template <class T>
T neg(T a)
{
    if constexpr (std::integral<T>)
        return sub(T{0}, a);
    else
        return -a;
}
template <class T>
T abs(T a)
{
    if constexpr (std::unsigned_integral<T>)
        return a;
    else if constexpr (std::integral<T>)
        return a < 0 ? neg(a) : a;
    else
        return std::abs(a);
}

template <class T>
T sign(T a)
{
    if (a != a) return a;
    return static_cast<T>(static_cast<int>(a > 0) - static_cast<int>(a < 0));
}

/// The remainder with the sign of b; of integers by 0 it is 0.
template <class T>
T mod(T a, T b)
{
    if constexpr (std::integral<T>) {
        if (b == 0 || b == static_cast<T>(-1))
            return std::unsigned_integral<T> && b != 0 ? a % b : 0;
        const T r = static_cast<T>(a % b);
        return r != 0 && (r < 0) != (b < 0) ? static_cast<T>(r + b) : r;
    } else {
        const T r = std::fmod(a, b);
        if (r == 0) return std::copysign(r, b);
        return (r < 0) != (b < 0) ? r + b : r;
    }
}

/// a / b rounded towards minus infinity; of integers by 0 it is 0.
template <class T>
T floor_div(T a, T b)
{
    if constexpr (std::integral<T>) {
        if (b == 0) return 0;
        if (std::signed_integral<T> && b == static_cast<T>(-1)) return neg(a);
        return static_cast<T>(a / b - (a % b != 0 && (a < 0) != (b < 0)));
    } else {
        if (b == 0) return a / b;
        const T r = std::fmod(a, b);
        const T quotient = (a - r) / b - ((r < 0) != (b < 0) && r != 0 ? 1 : 0);
        // An integer but for rounding; a zero has the sign of a / b.
        return quotient == 0 ? std::copysign(quotient, a / b) : std::nearbyint(quotient);
    }
}

/// Integers by repeated multiplication, wrapping; a negative power is rounded towards 0.
template <class T>
T pow(T a, T b)
{
    if constexpr (std::integral<T>) {
        if (b < 0) return a == 1 ? 1 : a == static_cast<T>(-1) ? (b % 2 == 0 ? 1 : a) : 0;
        T y = 1;
        for (T square = a; b != 0; b = static_cast<T>(b / 2), square = mul(square, square))
            if (b % 2 != 0) y = mul(y, square);
        return y;
    } else
        return std::pow(a, b);
}

} // namespace croton::inline v1::reference
