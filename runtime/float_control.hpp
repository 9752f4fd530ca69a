#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace croton::inline v1 {

/// Rounding mode, flush-to-zero and exception masks of vector arithmetic in this thread.
using FloatControl = std::uint64_t;

inline FloatControl float_control()
{
#if defined(__x86_64__)
    return _mm_getcsr() & ~std::uint32_t{_MM_EXCEPT_MASK}; // without the sticky flags
#elif defined(__aarch64__)
    FloatControl control;
    asm volatile("mrs %0, fpcr" : "=r"(control));
    return control;
#endif
}

inline void set_float_control(FloatControl control)
{
#if defined(__x86_64__)
    _mm_setcsr(static_cast<std::uint32_t>(control));
#elif defined(__aarch64__)
    asm volatile("msr fpcr, %0" : : "r"(control));
#endif
}

} // namespace croton::inline v1
