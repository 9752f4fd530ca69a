#include "prelude_operations.hpp"

#include "prelude_all.h"

#define INTEGER(T, t)                                                                              \
    template <>                                                                                    \
    const IntegerOperations<T>& integer_operations<T>()                                            \
    {                                                                                              \
        static const IntegerOperations<T> all{[](T a, T b) -> T { return add_##t(a, b); },         \
                                              [](T a, T b) -> T { return sub_##t(a, b); },         \
                                              [](T a, T b) -> T { return mul_##t(a, b); },         \
                                              [](T a) -> T { return neg_##t(a); },                 \
                                              [](T a) -> T { return abs_##t(a); },                 \
                                              [](T a) -> T { return sign_##t(a); },                \
                                              [](T a, T b) -> T { return min_##t(a, b); },         \
                                              [](T a, T b) -> T { return max_##t(a, b); },         \
                                              [](T a, T b) -> T { return floor_div_##t(a, b); },   \
                                              [](T a, T b) -> T { return mod_##t(a, b); },         \
                                              [](T a, T b) -> T { return pow_##t(a, b); },         \
                                              [](T a, T b) -> T { return left_shift_##t(a, b); },  \
                                              [](T a, T b) -> T { return right_shift_##t(a, b); }, \
                                              [](float x) -> T { return cast_##t##_f32(x); },      \
                                              [](double x) -> T { return cast_##t##_f64(x); }};    \
        return all;                                                                                \
    }

INTEGER(std::int8_t, i8)
INTEGER(std::int16_t, i16)
INTEGER(std::int32_t, i32)
INTEGER(std::int64_t, i64)
INTEGER(std::uint8_t, u8)
INTEGER(std::uint16_t, u16)
INTEGER(std::uint32_t, u32)
INTEGER(std::uint64_t, u64)

#define FLOAT(T, t)                                                                                \
    template <>                                                                                    \
    const FloatOperations<T>& float_operations<T>()                                                \
    {                                                                                              \
        static const FloatOperations<T> all{[](T a, T b) { return floor_div_##t(a, b); },          \
                                            [](T a, T b) { return mod_##t(a, b); },                \
                                            [](T a, T b) { return min_##t(a, b); },                \
                                            [](T a, T b) { return max_##t(a, b); },                \
                                            [](T a, T b) { return copysign_##t(a, b); },           \
                                            [](T a) { return sign_##t(a); },                       \
                                            [](T a) { return floor_##t(a); },                      \
                                            [](T a) { return ceil_##t(a); },                       \
                                            [](T a) { return trunc_##t(a); },                      \
                                            [](T a) { return rint_##t(a); },                       \
                                            [](T a) { return sqrt_##t(a); },                       \
                                            [](T a) { return rsqrt_##t(a); },                      \
                                            [](T a) { return isnan_##t(a) != 0; },                 \
                                            [](T a) { return isinf_##t(a) != 0; },                 \
                                            [](T a) { return isfinite_##t(a) != 0; },              \
                                            [](T a) { return f16_from_##t(a); },                   \
                                            [](T a) { return bf16_from_##t(a); }};                 \
        return all;                                                                                \
    }

FLOAT(float, f32)
FLOAT(double, f64)

float from_f16(std::uint16_t h) { return f32_from_f16(h); }
float from_bf16(std::uint16_t h) { return f32_from_bf16(h); }
