#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

namespace croton::inline v1::reference {

// The obvious arithmetic, with integers that wrap.

template <class T>
using Wrapping = std::conditional_t<std::integral<T>, std::make_unsigned<T>, std::type_identity<T>>::type;

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
    if constexpr (std::integral<T>) return sub(T{0}, a);
    else return -a;
}

} // namespace croton::inline v1::reference
