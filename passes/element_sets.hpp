#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace croton::inline v1::detail {

/// Which elements of x each element of a value may depend on, ascending.
struct ElementSets {
    std::vector<std::int64_t> starts; ///< of each element's, and one behind the last
    std::vector<std::int32_t> of;
    bool alike = false; ///< there is one set, which all elements have

    std::span<const std::int32_t> operator[](std::int64_t element) const
    {
        const auto e = static_cast<std::size_t>(alike ? 0 : element);
        return std::span(of).subspan(static_cast<std::size_t>(starts[e]),
                                     static_cast<std::size_t>(starts[e + 1] - starts[e]));
    }
};

/// Immutable, as most ops pass them on. Null: no element depends on any.
using Sets = std::shared_ptr<const ElementSets>;

/// What is thrown where sets would have more than 2^27 elements: gigabytes.
struct TooManyElements {};
constexpr std::size_t most_elements = std::size_t{1} << 27;

/// Each element of x on itself.
Sets each_itself(std::int64_t count);
/// One set with all that there is in any of them.
Sets in_one(std::span<const Sets> all);
/// Those of `count` elements, each of what it has in any of them.
Sets united(std::span<const Sets> all, std::int64_t count);
/// The same of what it has in both.
Sets common(const Sets& a, const Sets& b, std::int64_t count);
/// Of values one behind another; each has so many elements.
Sets joined(std::span<const Sets> all, std::span<const std::int64_t> counts);
/// Element i has the set of element ids[i], or an empty one where that is negative.
Sets picked(const Sets& from, std::span<const std::int64_t> ids);
/// Element i of `count` has what the elements with targets[e] == i have; a negative target is none.
Sets collected(const Sets& from, std::span<const std::int64_t> targets, std::int64_t count);
/// The same of pairs of a target and an element, in any order.
Sets collected(const Sets& from,
               std::vector<std::pair<std::int64_t, std::int64_t>> pairs,
               std::int64_t count);
/// `count` elements from `first` on.
Sets part(const Sets& from, std::int64_t first, std::int64_t count);
/// Element i has what the elements i - stride, i - 2 stride, .. of its run of `length` have too, or
/// those behind it.
Sets accumulated(const Sets& from,
                 std::int64_t count,
                 std::int64_t length,
                 std::int64_t stride,
                 bool reverse);
/// The sets of the other direction: those of `count` elements that `from` is about, each with the
/// elements that have it.
Sets transposed(const Sets& from, std::int64_t elements, std::int64_t count);

/// The same with a set for each of `count` elements, also where they are alike.
Sets one_each(const Sets& from, std::int64_t count);

bool equal(const Sets& a, const Sets& b);

/// Sum of index times stride, for each index within the extents, in C order.
std::vector<std::int64_t> positions(std::span<const std::int64_t> extents,
                                    std::span<const std::int64_t> strides);
/// In C order.
std::vector<std::int64_t> strides_of(std::span<const std::int64_t> extents);
std::int64_t product(std::span<const std::int64_t> extents);

} // namespace croton::inline v1::detail
