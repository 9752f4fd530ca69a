#pragma once

#include <croton/ir/dtype.hpp>
#include <croton/ir/extent.hpp>

#include <string>

namespace croton::inline v1 {

namespace detail {
struct TypeData {
    DType dtype;
    bool pattern;
    Shape shape;
};
} // namespace detail

/// Axes that a value of a graph may have, as many as NumPy's.
inline constexpr std::size_t most_axes = 64;

/// dtype and extents of a value. Interned: equal types are one object, comparing costs a pointer.
///
/// empty    by default: equal to another empty one only; UserError, at the line that asks, where it
///          is asked what it has not, a dtype or extents.
class Type {
public:
    Type() noexcept = default;
    Type(DType dtype, const Shape& shape);
    /// The type of a wildcard in a rewrite rule: any dtype, any shape.
    static Type pattern();

    DType dtype(Where where = Where::current()) const { return checked("dtype", where).dtype; }
    const Shape& shape(Where where = Where::current()) const
    {
        return checked("shape", where).shape;
    }
    int rank(Where where = Where::current()) const
    {
        return static_cast<int>(checked("rank", where).shape.size());
    }
    bool is_pattern() const noexcept { return data_ && data_->pattern; }
    bool is_empty() const noexcept { return !data_; }
    friend bool operator==(const Type& a, const Type& b) noexcept { return a.data_ == b.data_; }

    const detail::TypeData* data() const noexcept { return data_; }
    explicit Type(const detail::TypeData* data) noexcept : data_(data) {}

private:
    const detail::TypeData& checked(const char* member, const Where& where) const
    {
        if (!data_) refuse_empty(member, where);
        return *data_;
    }
    [[noreturn]] static void refuse_empty(const char* member, const Where& where);

    const detail::TypeData* data_ = nullptr;
};

/// "f32 (n, 3)"; "no type" for an empty one.
std::string to_string(const Type& type);

} // namespace croton::inline v1
