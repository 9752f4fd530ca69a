#include <croton/ir/allocate.hpp>
#include <croton/ir/array.hpp>
#include <croton/ir/convert.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/hash.hpp>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>

namespace croton::inline v1 {

namespace detail {

/// Behind an Array, in one block: itself, the extents, the strides and the elements of small
/// arrays.
struct ArrayData {
    mutable std::atomic<std::uint32_t> count{1};
    DType dtype = DType::f64;
    std::uint16_t rank = 0;
    char* data = nullptr;
    void* memory = nullptr;          ///< to free: elements that are in no other block
    const ArrayData* base = nullptr; ///< whose elements these are a slice of; one count of it

    std::int64_t* shape() noexcept { return reinterpret_cast<std::int64_t*>(this + 1); }
    const std::int64_t* shape() const noexcept
    {
        return reinterpret_cast<const std::int64_t*>(this + 1);
    }
    std::int64_t* strides() noexcept { return shape() + rank; }
    const std::int64_t* strides() const noexcept { return shape() + rank; }
};
static_assert(sizeof(ArrayData) == 32); // and so is the number behind it aligned

void retain(const ArrayData* a) noexcept { a->count.fetch_add(1, std::memory_order_relaxed); }
void release(const ArrayData* a) noexcept
{
    if (a->count.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    if (a->base) release(a->base);
    std::free(a->memory);
    a->~ArrayData();
    std::free(const_cast<ArrayData*>(a));
}

} // namespace detail

using detail::ArrayData;
using detail::Ref;

namespace {

[[noreturn]] void refuse_memory(std::size_t bytes)
{
    throw BackendError(Code::memory, fmt::format("array: out of memory: {} bytes", bytes), nullptr,
                       "array");
}

/// With extents and strides not set, and `bytes` behind them.
ArrayData* make_data(DType dtype, std::size_t rank, std::size_t bytes = 0)
{
    constexpr std::size_t most = std::numeric_limits<decltype(ArrayData::rank)>::max();
    if (rank > most)
        throw user_error(Code::shape, nullptr, "array", "has at most {} axes, not {}", most, rank);
    const std::size_t size = sizeof(ArrayData) + 2 * rank * sizeof(std::int64_t) + bytes;
    void* block = std::malloc(size);
    if (!block) refuse_memory(size);
    auto* data = new (block) ArrayData;
    data->dtype = dtype;
    data->rank = static_cast<std::uint16_t>(rank);
    return data;
}

void set_row_major(ArrayData& a, std::span<const std::int64_t> shape)
{
    std::int64_t stride = 1;
    for (std::size_t i = shape.size(); i-- > 0; stride *= shape[i]) {
        a.shape()[i] = shape[i];
        a.strides()[i] = stride;
    }
}

/// Other extents over the elements of `of`, from `data` on.
ArrayData* make_slice(const ArrayData* of, std::size_t rank, char* data)
{
    ArrayData* slice = make_data(of->dtype, rank);
    slice->data = data;
    slice->base = of->base ? of->base : of;
    retain(slice->base);
    return slice;
}

std::int64_t count(std::span<const std::int64_t> shape)
{
    std::int64_t n = 1;
    for (std::int64_t e : shape)
        n *= e;
    return n;
}

std::string shape_text(std::span<const std::int64_t> shape)
{
    return fmt::format("({})", fmt::join(shape, ", "));
}

/// Calls f(offset in elements) for every element, row-major.
template <class F>
void for_each_offset(std::span<const std::int64_t> shape,
                     std::span<const std::int64_t> strides,
                     F f)
{
    const std::int64_t total = count(shape);
    std::vector<std::int64_t> index(shape.size(), 0);
    std::int64_t offset = 0;
    for (std::int64_t k = 0; k < total; ++k) {
        f(offset);
        for (std::size_t i = shape.size(); i-- > 0;) {
            offset += strides[i];
            if (++index[i] < shape[i]) break;
            offset -= strides[i] * shape[i];
            index[i] = 0;
        }
    }
}

void copy_elements(char* to,
                   const char* from,
                   std::size_t bytes,
                   std::span<const std::int64_t> shape,
                   std::span<const std::int64_t> strides)
{
    std::size_t piece = bytes; // elements that lie side by side
    if (!shape.empty() && strides.back() == 1 && shape.back() > 0) {
        piece *= static_cast<std::size_t>(shape.back());
        shape = shape.first(shape.size() - 1);
        strides = strides.first(shape.size());
    }
    for_each_offset(shape, strides, [&](std::int64_t offset) {
        std::memcpy(to, from + offset * static_cast<std::int64_t>(bytes), piece);
        to += piece;
    });
}

/// Of an array's elements. throws UserError where there can be no such array.
std::size_t checked_bytes(DType dtype, std::span<const std::int64_t> shape)
{
    std::size_t bytes = croton::size_bytes(dtype);
    bool is_empty = false;
    for (std::int64_t e : shape)
        if (e < 0)
            throw user_error(Code::shape, nullptr, "array", "negative extent: {}",
                             shape_text(shape));
    for (std::int64_t e : shape) {
        is_empty = is_empty || e == 0;
        const auto factor = static_cast<std::size_t>(std::max<std::int64_t>(e, 1));
        if (__builtin_mul_overflow(bytes, factor, &bytes) || bytes > (1ULL << 62))
            throw user_error(Code::memory, nullptr, "array", "too large: {} of {}",
                             shape_text(shape), croton::name(dtype));
    }
    return is_empty ? 0 : bytes;
}

/// `shape` with its -1, if it has one, replaced by what the other extents leave of `size` elements.
std::vector<std::int64_t> with_open_extent(std::vector<std::int64_t> shape, std::int64_t size)
{
    const auto open = std::ranges::find(shape, -1);
    if (open == shape.end()) return shape;
    *open = 1;
    const bool has_rest = std::ranges::all_of(shape, [](std::int64_t e) { return e > 0; });
    std::int64_t rest = size;
    for (const std::int64_t e : shape)
        if (has_rest) rest /= e;
    *open = has_rest ? rest : -1;
    return shape;
}

const Ref<const ArrayData>& some(const Ref<const ArrayData>& data)
{
    if (!data) throw user_error(Code::domain, nullptr, "array", "the Array is empty");
    return data;
}

} // namespace

Array Array::empty(DType dtype, const std::vector<std::int64_t>& shape, Where where)
{
    return detail::at_place(where, [&] { return empty_of(dtype, shape); });
}

Array Array::empty_of(DType dtype, std::span<const std::int64_t> shape)
{
    const std::size_t bytes = checked_bytes(dtype, shape);
    // A block of its own for the elements of small arrays would double what making one costs.
    constexpr std::size_t small = 1024, line = 64;
    const bool number = shape.empty(), inside = bytes <= small;
    // As allocate_elements: a multiple of 64, and 64 bytes more behind them.
    const std::size_t behind_extents = number ? bytes : inside ? bytes + 2 * line - 1 : 0;
    ArrayData* data = make_data(dtype, shape.size(), behind_extents);
    Array a;
    a.data_ = Ref<const ArrayData>::adopt(data);
    if (number) { // graphs hold many
        data->data = reinterpret_cast<char*>(data + 1);
        return a;
    }
    set_row_major(*data, shape);
    if (inside) {
        auto* behind = reinterpret_cast<char*>(data->strides() + shape.size());
        const auto at = reinterpret_cast<std::uintptr_t>(behind);
        data->data = behind + (line - at % line) % line;
        return a;
    }
    data->memory = detail::allocate_elements(bytes);
    if (!data->memory) refuse_memory(bytes);
    data->data = static_cast<char*>(data->memory);
    return a;
}

Array Array::zeros(DType dtype, const std::vector<std::int64_t>& shape, Where where)
{
    Array a = empty(dtype, shape, where);
    std::memset(a.data(), 0, a.size_bytes());
    return a;
}

Array Array::copy_strided(DType dtype,
                          const void* data,
                          std::vector<std::int64_t> shape,
                          std::vector<std::int64_t> strides)
{
    Array a = empty_of(dtype, shape);
    copy_elements(static_cast<char*>(a.data()), static_cast<const char*>(data),
                  croton::size_bytes(dtype), a.shape(), strides);
    return a;
}

Array Array::borrow_strided(DType dtype,
                            void* data,
                            std::vector<std::int64_t> shape,
                            std::vector<std::int64_t> strides)
{
    ArrayData* view = make_data(dtype, shape.size());
    std::ranges::copy(shape, view->shape());
    std::ranges::copy(strides, view->strides());
    view->data = static_cast<char*>(data);
    Array a;
    a.data_ = Ref<const ArrayData>::adopt(view);
    return a;
}

void Array::assign_strided(DType dtype,
                           void* data,
                           const std::vector<std::int64_t>& shape,
                           const std::vector<std::int64_t>& strides,
                           const Array& from)
{
    const Array source = from.contiguous();
    const char* next = static_cast<const char*>(source.data());
    const std::size_t bytes = croton::size_bytes(dtype);
    for_each_offset(shape, strides, [&](std::int64_t offset) {
        std::memcpy(static_cast<char*>(data) + offset * static_cast<std::int64_t>(bytes), next,
                    bytes);
        next += bytes;
    });
}

DType Array::dtype() const { return some(data_)->dtype; }
std::vector<std::int64_t> Array::extents() const { return {shape().begin(), shape().end()}; }

std::span<const std::int64_t> Array::shape() const
{
    const ArrayData& a = *some(data_);
    return {a.shape(), static_cast<std::size_t>(a.rank)};
}
std::span<const std::int64_t> Array::strides() const
{
    const ArrayData& a = *some(data_);
    return {a.strides(), static_cast<std::size_t>(a.rank)};
}
std::int64_t Array::size() const { return count(shape()); }
std::size_t Array::size_bytes() const
{
    return static_cast<std::size_t>(size()) * croton::size_bytes(dtype());
}
bool Array::is_contiguous() const
{
    const auto extents = shape();
    const auto steps = strides();
    std::int64_t stride = 1;
    for (std::size_t i = extents.size(); i-- > 0;) {
        if (extents[i] == 0) return true;
        if (extents[i] != 1 && steps[i] != stride) return false;
        stride *= extents[i];
    }
    return true;
}
bool Array::is_unique() const noexcept
{
    return data_ && data_->count.load(std::memory_order_acquire) == 1 &&
           (!data_->base || data_->base->count.load(std::memory_order_acquire) == 1);
}
const void* Array::data() const { return some(data_)->data; }
void* Array::data() { return some(data_)->data; }

Array Array::operator[](const Position& i) const
{
    if (rank() == 0)
        throw user_error(Code::index, locate(i.where), "array", "a 0-d array has no axis to index");
    const std::int64_t n = shape()[0];
    if (i.index < -n || i.index >= n)
        throw user_error(Code::index, locate(i.where), "array", "index {} is out of range for {}",
                         i.index, shape_text(shape()));
    const std::int64_t at = i.index < 0 ? i.index + n : i.index;
    char* data =
        data_->data + at * strides()[0] * static_cast<std::int64_t>(croton::size_bytes(dtype()));
    ArrayData* slice = make_slice(data_.get(), shape().size() - 1, data);
    std::ranges::copy(shape().subspan(1), slice->shape());
    std::ranges::copy(strides().subspan(1), slice->strides());
    Array a;
    a.data_ = Ref<const ArrayData>::adopt(slice);
    return a;
}

Array Array::transposed() const
{
    const ArrayData* from = some(data_).get();
    ArrayData* turned = make_slice(from, from->rank, from->data);
    std::ranges::reverse_copy(shape(), turned->shape());
    std::ranges::reverse_copy(strides(), turned->strides());
    Array a;
    a.data_ = Ref<const ArrayData>::adopt(turned);
    return a;
}

Array Array::clone() const
{
    return copy_strided(dtype(), data(), {shape().begin(), shape().end()},
                        {strides().begin(), strides().end()});
}
Array Array::contiguous() const { return is_contiguous() ? *this : clone(); }

Array Array::reshape(const std::vector<std::int64_t>& wanted, Where where) const
{
    const std::vector<std::int64_t> to = with_open_extent(wanted, size());
    detail::at_place(where, [&] { (void)checked_bytes(dtype(), to); });
    if (count(to) != size())
        throw user_error(Code::shape, locate(where), "array", "cannot reshape {} to {}",
                         shape_text(shape()), shape_text(wanted));
    Array a = contiguous();
    ArrayData* data = make_slice(a.data_.get(), to.size(), a.data_->data);
    set_row_major(*data, to);
    Array b;
    b.data_ = Ref<const ArrayData>::adopt(data);
    return b;
}

Array Array::cast(DType to) const
{
    if (to == dtype()) return *this;
    const Array from = contiguous();
    Array result = empty_of(to, shape());
    convert_elements(from.dtype(), from.data(), 0, to, result.data(), 0, from.size());
    return result;
}

namespace {

/// The element of `array` at row-major position `i`, as `to`.
void read_element(const Array& array, std::int64_t i, DType to, void* value, const Where& where)
{
    if (i < 0 || i >= array.size())
        throw user_error(Code::index, locate(where), "array",
                         "position {} is out of range for {}, which has {}", i,
                         shape_text(array.shape()), counted(array.size(), "element"));
    const Array c = array.contiguous();
    convert_element(c.dtype(), c.data(), i, to, value, 0);
}

} // namespace

double Array::as_double(std::int64_t i, Where where) const
{
    double value = 0;
    read_element(*this, i, DType::f64, &value, where);
    return value;
}

std::int64_t Array::as_int(std::int64_t i, Where where) const
{
    std::int64_t value = 0;
    read_element(*this, i, DType::i64, &value, where);
    return value;
}

void Array::check_memory(const void* data,
                         std::span<const std::int64_t> extents,
                         const Where& where)
{
    if (!data && std::ranges::find(extents, 0) == extents.end())
        throw user_error(Code::domain, locate(where), "view",
                         "it has no memory: its pointer is null, its shape {}",
                         shape_text(extents));
}

void Array::check_view(DType t, int wanted_rank, const Where& where) const
{
    if (t != dtype())
        throw user_error(Code::dtype, locate(where), "view", "the Array is {}, the View is {}",
                         croton::name(dtype()), croton::name(t));
    if (wanted_rank != rank())
        throw user_error(Code::shape, locate(where), "view", "the Array has rank {}, the View {}",
                         rank(), wanted_rank);
}

const void* Array::only_element(DType t, const Where& where) const
{
    if (size() != 1)
        throw user_error(Code::shape, locate(where), "item", "the Array has {} elements, not one",
                         size());
    if (t != dtype())
        throw user_error(Code::dtype, locate(where), "item", "the Array is {}, not {}",
                         croton::name(dtype()), croton::name(t));
    return data();
}

bool identical(const Array& a, const Array& b)
{
    if (!a || !b) return !a && !b;
    if (a.dtype() != b.dtype() || !std::ranges::equal(a.shape(), b.shape())) return false;
    const Array x = a.contiguous();
    const Array y = b.contiguous();
    return x.data() == y.data() || std::memcmp(x.data(), y.data(), x.size_bytes()) == 0;
}

std::size_t hash_array(const Array& array)
{
    const Array a = array.contiguous();
    std::size_t h = hash_of(static_cast<int>(a.dtype()));
    for (std::int64_t e : a.shape())
        h = hash_of(h, e);
    return hash_of(h, std::string_view(static_cast<const char*>(a.data()), a.size_bytes()));
}

} // namespace croton::inline v1
