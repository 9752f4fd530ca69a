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
/// empty    by default: equal to another empty one only; UserError where it is asked what it has
///          not, a dtype or extents.
class Type {
public:
    Type() noexcept = default;
    Type(DType dtype, const Shape& shape);
    /// The type of a wildcard in a rewrite rule: any dtype, any shape.
    static Type pattern();

    DType dtype() const { return checked("dtype").dtype; }
    const Shape& shape() const { return checked("shape").shape; }
    int rank() const { return static_cast<int>(checked("rank").shape.size()); }
    bool is_pattern() const noexcept { return data_ && data_->pattern; }
    bool is_empty() const noexcept { return !data_; }
    friend bool operator==(const Type& a, const Type& b) noexcept { return a.data_ == b.data_; }

    const detail::TypeData* data() const noexcept { return data_; }
    explicit Type(const detail::TypeData* data) noexcept : data_(data) {}

private:
    const detail::TypeData& checked(const char* member) const
    {
        if (!data_) refuse_empty(member);
        return *data_;
    }
    [[noreturn]] static void refuse_empty(const char* member);

    const detail::TypeData* data_ = nullptr;
};

/// "f32 (n, 3)"; "no type" for an empty one.
std::string to_string(const Type& type);

} // namespace croton::inline v1
