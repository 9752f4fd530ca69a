/* Sine, cosine and tangent of every argument. Beyond 2^20 x 2/pi is computed in integers from as
   many bits of 2/pi as matter (Payne and Hanek). That is a slow function with branches, which
   a loop over lanes keeps out: it calls sin_fast, joins trig_hard of its lanes into a flag, and
   where the flag is set calls sin_fix afterwards. Everything else calls sin. */

/* 64 zero bits, then 2/pi after its binary point, most significant bit first. */
CT_TABLE u64 trig_two_over_pi[21] = {0x0000000000000000u, 0xa2f9836e4e441529u, 0xfc2757d1f534ddc0u,
                                     0xdb6295993c439041u, 0xfe5163abdebbc561u, 0xb7246e3a424dd2e0u,
                                     0x06492eea09d1921cu, 0xfe1deb1cb129a73eu, 0xe88235f52ebb4484u,
                                     0xe99c7026b45f7e41u, 0x3991d639835339f4u, 0x9c845f8bbdf9283bu,
                                     0x1ff897ffde05980fu, 0xef2f118b5a0a6d1fu, 0x6d367ecf27cb09b7u,
                                     0x4f463f669e5fea2du, 0x7527bac7ebe5f17bu, 0x3d0739f78a5292eau,
                                     0x6bfb5fb11f8d5d08u, 0x56033046fc7b6babu, 0xf0cfbc209af4361du};

CT_MATH u64 trig_mul_high(u64 a, u64 b)
{
    u64 al = a & 0xffffffffu;
    u64 ah = a >> 32;
    u64 bl = b & 0xffffffffu;
    u64 bh = b >> 32;
    u64 middle = ah * bl + (al * bl >> 32);
    u64 other = al * bh + (middle & 0xffffffffu);
    return ah * bh + (middle >> 32) + (other >> 32);
}

/* 64 bits of the table from bit `first`. */
CT_MATH u64 trig_bits(u64 first)
{
    u64 word = first >> 6;
    u64 shift = first & 63u;
    u64 low = shift == 0 ? 0 : trig_two_over_pi[word + 1] >> (64u - shift);
    return trig_two_over_pi[word] << shift | low;
}

/* For 2^20 < a < inf: r with a = q pi/2 + r - *lost modulo 2 pi, |r| <= pi/4; q in *quadrant. With
   a = m 2^e, bits of 2/pi that make m 2^e a multiple of 4 are left out; 192 bits of the product
   hold q, 61 bits that may cancel, and 100 more. */
CT_NOINLINE f64 trig_large_f64(f64 a, u64* quadrant, f64* lost)
{
    u64 m = (bits_f64(a) & 0x000fffffffffffffu) | 0x0010000000000000u;
    u64 first = (bits_f64(a) >> 52) - 1075u + 62u;
    u64 w0 = trig_bits(first);
    u64 w1 = trig_bits(first + 64u);
    u64 w2 = trig_bits(first + 128u);
    u64 p2 = m * w2;
    u64 p1 = m * w1 + trig_mul_high(m, w2);
    u64 carry = p1 < m * w1;
    u64 p0 = m * w0 + trig_mul_high(m, w1) + carry;
    u64 q = p0 >> 62;
    u64 f0 = p0 << 2 | p1 >> 62;
    u64 f1 = p1 << 2 | p2 >> 62;
    u64 f2 = p2 << 2;
    b8 negative = (f0 >> 63) != 0;
    if (negative) { /* the nearer multiple is the next one: 1 - f, the last bit aside */
        q += 1u;
        f0 = ~f0;
        f1 = ~f1;
        f2 = ~f2;
    }
    f64 scale = 0x1p-64;
    while (f0 < 0x4000000000000000u) {
        f0 = f0 << 1 | f1 >> 63;
        f1 = f1 << 1 | f2 >> 63;
        f2 <<= 1;
        scale *= 0.5;
    }
    f64 high = (f64)(i64)(f0 & ~(u64)0x7ff);
    f64 low = (f64)(i64)(f0 & 0x7ffu) + (f64)(i64)(f1 >> 1) * 0x1p-63;
    f64 r = high * 0x1.921fb54442d18p+0;
    f64 rest = fma_f64(high, 0x1.921fb54442d18p+0, -r) + high * 0x1.1a62633145c07p-54;
    rest = fma_f64(low, 0x1.921fb54442d18p+0, rest);
    f64 y = r + rest;
    scale = negative ? -scale : scale;
    *quadrant = q;
    *lost = (y - r - rest) * scale;
    return y * scale;
}

/* The sine of a + turns pi/2, 2^20 < a < inf. */
CT_NOINLINE f64 sin_large_f64(f64 a, u64 turns)
{
    u64 q;
    f64 lost;
    f64 r = trig_large_f64(a, &q, &lost);
    f64 c = (0x1.921fb54442d18p+0 - abs_f64(r)) + 0x1.1a62633145c07p-54;
    q += turns;
    f64 y = sin_poly_f64((q & 1u) != 0 ? c : r);
    return from_bits_f64(bits_f64(y) ^ (q << 62 & 0x8000000000000000u));
}

CT_NOINLINE f64 tan_large_f64(f64 a)
{
    u64 q;
    f64 lost;
    f64 r = trig_large_f64(a, &q, &lost);
    return tan_turned_f64(r, 0.0, lost, q & 1u);
}

/* Negative if x is too large for sin_fast, cos_fast and tan_fast: finite and at least 2^20. By the
   exponent e alone, in the upper 8 or 11 bits, of which both e + 1 and e - 19 (modulo 256 or 2048)
   must have the highest: comparisons would take a fifth of a loop's time. */
CT_MATH i32 trig_hard_f32(f32 x)
{
    u32 e = bits_f32(x) << 1;
    return (i32)((e + 0x01000000u) & (e - 0x13000000u));
}

CT_MATH i32 trig_hard_f64(f64 x)
{
    u64 e = bits_f64(x) << 1;
    return (i32)(((e + 0x0020000000000000u) & (e - 0x0260000000000000u)) >> 32);
}

CT_MATH f32 sin_f32(f32 x)
{
    if (trig_hard_f32(x) >= 0) return sin_fast_f32(x);
    f64 y = sin_large_f64((f64)abs_f32(x), 0);
    return (f32)(x < 0 ? -y : y);
}

CT_MATH f64 sin_f64(f64 x)
{
    if (trig_hard_f64(x) >= 0) return sin_fast_f64(x);
    f64 y = sin_large_f64(abs_f64(x), 0);
    return x < 0 ? -y : y;
}

CT_MATH f32 cos_f32(f32 x)
{
    return trig_hard_f32(x) < 0 ? (f32)sin_large_f64((f64)abs_f32(x), 1) : cos_fast_f32(x);
}

CT_MATH f64 cos_f64(f64 x)
{
    return trig_hard_f64(x) < 0 ? sin_large_f64(abs_f64(x), 1) : cos_fast_f64(x);
}

CT_MATH struct sincos_result_f64 sincos_f64(f64 x)
{
    struct sincos_result_f64 y;
    if (trig_hard_f64(x) >= 0) return sincos_fast_f64(x);
    y.sin = sin_f64(x);
    y.cos = cos_f64(x);
    return y;
}

CT_MATH f32 tan_f32(f32 x)
{
    if (trig_hard_f32(x) >= 0) return tan_fast_f32(x);
    f64 y = tan_large_f64((f64)abs_f32(x));
    return (f32)(x < 0 ? -y : y);
}

CT_MATH f64 tan_f64(f64 x)
{
    if (trig_hard_f64(x) >= 0) return tan_fast_f64(x);
    f64 y = tan_large_f64(abs_f64(x));
    return x < 0 ? -y : y;
}

/* y[i] = sin(x[i]) again where sin_fast was not good enough. */
CT_NOINLINE void sin_fix_f32(const f32* x, f32* y, i64 n)
{
    for (i64 i = 0; i < n; ++i)
        if (trig_hard_f32(x[i]) < 0) y[i] = sin_f32(x[i]);
}

CT_NOINLINE void sin_fix_f64(const f64* x, f64* y, i64 n)
{
    for (i64 i = 0; i < n; ++i)
        if (trig_hard_f64(x[i]) < 0) y[i] = sin_f64(x[i]);
}

CT_NOINLINE void cos_fix_f32(const f32* x, f32* y, i64 n)
{
    for (i64 i = 0; i < n; ++i)
        if (trig_hard_f32(x[i]) < 0) y[i] = cos_f32(x[i]);
}

CT_NOINLINE void cos_fix_f64(const f64* x, f64* y, i64 n)
{
    for (i64 i = 0; i < n; ++i)
        if (trig_hard_f64(x[i]) < 0) y[i] = cos_f64(x[i]);
}

CT_NOINLINE void tan_fix_f32(const f32* x, f32* y, i64 n)
{
    for (i64 i = 0; i < n; ++i)
        if (trig_hard_f32(x[i]) < 0) y[i] = tan_f32(x[i]);
}

CT_NOINLINE void tan_fix_f64(const f64* x, f64* y, i64 n)
{
    for (i64 i = 0; i < n; ++i)
        if (trig_hard_f64(x[i]) < 0) y[i] = tan_f64(x[i]);
}
