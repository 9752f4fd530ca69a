#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace croton::inline v1 {

/// Element types. 16-bit floats are stored narrow and computed in f32.
enum class DType : std::uint8_t {
    boolean,
    i8,
    i16,
    i32,
    i64,
    u8,
    u16,
    u32,
    u64,
    f16,
    bf16,
    f32,
    f64,
    complex64,
    complex128
};

enum class DTypeKind : std::uint8_t { boolean, signed_integer, unsigned_integer, real, complex };

struct DTypeInfo {
    DType dtype;
    std::string_view name; ///< "bool", "f32": as printed, in emitted text too
    std::size_t size_bytes;
    DTypeKind kind;
    std::string_view
        numpy; ///< the descriptor of .npy files, little-endian; empty where NumPy has none
};

/// One row a dtype, in the order of the enum.
inline constexpr std::array<DTypeInfo, 15> dtype_table{{
    {DType::boolean, "bool", 1, DTypeKind::boolean, "|b1"},
    {DType::i8, "i8", 1, DTypeKind::signed_integer, "|i1"},
    {DType::i16, "i16", 2, DTypeKind::signed_integer, "<i2"},
    {DType::i32, "i32", 4, DTypeKind::signed_integer, "<i4"},
    {DType::i64, "i64", 8, DTypeKind::signed_integer, "<i8"},
    {DType::u8, "u8", 1, DTypeKind::unsigned_integer, "|u1"},
    {DType::u16, "u16", 2, DTypeKind::unsigned_integer, "<u2"},
    {DType::u32, "u32", 4, DTypeKind::unsigned_integer, "<u4"},
    {DType::u64, "u64", 8, DTypeKind::unsigned_integer, "<u8"},
    {DType::f16, "f16", 2, DTypeKind::real, "<f2"},
    {DType::bf16, "bf16", 2, DTypeKind::real, ""},
    {DType::f32, "f32", 4, DTypeKind::real, "<f4"},
    {DType::f64, "f64", 8, DTypeKind::real, "<f8"},
    {DType::complex64, "complex64", 8, DTypeKind::complex, "<c8"},
    {DType::complex128, "complex128", 16, DTypeKind::complex, "<c16"},
}};

constexpr const DTypeInfo& info(DType t) { return dtype_table[static_cast<std::size_t>(t)]; }
constexpr std::string_view name(DType t) { return info(t).name; }
constexpr std::size_t size_bytes(DType t) { return info(t).size_bytes; }
constexpr bool is_float(DType t) { return info(t).kind == DTypeKind::real; }
constexpr bool is_complex(DType t) { return info(t).kind == DTypeKind::complex; }
constexpr bool is_unsigned(DType t) { return info(t).kind == DTypeKind::unsigned_integer; }
constexpr bool is_integer(DType t)
{
    return info(t).kind == DTypeKind::signed_integer || is_unsigned(t);
}

/// NumPy's result type of an operation between arrays of these dtypes: u64 with a signed integer is
/// f64; f16 with bf16 is f32.
DType promote(DType a, DType b);

/// The float dtype in which a function of `t` that is not closed over integers is computed, as
/// NumPy has it: floats stay; bool and 8-bit integers become f16 in NumPy, here f32; 16-bit f32;
/// else f64.
DType to_float(DType t);

template <class T>
concept Number = std::is_arithmetic_v<T>;

/// The dtype of a C++ arithmetic type.
template <Number T>
constexpr DType dtype_of()
{
    if constexpr (std::is_same_v<std::remove_cv_t<T>, bool>)
        return DType::boolean;
    else if constexpr (std::is_floating_point_v<T>) {
        static_assert(sizeof(T) <= 8, "long double has no dtype");
        return sizeof(T) == 4 ? DType::f32 : DType::f64;
    } else if constexpr (std::is_signed_v<T>)
        return sizeof(T) == 1   ? DType::i8
               : sizeof(T) == 2 ? DType::i16
               : sizeof(T) == 4 ? DType::i32
                                : DType::i64;
    else
        return sizeof(T) == 1   ? DType::u8
               : sizeof(T) == 2 ? DType::u16
               : sizeof(T) == 4 ? DType::u32
                                : DType::u64;
}

} // namespace croton::inline v1
