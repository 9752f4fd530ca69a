#pragma once

#include <croton/ir/array.hpp>
#include <croton/ir/source_location.hpp>
#include <croton/ir/type.hpp>

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

namespace croton::inline v1 {

class Apply;
class Variable;
struct Index;
struct Op;
using Variables = std::vector<Variable>;

namespace detail {
struct Value;
void retain(const Value*) noexcept;
void release(const Value*) noexcept;
} // namespace detail

/// What a Variable without an owner is.
enum class Leaf : std::uint8_t { none, input, constant, shared, wildcard };

/// A typed value of a graph: a handle, cheap to copy, with an immutable shared node behind it.
///
/// empty    by default; any use of an empty one is a UserError at the line of that use.
/// threads  handles of one graph may be used from several threads; one handle from one at a time.
class Variable {
public:
    Variable() noexcept = default;
    /// A weak scalar: takes the dtype of what it meets, `x * 0.1` stays f32. UserError there if it
    /// does not fit: -1 in u8, 1e300 in f32; an infinity fits every float.
    template <Number T>
    Variable(T literal, Where where = Where::current())
        : Variable(weak(Array::scalar(widened(literal)), where))
    {}
    /// A weak integer: `x / n` keeps x's dtype.
    Variable(const Extent& extent, Where where = Where::current());
    /// A constant; the array is copied.
    Variable(const Array& constant, Where where = Where::current());

    Variable(const Variable&) = default;
    Variable(Variable&&) noexcept = default;
    Variable& operator=(const Variable&) & = default; // &: `x(0) = v` does not compile
    Variable& operator=(Variable&&) & noexcept = default;
    ~Variable() = default;

    explicit Variable(detail::Ref<const detail::Value> value) noexcept : value_(std::move(value)) {}

    // Indexing as NumPy's basic indexing; each returns an expression.
    Variable operator()(const Index& i0) const;
    Variable operator()(const Index& i0, const Index& i1) const;
    Variable operator()(const Index& i0, const Index& i1, const Index& i2) const;
    Variable operator()(const Index& i0, const Index& i1, const Index& i2, const Index& i3) const;
    Variable operator()(const Index& i0,
                        const Index& i1,
                        const Index& i2,
                        const Index& i3,
                        const Index& i4) const;
    Variable operator()(const Index& i0,
                        const Index& i1,
                        const Index& i2,
                        const Index& i3,
                        const Index& i4,
                        const Index& i5) const;
    Variable operator[](const Index& i) const;
    /// A copy with `value` at the index; UserError unless it broadcasts there, in a dtype x holds.
    [[nodiscard]] Variable set(std::initializer_list<Index> index, const Variable& value) const;
    /// The same with `value` added; an element that the index names twice gets both.
    [[nodiscard]] Variable add(std::initializer_list<Index> index, const Variable& value) const;

    Variable T(Where where = Where::current()) const; ///< axes reversed
    /// Gives the value this name, which errors, printouts and emitted code then use. A label only:
    /// the value stays the same one, and every handle of it has the name. An input's is what
    /// `call_named` takes, of functions made from then on; an Output has a name of its own.
    Variable named(std::string_view name, Where where = Where::current()) const;
    Variable as(DType dtype, Where where = Where::current()) const;
    Variable reshape(const Shape& shape, Where where = Where::current()) const;

    Type type(Where where = Where::current()) const;
    DType dtype(Where where = Where::current()) const { return type_for("dtype", where).dtype(); }
    Shape shape(Where where = Where::current()) const;
    int rank(Where where = Where::current()) const { return type_for("rank", where).rank(); }
    /// Negative axes count from the end. UserError if out of range.
    Extent extent(int axis, Where where = Where::current()) const;
    std::string_view name(Where where = Where::current()) const;
    /// Where the user wrote it.
    Location where(Where asked = Where::current()) const;

    /// The Apply it comes from; empty for a leaf.
    Apply owner() const noexcept;
    /// Which output of its owner.
    int index() const noexcept;
    Leaf leaf() const noexcept;
    /// Takes the dtype of what it meets (literals, Extents, and ops of only such).
    bool is_weak() const noexcept;
    /// The array of a constant. InternalError for anything else.
    const Array& constant() const;

    // No operator bool, not even a deleted one: it would make && and || ambiguous.
    bool is_empty() const noexcept { return !value_; }
    const detail::Value* value() const noexcept { return value_.get(); }
    const Location* location() const noexcept;

private:
    template <Number T>
    static constexpr auto widened(T literal)
    {
        if constexpr (std::is_same_v<T, bool>)
            return literal;
        else if constexpr (std::is_floating_point_v<T>)
            return static_cast<double>(literal);
        else if constexpr (std::is_unsigned_v<T> && sizeof(T) == 8)
            return literal;
        else
            return static_cast<std::int64_t>(literal);
    }
    static Variable weak(Array value, const Where& where);
    /// The type; of an empty Variable UserError from that accessor.
    Type type_for(const char* accessor, const Where& where) const;

    detail::Ref<const detail::Value> value_;
};

/// Identity, as == builds an expression.
bool same(const Variable& a, const Variable& b) noexcept;
struct Hash {
    std::size_t operator()(const Variable& v) const noexcept;
};
struct Same {
    bool operator()(const Variable& a, const Variable& b) const noexcept { return same(a, b); }
};

/// An input of a graph: a name, a dtype, and extents that may be symbols.
Variable
input(std::string_view name, DType dtype, const Shape& shape, Where where = Where::current());
template <Number T>
Variable tensor(std::string_view name, const Shape& shape, Where where = Where::current())
{
    return input(name, dtype_of<T>(), shape, where);
}
template <Number T>
Variable scalar(std::string_view name, Where where = Where::current())
{
    return input(name, dtype_of<T>(), {}, where);
}
template <Number T>
Variable
vector(std::string_view name, const Shape& shape = {dim("")}, Where where = Where::current())
{
    return input(name, dtype_of<T>(), shape, where);
}
template <Number T>
Variable matrix(std::string_view name,
                const Shape& shape = {dim(""), dim("")},
                Where where = Where::current())
{
    return input(name, dtype_of<T>(), shape, where);
}

} // namespace croton::inline v1
