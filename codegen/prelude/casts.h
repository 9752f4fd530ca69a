/* Conversions between formats; integers of a float are in integers_signed.h and _unsigned.h. */

CT_MATH b8 cast_bool_f32(f32 x) { return x != 0; }
CT_MATH b8 cast_bool_f64(f64 x) { return x != 0; }

/* IEEE half precision, given as its bits. Exact. */
CT_MATH f32 f32_from_f16(u16 h)
{
#if defined(__clang__) && defined(__F16C__) && defined(__FLT16_MANT_DIG__)
    _Float16 x;
    __builtin_memcpy(&x, &h, sizeof x);
    return (f32)x;
#else
    u32 m = h & 0x7fffu;
    f32 small = (f32)(i32)m * 0x1p-24f;
    u32 bits = m < 0x0400u ? bits_f32(small) : (m << 13) + 0x38000000u;
    bits = m >= 0x7c00u ? (m << 13) | 0x7f800000u : bits;
    bits = m > 0x7c00u ? bits | 0x00400000u : bits;
    return from_bits_f32(bits | (u32)(h & 0x8000u) << 16);
#endif
}

/* To the nearest half, of two the even one. Adding 1/2 rounds where the result is subnormal. */
CT_MATH u16 f16_from_f32(f32 x)
{
#if defined(__clang__) && defined(__F16C__) && defined(__FLT16_MANT_DIG__)
    _Float16 y = (_Float16)x;
    u16 h;
    __builtin_memcpy(&h, &y, sizeof h);
    return h;
#else
    u32 a = bits_f32(x) & 0x7fffffffu;
    u32 small = bits_f32(from_bits_f32(a) + 0.5f) - 0x3f000000u;
    u32 h = a < 0x38800000u ? small : (a - 0x38000000u + 0x0fffu + (a >> 13 & 1u)) >> 13;
    h = a >= 0x477ff000u ? 0x7c00u : h;
    h = a > 0x7f800000u ? 0x7e00u | (a >> 13 & 0x03ffu) : h;
    return (u16)(h | (bits_f32(x) >> 16 & 0x8000u));
#endif
}

/* The upper half of an f32. */
CT_MATH f32 f32_from_bf16(u16 h) { return from_bits_f32((u32)h << 16); }

CT_MATH u16 bf16_from_f32(f32 x)
{
    u32 bits = bits_f32(x);
    u32 rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
    return (u16)(x != x ? bits >> 16 | 0x0040u : rounded);
}

/* x in f32 rounded to odd: truncated, and the last bit set if that lost anything. Rounding this
   once more to a narrower format rounds x correctly. */
CT_MATH f32 odd_f32_from_f64(f64 x)
{
    f32 y = (f32)x;
    u32 bits = bits_f32(y) - (abs_f64((f64)y) > abs_f64(x) ? 1u : 0u);
    return from_bits_f32((f64)y == x || x != x ? bits_f32(y) : bits | 1u);
}

CT_MATH u16 f16_from_f64(f64 x) { return f16_from_f32(odd_f32_from_f64(x)); }
CT_MATH u16 bf16_from_f64(f64 x) { return bf16_from_f32(odd_f32_from_f64(x)); }
