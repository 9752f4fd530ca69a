#pragma once

#include <croton/ir/dtype.hpp>
#include <croton/ir/ref.hpp>
#include <croton/ir/source_location.hpp>
#include <croton/ir/view.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace croton::inline v1 {

namespace detail {
struct ArrayData;
void retain(const ArrayData*) noexcept;
void release(const ArrayData*) noexcept;
} // namespace detail

/// Where to index an array, with the caller's line: `operator[]` has no second parameter for it.
struct Position {
    std::int64_t index;
    Where where;
    template <std::integral I>
    Position(I i, Where w = Where::current()) : index(static_cast<std::int64_t>(i)), where(w)
    {}
};

/// Host memory with a dtype and extents, shared by its copies: constants, results, shared values.
///
/// layout   row-major and, but for one number, 64-byte aligned when made here; views may differ.
/// copies   share the memory (as NumPy's); `clone()` makes another.
/// errors   UserError at the caller's line: a wrong dtype, rank, shape, index or file, a view of no
///          memory; what is asked of an Array() that holds nothing has no line. BackendError when
///          memory runs out.
/// threads  the count is atomic; writing through view() is the caller's to order.
class Array {
public:
    Array() noexcept = default;
    /// Uninitialised.
    static Array
    empty(DType dtype, const std::vector<std::int64_t>& shape, Where where = Where::current());
    /// The same where the extents lie in memory of the caller's: nothing but the array is
    /// allocated, and errors have no line.
    static Array empty_of(DType dtype, std::span<const std::int64_t> shape);
    static Array
    zeros(DType dtype, const std::vector<std::int64_t>& shape, Where where = Where::current());
    template <Number T>
    static Array zeros(const std::vector<std::int64_t>& shape, Where where = Where::current())
    {
        return zeros(dtype_of<T>(), shape, where);
    }
    template <Number T>
    static Array
    full(const std::vector<std::int64_t>& shape, T value, Where where = Where::current())
    {
        Array a = empty(dtype_of<T>(), shape, where);
        T* p = static_cast<T*>(a.data());
        for (std::int64_t i = 0; i < a.size(); ++i)
            p[i] = value;
        return a;
    }
    /// A 0-d array.
    template <Number T>
    static Array scalar(T value)
    {
        return full<T>({}, value);
    }
    template <class T, int R>
    static Array copy(View<T, R> v, Where where = Where::current())
    {
        check_memory(v.data, v.extents, where);
        return copy_strided(dtype_of<std::remove_const_t<T>>(), v.data,
                            {v.extents.begin(), v.extents.end()},
                            {v.strides.begin(), v.strides.end()});
    }
    /// Of a vector, array, span or matrix: `Array::copy(std::vector{1.0, 2.0})`.
    template <class S>
        requires(Contiguous<S> || StridedMatrix<S>)
    static Array copy(const S& s, Where where = Where::current())
    {
        return copy(View<const std::remove_cvref_t<decltype(*s.data())>, rank_of<S>>(s), where);
    }
    /// An Array over the view's memory, which must outlive it.
    template <class T, int R>
    static Array borrow(View<T, R> v, Where where = Where::current())
    {
        check_memory(v.data, v.extents, where);
        return borrow_unchecked(v);
    }
    /// The same for who looks at the memory himself: a view of none is no error here.
    template <class T, int R>
    static Array borrow_unchecked(View<T, R> v)
    {
        using U = std::remove_const_t<T>;
        return borrow_strided(dtype_of<U>(), const_cast<U*>(v.data),
                              {v.extents.begin(), v.extents.end()},
                              {v.strides.begin(), v.strides.end()});
    }
    static Array borrow_strided(DType dtype,
                                void* data,
                                std::vector<std::int64_t> shape,
                                std::vector<std::int64_t> strides);
    /// Elements of `from` (of the same shape and dtype) into strided memory.
    static void assign_strided(DType dtype,
                               void* data,
                               const std::vector<std::int64_t>& shape,
                               const std::vector<std::int64_t>& strides,
                               const Array& from);
    /// Strides in elements.
    static Array copy_strided(DType dtype,
                              const void* data,
                              std::vector<std::int64_t> shape,
                              std::vector<std::int64_t> strides);

    /// NumPy's .npy, versions 1 and 2, either byte order, C or Fortran order. UserError names the
    /// file.
    static Array load_npy(std::string_view path, Where where = Where::current());
    void save_npy(std::string_view path, Where where = Where::current()) const;
    /// Philox draws, the same numbers as the op of that name with the same key, on every machine.
    static Array normal(std::uint64_t key,
                        const std::vector<std::int64_t>& shape,
                        DType dtype = DType::f32,
                        double scale = 1,
                        Where where = Where::current());
    static Array uniform(std::uint64_t key,
                         const std::vector<std::int64_t>& shape,
                         DType dtype = DType::f32,
                         double low = 0,
                         double high = 1,
                         Where where = Where::current());

    explicit operator bool() const noexcept { return static_cast<bool>(data_); }
    bool operator!() const noexcept { return !data_; }
    DType dtype() const;
    std::span<const std::int64_t> shape() const;
    std::vector<std::int64_t> extents() const;
    std::span<const std::int64_t> strides() const; ///< in elements
    int rank() const { return static_cast<int>(shape().size()); }
    std::int64_t size() const; ///< elements
    std::size_t size_bytes() const;
    bool is_contiguous() const;      ///< row-major without gaps
    bool is_unique() const noexcept; ///< nobody else holds this array's memory
    const void* data() const;
    void* data();

    /// The i-th slice along the first axis, sharing memory; negative counts from the end.
    Array operator[](const Position& i) const;
    /// The axes in the opposite order, sharing memory.
    Array transposed() const;
    Array clone() const;        ///< row-major, memory of its own
    Array contiguous() const;   ///< itself if it is row-major, else a clone
    Array cast(DType to) const; ///< C++ conversions, NaN to integer is 0, out of range clamps
    /// The same elements in C order. One extent may be -1: what the others leave.
    Array reshape(const std::vector<std::int64_t>& shape, Where where = Where::current()) const;

    /// The only element. UserError unless size() is 1 and dtype is T's.
    template <Number T>
    T item(Where where = Where::current()) const
    {
        return *static_cast<const T*>(only_element(dtype_of<T>(), where));
    }
    /// Element as f64, at row-major position `i`; any real dtype. UserError out of range.
    double as_double(std::int64_t i, Where where = Where::current()) const;
    std::int64_t as_int(std::int64_t i, Where where = Where::current()) const;

    template <class T, int R = 1>
    View<T, R> view(Where where = Where::current()) &
    {
        return make_view<T, R>(data(), where);
    }
    template <class T, int R = 1>
    View<const T, R> view(Where where = Where::current()) const&
    {
        return make_view<const T, R>(data(), where);
    }
    template <class T, int R = 1>
    View<T, R> view() &&
    {
        static_assert(sizeof(T) == 0,
                      "a view of a temporary Array would outlive its memory: give the Array a name "
                      "first, `Array row = xs[0]; row.view<float>()`");
        return {};
    }

private:
    template <class T, int R, class P>
    View<T, R> make_view(P* p, const Where& where) const
    {
        check_view(dtype_of<std::remove_const_t<T>>(), R, where);
        View<T, R> v;
        v.data = static_cast<T*>(p);
        for (std::size_t i = 0; i < static_cast<std::size_t>(R); ++i) {
            v.extents[i] = shape()[i];
            v.strides[i] = strides()[i];
        }
        return v;
    }
    static void
    check_memory(const void* data, std::span<const std::int64_t> extents, const Where& where);
    void check_view(DType dtype, int rank, const Where& where) const;
    const void* only_element(DType dtype, const Where& where) const;

    detail::Ref<const detail::ArrayData> data_;
};

/// NumPy's .npz: a zip archive of .npy files, each stored as it is. Names are without ".npy".
/// UserError naming the file if it is none, or if a member is compressed (np.savez_compressed).
std::vector<std::pair<std::string, Array>> load_npz(std::string_view path,
                                                    Where where = Where::current());
void save_npz(std::string_view path,
              const std::vector<std::pair<std::string, Array>>& arrays,
              Where where = Where::current());

/// As NumPy prints: nested brackets, columns aligned, the middle of long axes left out.
std::string to_string(const Array& array);
/// Equal dtype, shape and bits.
bool identical(const Array& a, const Array& b);

template <Number T>
Array zeros(const std::vector<std::int64_t>& shape, Where where = Where::current())
{
    return Array::zeros<T>(shape, where);
}

} // namespace croton::inline v1
