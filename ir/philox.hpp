#pragma once

#include <cstdint>

namespace croton::inline v1::detail {

// Draws by the very text that emitted programs are made of, so with the same bits. Uniform in [0,
// 1); normal with mean 0 and deviation 1. T is float or double.

/// Draw number `index` of a key.
void philox_uniform_at(std::uint64_t key, std::uint64_t index, float* to);
void philox_uniform_at(std::uint64_t key, std::uint64_t index, double* to);
void philox_normal_at(std::uint64_t key, std::uint64_t index, float* to);
void philox_normal_at(std::uint64_t key, std::uint64_t index, double* to);

/// Draws 0 .. count - 1 of a key.
template <class T>
void philox_uniform(std::uint64_t key, std::int64_t count, T* to)
{
    for (std::int64_t i = 0; i < count; ++i)
        philox_uniform_at(key, static_cast<std::uint64_t>(i), to + i);
}
template <class T>
void philox_normal(std::uint64_t key, std::int64_t count, T* to)
{
    for (std::int64_t i = 0; i < count; ++i)
        philox_normal_at(key, static_cast<std::uint64_t>(i), to + i);
}

} // namespace croton::inline v1::detail
