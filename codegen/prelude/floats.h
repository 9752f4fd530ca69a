/* Bits, signs, classes, minima and rounding of floats. Exact, so without an error bound. */

CT_MATH u32 bits_f32(f32 x)
{
    u32 bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    return bits;
}

CT_MATH u64 bits_f64(f64 x)
{
    u64 bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    return bits;
}

CT_MATH f32 from_bits_f32(u32 bits)
{
    f32 x;
    __builtin_memcpy(&x, &bits, sizeof x);
    return x;
}

CT_MATH f64 from_bits_f64(u64 bits)
{
    f64 x;
    __builtin_memcpy(&x, &bits, sizeof x);
    return x;
}

/* a * b + c rounded once. */
CT_MATH f32 fma_f32(f32 a, f32 b, f32 c) { return __builtin_fmaf(a, b, c); }
CT_MATH f64 fma_f64(f64 a, f64 b, f64 c) { return __builtin_fma(a, b, c); }

CT_MATH f32 abs_f32(f32 x) { return from_bits_f32(bits_f32(x) & 0x7fffffffu); }
CT_MATH f64 abs_f64(f64 x) { return from_bits_f64(bits_f64(x) & 0x7fffffffffffffffu); }
CT_MATH f32 neg_f32(f32 x) { return -x; }
CT_MATH f64 neg_f64(f64 x) { return -x; }

/* |x| with the sign bit of s. */
CT_MATH f32 copysign_f32(f32 x, f32 s)
{
    return from_bits_f32((bits_f32(x) & 0x7fffffffu) | (bits_f32(s) & 0x80000000u));
}

CT_MATH f64 copysign_f64(f64 x, f64 s)
{
    return from_bits_f64((bits_f64(x) & 0x7fffffffffffffffu) | (bits_f64(s) & 0x8000000000000000u));
}

CT_MATH b8 isnan_f32(f32 x) { return x != x; }
CT_MATH b8 isnan_f64(f64 x) { return x != x; }
CT_MATH b8 isinf_f32(f32 x) { return abs_f32(x) == __builtin_inff(); }
CT_MATH b8 isinf_f64(f64 x) { return abs_f64(x) == __builtin_inf(); }
CT_MATH b8 isfinite_f32(f32 x) { return abs_f32(x) < __builtin_inff(); }
CT_MATH b8 isfinite_f64(f64 x) { return abs_f64(x) < __builtin_inf(); }

/* -1, 0 or 1; a zero or NaN is returned as it is. */
/* -0 + 0 is 0, and NaN stays. */
CT_MATH f32 sign_f32(f32 x) { return x > 0 ? 1.0f : x < 0 ? -1.0f : x + 0.0f; }
CT_MATH f64 sign_f64(f64 x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : x + 0.0; }

/* A NaN operand is the result (the first, if both are); of equal operands the second is. Asked in
   this order, x86 needs an instruction for the extremum and two for NaN. */
CT_MATH f32 max_f32(f32 a, f32 b)
{
#ifdef CT_NAN_FIRST
    return CT_NAN_FIRST(a, >, b);
#else
    return a == a ? (a > b ? a : b) : a;
#endif
}

CT_MATH f64 max_f64(f64 a, f64 b)
{
#ifdef CT_NAN_FIRST
    return CT_NAN_FIRST(a, >, b);
#else
    return a == a ? (a > b ? a : b) : a;
#endif
}

CT_MATH f32 min_f32(f32 a, f32 b)
{
#ifdef CT_NAN_FIRST
    return CT_NAN_FIRST(a, <, b);
#else
    return a == a ? (a < b ? a : b) : a;
#endif
}

CT_MATH f64 min_f64(f64 a, f64 b)
{
#ifdef CT_NAN_FIRST
    return CT_NAN_FIRST(a, <, b);
#else
    return a == a ? (a < b ? a : b) : a;
#endif
}

/* The larger of a number a and b; a, where b is NaN. */
CT_MATH f32 max_number_f32(f32 a, f32 b) { return b > a ? b : a; }
CT_MATH f64 max_number_f64(f64 a, f64 b) { return b > a ? b : a; }

CT_MATH f32 square_f32(f32 x) { return x * x; }
CT_MATH f64 square_f64(f64 x) { return x * x; }
CT_MATH f32 sqrt_f32(f32 x) { return __builtin_sqrtf(x); }
CT_MATH f64 sqrt_f64(f64 x) { return __builtin_sqrt(x); }
CT_MATH f32 rsqrt_f32(f32 x) { return 1.0f / sqrt_f32(x); }
CT_MATH f64 rsqrt_f64(f64 x) { return 1.0 / sqrt_f64(x); }

CT_MATH f32 floor_f32(f32 x) { return __builtin_floorf(x); }
CT_MATH f64 floor_f64(f64 x) { return __builtin_floor(x); }
CT_MATH f32 ceil_f32(f32 x) { return __builtin_ceilf(x); }
CT_MATH f64 ceil_f64(f64 x) { return __builtin_ceil(x); }
CT_MATH f32 trunc_f32(f32 x) { return __builtin_truncf(x); }
CT_MATH f64 trunc_f64(f64 x) { return __builtin_trunc(x); }
/* To the nearest integer, of two the even one. */
CT_MATH f32 rint_f32(f32 x) { return __builtin_rintf(x); }
CT_MATH f64 rint_f64(f64 x) { return __builtin_rint(x); }
