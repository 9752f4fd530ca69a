// The prelude's exact functions, compiled as emitted code is, behind plain declarations.
#pragma once

#include <cstdint>

/// Integer operations of one type.
template <class T>
struct IntegerOperations {
    T (*add)(T, T);
    T (*sub)(T, T);
    T (*mul)(T, T);
    T (*neg)(T);
    T (*abs)(T);
    T (*sign)(T);
    T (*min)(T, T);
    T (*max)(T, T);
    T (*floor_div)(T, T);
    T (*mod)(T, T);
    T (*pow)(T, T);
    T (*left_shift)(T, T);
    T (*right_shift)(T, T);
    T (*from_f32)(float);
    T (*from_f64)(double);
};
template <class T>
const IntegerOperations<T>& integer_operations();

/// Float operations of one type.
template <class T>
struct FloatOperations {
    T (*floor_div)(T, T);
    T (*mod)(T, T);
    T (*min)(T, T);
    T (*max)(T, T);
    T (*copysign)(T, T);
    T (*sign)(T);
    T (*floor)(T);
    T (*ceil)(T);
    T (*trunc)(T);
    T (*rint)(T);
    T (*sqrt)(T);
    T (*rsqrt)(T);
    bool (*isnan)(T);
    bool (*isinf)(T);
    bool (*isfinite)(T);
    std::uint16_t (*to_f16)(T);
    std::uint16_t (*to_bf16)(T);
};
template <class T>
const FloatOperations<T>& float_operations();

float from_f16(std::uint16_t h);
float from_bf16(std::uint16_t h);
