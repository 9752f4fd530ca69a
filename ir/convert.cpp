#include <croton/ir/convert.hpp>
#include <croton/ir/format.hpp>

#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>

namespace croton::inline v1 {

float f32_from_bf16(std::uint16_t bits)
{
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

float f32_from_f16(std::uint16_t bits)
{
    const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000u) << 16;
    const std::uint32_t exponent = (bits >> 10) & 31u;
    const std::uint32_t mantissa = bits & 0x3ffu;
    if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | (mantissa << 13));
    if (exponent == 0) {
        const float magnitude = std::ldexp(static_cast<float>(mantissa), -24);
        return sign ? -magnitude : magnitude;
    }
    return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
}

std::uint16_t bf16_from_f32(float value)
{
    const auto bits = std::bit_cast<std::uint32_t>(value);
    if (std::isnan(value)) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
    return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

std::uint16_t f16_from_f32(float value)
{
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
    const std::uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u)
        return static_cast<std::uint16_t>(sign | 0x7e00u | ((bits >> 13) & 0x3ffu));
    if (magnitude >= 0x477ff000u)
        return static_cast<std::uint16_t>(sign | 0x7c00u); // rounds to 65536 or more
    if (magnitude < 0x38800000u) // subnormal: units of 2^-24, rounded to even by the addition of
                                 // 2^-1 * 2^23 units
        return static_cast<std::uint16_t>(
            sign |
            (std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3f000000u));
    const std::uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
    return static_cast<std::uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
}

namespace {

/// `x` rounded to odd: truncated, and the last bit set if that lost anything. Rounding this once
/// more, to 16 bits, rounds `x` correctly (Boldo and Melquiond, "Emulation of FMA and correctly
/// rounded sums", 2008).
float odd_f32_from_f64(double x)
{
    const auto y = static_cast<float>(x);
    if (std::isnan(x) || static_cast<double>(y) == x) return y;
    const bool away = std::fabs(static_cast<double>(y)) > std::fabs(x);
    return std::bit_cast<float>((std::bit_cast<std::uint32_t>(y) - (away ? 1u : 0u)) | 1u);
}

struct F16 {
    std::uint16_t bits;
};
struct BF16 {
    std::uint16_t bits;
};

template <class F>
auto with_type(DType t, F f)
{
    switch (t) {
    case DType::boolean:
        return f(bool{});
    case DType::i8:
        return f(std::int8_t{});
    case DType::i16:
        return f(std::int16_t{});
    case DType::i32:
        return f(std::int32_t{});
    case DType::i64:
        return f(std::int64_t{});
    case DType::u8:
        return f(std::uint8_t{});
    case DType::u16:
        return f(std::uint16_t{});
    case DType::u32:
        return f(std::uint32_t{});
    case DType::u64:
        return f(std::uint64_t{});
    case DType::f16:
        return f(F16{});
    case DType::bf16:
        return f(BF16{});
    case DType::f32:
        return f(float{});
    case DType::f64:
        return f(double{});
    case DType::complex64:
    case DType::complex128:
        break;
    }
    throw user_error(Code::dtype, nullptr, "array", "{} elements are not converted to any other",
                     name(t));
}

template <class To>
To clamp_to(double x)
{
    if (std::isnan(x)) return 0;
    constexpr double low = static_cast<double>(std::numeric_limits<To>::min());
    constexpr double high = static_cast<double>(std::numeric_limits<To>::max());
    if (x <= low) return std::numeric_limits<To>::min();
    if (x >= high) return std::numeric_limits<To>::max();
    return static_cast<To>(x);
}

template <class To, class From>
To convert(From x)
{
    if constexpr (std::is_same_v<From, F16>)
        return convert<To>(f32_from_f16(x.bits));
    else if constexpr (std::is_same_v<From, BF16>)
        return convert<To>(f32_from_bf16(x.bits));
    else if constexpr (std::is_same_v<From, double> &&
                       (std::is_same_v<To, F16> || std::is_same_v<To, BF16>))
        return convert<To>(odd_f32_from_f64(x));
    else if constexpr (std::is_same_v<To, F16>)
        return {f16_from_f32(static_cast<float>(x))};
    else if constexpr (std::is_same_v<To, BF16>)
        return {bf16_from_f32(static_cast<float>(x))};
    else if constexpr (std::is_same_v<To, bool>)
        return x != From{0};
    else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>)
        return clamp_to<To>(static_cast<double>(x));
    else
        return static_cast<To>(x);
}

} // namespace

void convert_elements(DType from_dtype,
                      const void* from,
                      std::int64_t i,
                      DType to_dtype,
                      void* to,
                      std::int64_t j,
                      std::int64_t count)
{
    with_type(from_dtype, [&]<class From>(From) {
        with_type(to_dtype, [&]<class To>(To) {
            const From* x = static_cast<const From*>(from) + i;
            To* y = static_cast<To*>(to) + j;
            for (std::int64_t k = 0; k < count; ++k)
                y[k] = convert<To>(x[k]);
        });
    });
}

void convert_element(DType from_dtype,
                     const void* from,
                     std::int64_t i,
                     DType to_dtype,
                     void* to,
                     std::int64_t j)
{
    convert_elements(from_dtype, from, i, to_dtype, to, j, 1);
}

} // namespace croton::inline v1
