#pragma once

#include <croton/ir/array.hpp>
#include <croton/ir/region.hpp>

#include <cstddef>
#include <functional>

namespace croton::inline v1 {

/// Combines hashes; good for tables of one process, not for keys on disk.
inline std::size_t hash_of(std::size_t h) { return h; }
template <class T, class... Rest>
std::size_t hash_of(std::size_t h, const T& value, const Rest&... rest)
{
    const std::size_t mixed =
        (h ^ (std::hash<T>{}(value) + 0x9e3779b97f4a7c15ULL + (h << 6) + (h >> 2))) *
        0xff51afd7ed558ccdULL;
    return hash_of(mixed ^ (mixed >> 32), rest...);
}
template <class T, class... Rest>
    requires(!std::is_same_v<T, std::size_t>)
std::size_t hash_of(const T& value, const Rest&... rest)
{
    return hash_of(std::size_t{0x51ed27}, value, rest...);
}

/// Of dtype, shape and bits.
std::size_t hash_array(const Array& array);

/// Structural: equal regions have equal hashes; inputs count by position, names and lines do not
/// count.
std::size_t hash(const Region& region);
bool equal(const Region& a, const Region& b);

} // namespace croton::inline v1
