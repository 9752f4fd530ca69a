#pragma once

#include <croton/ir/dtype.hpp>

#include <cstdint>

namespace croton::inline v1 {

/// to[j] = from[i], as the `cast` op converts: integers wrap; NaN to an integer is 0 and values out
/// of range clamp; anything but 0 is true; floats round to nearest even. Complex is an
/// InternalError.
void convert_element(DType from_dtype,
                     const void* from,
                     std::int64_t i,
                     DType to_dtype,
                     void* to,
                     std::int64_t j);

/// The same of `count` elements from there on.
void convert_elements(DType from_dtype,
                      const void* from,
                      std::int64_t i,
                      DType to_dtype,
                      void* to,
                      std::int64_t j,
                      std::int64_t count);

float f32_from_f16(std::uint16_t bits);
float f32_from_bf16(std::uint16_t bits);
std::uint16_t f16_from_f32(float value);
std::uint16_t bf16_from_f32(float value);

} // namespace croton::inline v1
