#pragma once

#include <croton/ir/operand.hpp>

#include <concepts>
#include <cstdint>
#include <vector>

namespace croton::inline v1 {

struct SliceParams;

// Indexing as NumPy's: x(0), x(_, -1), x(slice(1, _)), x(rows), x(newaxis, _), x(ellipsis, 0).
//
// A number counts from the end if it is negative. Extents that the graph knows clamp a slice as
// NumPy does. Where an extent is a symbol n, x(slice(1, _)) has extent n - 1 and x(0) is the first
// element without a case for an empty axis: that n is large enough is a requirement, checked when
// the function is called. Integer arrays follow NumPy's advanced indexing; their elements may be
// negative, and one out of range is an error of the call. An index of bool is refused: the extent
// would depend on data.

/// `_` is all of an axis, or an open end of a slice.
inline constexpr struct Open {
} _{};
inline constexpr struct NewAxis {
} newaxis{};
/// All axes that no other index takes.
inline constexpr struct Ellipsis {
} ellipsis{};

template <class T>
concept IndexNumber = std::integral<T> && !std::same_as<T, bool>;

/// One end of a slice, or its step.
struct Bound {
    template <IndexNumber I>
    Bound(I number) : at(number), open(false)
    {}
    Bound(const Extent& extent) : at(extent), open(false) {}
    Bound(Open) {}
    /// Refused by slice(): an extent may not depend on data.
    Bound(const Variable& value, Where w = Where::current())
        : open(false), computed(true), data(value), where(w)
    {}

    Extent at = 0;
    bool open = true;
    bool computed = false;
    Variable data{};
    Where where{};
};

struct Slice {
    Bound first, last, step;
};
/// Elements first, first + step, .. before last; a step may be negative but not symbolic.
///
/// known extent    ends beyond it are clamped, as NumPy does: slice(1, 9) of 5 elements has 4.
/// symbolic one    ends are not clamped, as the result's extent would be min(n, 9) - 1: that n is
///                 9 at least is required, and a call with less is refused. Write slice(1, _), or
///                 slice(1, minimum(n, 9)) for what NumPy does.
///
/// UserError if a bound is a Variable: take(x, i + arange(k)) reads k elements from a computed
/// place.
Slice slice(const Bound& first, const Bound& last, const Bound& step = 1);

/// What stands between the parentheses of x(..), with the user's line. Absent by default.
struct Index {
    enum class Kind : std::uint8_t { absent, position, range, array, fresh, rest };

    Index() = default;
    template <IndexNumber I>
    Index(I i, Where w = Where::current()) : kind(Kind::position), position(i), where(w)
    {}
    Index(const Extent& i, Where w = Where::current()) : kind(Kind::position), position(i), where(w)
    {}
    Index(const Variable& i, Where w = Where::current()) : kind(Kind::array), array(i), where(w) {}
    Index(const Array& i, Where w = Where::current()) : kind(Kind::array), array(i, w), where(w) {}
    Index(const Slice& s, Where w = Where::current()) : kind(Kind::range), range(s), where(w) {}
    Index(Open, Where w = Where::current()) : kind(Kind::range), where(w) {}
    Index(NewAxis, Where w = Where::current()) : kind(Kind::fresh), where(w) {}
    Index(Ellipsis, Where w = Where::current()) : kind(Kind::rest), where(w) {}

    Kind kind = Kind::absent;
    Extent position = 0;
    Slice range = {_, _, 1};
    Variable array{};
    Where where{};
};

/// x(..) for a list of indices.
Variable index(const Variable& x, std::span<const Index> indices, Where where = Where::current());

/// Constant elements around x: before[i] and after[i] of them on axis i; a negative number takes
/// elements away.
Variable pad(const Variable& x,
             const Shape& before,
             const Shape& after,
             const Variable& value = 0,
             Where where = Where::current());

/// Everything of an array of that shape.
SliceParams whole(const Shape& shape);
/// How many elements `p` takes along an axis.
Extent slice_extent(const SliceParams& p, std::size_t axis);

Variable slice_of(const Variable& x, const SliceParams& p);
/// x with the elements of `slice_of(x, p)` replaced by those of `value`, which has that shape.
Variable set_slice(const Variable& x, const Variable& value, const SliceParams& p);

extern const Op slice_op;
extern const Op set_slice_op;

std::span<const Op* const> index_ops();

} // namespace croton::inline v1
