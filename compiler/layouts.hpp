#pragma once

#include <croton/compiler/arguments.hpp>
#include <croton/ir/apply.hpp>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace croton::inline v1::detail {

/// The layout that a value of this rank really has: what is the same for it is row-major.
Layout effective(Layout layout, int rank);
std::string_view name(Layout layout);

/// Whether memory lies as `layout` says. Strides in elements.
bool lies_as(Layout layout,
             int rank,
             const std::int64_t* extents,
             const std::int64_t* strides) noexcept;
/// A new array that lies as `layout` says; of `any`, row-major. `extents` may be turned round.
Array new_array(DType dtype, Layout layout, std::span<std::int64_t> extents);
/// The array itself if it lies as `layout` says and is aligned for its elements, else a copy.
Array packed(const Array& array, Layout layout);
bool is_aligned(const void* data, DType dtype) noexcept;

/// No memory holds an array of more elements. What its extents multiply to, those that are 0 left
/// out, is at most that of every argument: `count_limits` follow from it.
inline constexpr std::int64_t most_elements = 1LL << 48;
inline bool is_countable(int rank, const std::int64_t* extents) noexcept
{
    std::int64_t count = 1;
    for (int i = 0; i < rank; ++i)
        if (extents[i] > 1 &&
            (__builtin_mul_overflow(count, extents[i], &count) || count > most_elements))
            return false;
    return true;
}

/// An input as the program sees it: a leaf over the caller's memory, and the value that the graph
/// reads in its place.
struct InputMemory {
    Variable leaf;    ///< of column-major ones the axes are in the opposite order
    Variable value;   ///< the input's elements
    Variable strides; ///< layout `any`: a leaf whose extents are the strides; nobody reads it
};
InputMemory memory_of_input(const Variable& input, Layout layout);

/// Stride symbols of an output of layout `any`: the shape of a leaf that nobody reads.
Variable strides_of_output(std::string_view name, int rank);

} // namespace croton::inline v1::detail
