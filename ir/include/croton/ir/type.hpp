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

/// dtype and extents of a value. Interned: equal types are one object, comparing costs a pointer.
class Type {
public:
    Type() noexcept = default;
    Type(DType dtype, const Shape& shape);
    /// The type of a wildcard in a rewrite rule: any dtype, any shape.
    static Type pattern();

    DType dtype() const noexcept { return data_->dtype; }
    const Shape& shape() const noexcept { return data_->shape; }
    int rank() const noexcept { return static_cast<int>(data_->shape.size()); }
    bool is_pattern() const noexcept { return data_->pattern; }
    friend bool operator==(const Type& a, const Type& b) noexcept { return a.data_ == b.data_; }

    const detail::TypeData* data() const noexcept { return data_; }
    explicit Type(const detail::TypeData* data) noexcept : data_(data) {}

private:
    const detail::TypeData* data_ = nullptr;
};

/// "f32 (n, 3)".
std::string to_string(const Type& type);

} // namespace croton::inline v1
