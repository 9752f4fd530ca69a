#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace croton::inline v1 {

/// A matrix type that tells its strides, as Eigen's do: column-major is not read transposed.
template <class M>
concept StridedMatrix = requires(M& m) {
    m.data();
    m.rows();
    m.cols();
    m.outerStride();
    m.innerStride();
};

/// Anything with data() and size(): vector, array, span, string of numbers.
template <class S>
concept Contiguous = requires(S& s) {
    s.data();
    s.size();
} && !StridedMatrix<S>;

/// Axes of a container: Eigen's vectors are matrices that say that they are vectors.
template <class S>
constexpr int rank_of = 1;
template <StridedMatrix S>
constexpr int rank_of<S> = [] {
    if constexpr (requires { S::IsVectorAtCompileTime; })
        return S::IsVectorAtCompileTime ? 1 : 2;
    else
        return 2;
}();

/// Borrowed memory: pointer, extents and strides in elements. Never owns: the memory must outlive
/// it.
template <class T, int Rank = 1>
struct View {
    static_assert(Rank >= 0);
    T* data = nullptr;
    std::array<std::int64_t, static_cast<std::size_t>(Rank)> extents = {};
    std::array<std::int64_t, static_cast<std::size_t>(Rank)> strides = {};

    View() = default;
    /// Row-major.
    View(T* p, std::array<std::int64_t, static_cast<std::size_t>(Rank)> e) noexcept
        : data(p), extents(e)
    {
        std::int64_t stride = 1;
        for (std::size_t i = static_cast<std::size_t>(Rank); i-- > 0;) {
            strides[i] = stride;
            stride *= extents[i];
        }
    }
    template <class U>
        requires(std::same_as<const U, T>)
    View(const View<U, Rank>& v) noexcept : data(v.data), extents(v.extents), strides(v.strides)
    {}
    template <Contiguous S>
        requires(Rank == 1 && std::convertible_to<decltype(std::declval<S&>().data()), T*>)
    View(S&& s) noexcept : data(s.data()), extents{static_cast<std::int64_t>(s.size())}, strides{1}
    {}
    /// Rank 2: rows and columns with both strides; rank 1: a vector, or a matrix of one row or
    /// column.
    template <StridedMatrix M>
        requires((Rank == 1 || Rank == 2) &&
                 std::convertible_to<decltype(std::declval<M&>().data()), T*>)
    View(M&& m) noexcept : data(m.data())
    {
        const auto outer = static_cast<std::int64_t>(m.outerStride());
        const auto inner = static_cast<std::int64_t>(m.innerStride());
        if constexpr (Rank == 1) {
            extents[0] = static_cast<std::int64_t>(m.size());
            strides[0] = inner;
        } else {
            extents = {static_cast<std::int64_t>(m.rows()), static_cast<std::int64_t>(m.cols())};
            constexpr bool row_major = std::remove_cvref_t<M>::IsRowMajor;
            strides = row_major ? std::array{outer, inner} : std::array{inner, outer};
        }
    }

    /// Element (i, ..); not checked.
    template <std::integral... Is>
        requires(sizeof...(Is) == Rank)
    T& operator()(Is... i) const noexcept
    {
        std::int64_t at = 0;
        [[maybe_unused]] std::size_t axis = 0;
        ((at += static_cast<std::int64_t>(i) * strides[axis++]), ...);
        return data[at];
    }
};

} // namespace croton::inline v1
