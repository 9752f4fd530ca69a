/* Logarithms. x = 2^k (1 + f); f32: log(1 + f) = f + f^2 q(f) with 2/3 <= 1 + f < 4/3;
   f64: with s = f / (2 + f), log(1 + f) = 2 atanh(s) = f - s (f - s^2 q(s^2)) and
   sqrt(1/2) <= 1 + f < sqrt(2). The polynomials are minimax (tools/minimax.py). */

/* q of log(1 + f) = f + f^2 q, 2/3 <= 1 + f < 4/3, to 2^-25.1 of the logarithm; inf at inf. Fit
   log_series. */
CT_MATH f32 log_series_f32(f32 f)
{
    f32 q = 0x1.1f42dap-3f;
    q = fma_f32(q, f, -0x1.3b28dap-3f);
    q = fma_f32(q, f, 0x1.1ea264p-3f);
    q = fma_f32(q, f, -0x1.5032e6p-3f);
    q = fma_f32(q, f, 0x1.99d434p-3f);
    q = fma_f32(q, f, -0x1.00148cp-2f);
    q = fma_f32(q, f, 0x1.5554fap-2f);
    return fma_f32(q, f, -0x1.ffffd4p-2f);
}

CT_MATH f32 log_poly_f32(f32 f) { return fma_f32(f * f, log_series_f32(f), f); }

/* log(1 + f) - f + rest, sqrt(1/2) <= 1 + f < sqrt(2), to 2^-59.5 of log(1 + f). Fit log_tail. */
CT_MATH f64 log_tail_f64(f64 f, f64 rest)
{
    f64 s = f / (2.0 + f);
    f64 z = s * s;
    f64 q = 0x1.2f14ad97991c8p-3;
    q = fma_f64(q, z, 0x1.39a04c35cb0dap-3);
    q = fma_f64(q, z, 0x1.74664c334b3a4p-3);
    q = fma_f64(q, z, 0x1.c71c51cd6c437p-3);
    q = fma_f64(q, z, 0x1.2492494234348p-2);
    q = fma_f64(q, z, 0x1.999999997f98ap-2);
    q = fma_f64(q, z, 0x1.5555555555593p-1);
    return fma_f64(-s, fma_f64(-z, q, f), rest);
}

CT_MATH f64 log_poly_f64(f64 f) { return log_tail_f64(f, f); }

/* k 2^23 for positive normal x, as bits. */
CT_MATH u32 log_exponent_f32(f32 x) { return (bits_f32(x) - 0x3f2aaaabu) & 0xff800000u; }
CT_MATH u64 log_exponent_f64(f64 x)
{
    return (bits_f64(x) - 0x3fe6a09e667f3bcdu) & 0xfff0000000000000u;
}

/* k from k 2^52: by a shift and 1.5 * 2^52, which vectorises where no conversion of i64 does. */
CT_MATH f64 log_integer_f64(u64 exponent)
{
#ifdef __AVX512DQ__
    return (f64)(i64)exponent * 0x1p-52;
#else
    u64 biased = (exponent ^ 0x8000000000000000u) >> 52;
    return from_bits_f64(biased + 0x4338000000000000u) - (0x1.8p+52 + 2048.0);
#endif
}

/* k ln 2 + log(1 + f). */
CT_MATH f32 log_sum_f32(f32 k, f32 f) { return fma_f32(k, 0x1.62e43p-1f, log_poly_f32(f)); }
CT_MATH f64 log_sum_f64(f64 k, f64 f) { return fma_f64(k, 0x1.62e42fefa39efp-1, log_poly_f64(f)); }

/* The result y where 0 < x < inf; else inf, -inf at 0, NaN below. */
CT_MATH f32 log_special_f32(f32 x, f32 y)
{
    f32 edge = x == 0 ? -__builtin_inff() : __builtin_nanf("");
    y = x < __builtin_inff() ? y : x;
    return x > 0 ? y : edge;
}

CT_MATH f64 log_special_f64(f64 x, f64 y)
{
    f64 edge = x == 0 ? -__builtin_inf() : __builtin_nan("");
    y = x < __builtin_inf() ? y : x;
    return x > 0 ? y : edge;
}

CT_MATH f32 log_f32(f32 x)
{
    b8 small = x < 0x1p-126f;
    f32 a = small ? x * 0x1p+24f : x;
    u32 e = log_exponent_f32(a);
    f32 f = from_bits_f32(bits_f32(a) - e) - 1.0f;
    f32 k = (f32)((i32)e >> 23) - (small ? 24.0f : 0.0f);
    return log_special_f32(x, log_sum_f32(k, f));
}

CT_MATH f64 log_f64(f64 x)
{
    b8 small = x < 0x1p-1022;
    f64 a = small ? x * 0x1p+54 : x;
    u64 e = log_exponent_f64(a);
    f64 f = from_bits_f64(bits_f64(a) - e) - 1.0;
    f64 k = log_integer_f64(e) - (small ? 54.0 : 0.0);
    return log_special_f64(x, log_sum_f64(k, f));
}

/* -inf of 0, NaN of what is less: the bits of the sign and the exponent, and below 0 of the
   mantissa. */
CT_MATH f32 log1p_edge_f32(f32 u)
{
    return from_bits_f32((u32)((i32)bits_f32(u) >> 31) | 0xff800000u);
}

CT_MATH f64 log1p_edge_f64(f64 u)
{
    return from_bits_f64((u64)((i64)bits_f64(u) >> 63) | 0xfff0000000000000u);
}

/* u = 1 + x rounded, 1 + f = 2^-k (1 + x), whose rounding is all that f loses: f = 2^-k x -
   (1 - 2^-k). 2^-k, subnormal at the end, is a quarter of a normal number; k is kept as -k 2^23
   (f32) or -k (f64), so that -0 stays what it is. */
CT_MATH f32 log1p_f32(f32 x)
{
    f32 u = 1.0f + x;
    u32 e = (0x3faaaaaau - bits_f32(u)) & 0xff800000u;
    f32 scale = 0.25f * from_bits_f32(e + bits_f32(4.0f));
    f32 f = fma_f32(x, scale, -(1.0f - scale));
    f32 y = fma_f32((f32)(i32)e, -0x1.62e43p-24f, log_poly_f32(f));
    return u <= 0 ? log1p_edge_f32(u) : y;
}

CT_MATH f64 log1p_f64(f64 x)
{
    f64 u = 1.0 + x;
    u64 e = (0x3ff6a09e667f3bccu - bits_f64(u)) & 0xfff0000000000000u;
    f64 scale = 0.25 * from_bits_f64(e + bits_f64(4.0));
    f64 f = fma_f64(x, scale, -(1.0 - scale));
    f64 y = fma_f64(log_integer_f64(e), -0x1.62e42fefa39efp-1, log_poly_f64(f));
    y = u < __builtin_inf() ? y : u;
    return u <= 0 ? log1p_edge_f64(u) : y;
}

/* log(1 + x) + more, x >= 0, rounded but once beside f: for functions whose argument x has lost as
   much already. */
CT_MATH f64 log1p_more_f64(f64 x, f64 more)
{
    u64 e = (0x3ff6a09e667f3bccu - bits_f64(1.0 + x)) & 0xfff0000000000000u;
    f64 scale = 0.25 * from_bits_f64(e + bits_f64(4.0));
    f64 f = fma_f64(x, scale, -(1.0 - scale));
    f64 k = log_integer_f64(e);
    f64 sum = fma_f64(k, -0x1.62e42fefa39efp-1, f);
    f64 lost = fma_f64(k, 0x1.62e42fefa39efp-1, sum) - f;
    f64 tail = log_tail_f64(f, fma_f64(k, -0x1.abc9e3b39803fp-56, more));
    return x < __builtin_inf() ? sum + (tail - lost) : x;
}

/* log(1 + e^x) = max(x, 0) + log(1 + e), e = e^-|x| = 2^n (1 + s). Where 1 + e is past the range of
   log_poly, log(1 + e) = ln 2 + log(1 + f) with f = (e - 1) / 2 made from s, as e is rounded. A NaN
   is in the last term alone: of two, either may be the sum. */
CT_MATH f32 softplus_f32(f32 x)
{
    f32 c = -abs_f32(x);
    c = c < -104.0f ? -104.0f : c; /* a NaN stays */
    f32 t = exp_shift_f32(c);
    f32 r = exp_rest_f32(c, t);
    f32 s = fma_f32(r * r, expm1_poly_f32(r), r);
    f32 half = exp_power_f32(t - 1.0f);
    b8 near = c > -0x1.193ea8p+0f;
    f32 f = near ? fma_f32(s, half, half - 0.5f) : exp_scale_f32(1.0f + s, t);
    f32 tail = log_poly_f32(f) + (near ? 0x1.62e43p-1f : 0.0f);
    return (x > 0 ? x : 0.0f) + tail;
}

CT_MATH f64 softplus_f64(f64 x)
{
    f64 c = -abs_f64(x);
    c = c < -746.0 ? -746.0 : c;
    f64 t = exp_shift_f64(c);
    f64 r = exp_rest_f64(c, t);
    f64 s = fma_f64(r * r, expm1_poly_f64(r), r);
    f64 half = exp_power_f64(t - 1.0);
    b8 near = c > -0x1.c34366179d427p-1;
    f64 f = near ? fma_f64(s, half, half - 0.5) : exp_scale_f64(1.0 + s, t);
    f64 tail = log_poly_f64(f) + (near ? 0x1.62e42fefa39efp-1 : 0.0);
    return (x > 0 ? x : 0.0) + tail;
}

/* log(1 - e^x), x <= 0, e^x = 2^n (1 + m), s = 2^n: 1 - e^x = (1 - s) - s m = 2^k (1 + f), and what
   m lost is given back. Where e^x is so small that neither matters f = -e^x. x is made larger
   where it is subnormal. */
CT_MATH f32 log1mexp_f32(f32 x)
{
    f32 c = x < -104.0f ? -104.0f : x;
    b8 small = c > -0x1p-126f;
    c = small ? c * 0x1p+24f : c;
    f32 t = exp_shift_f32(c);
    f32 r = exp_rest_f32(c, t);
    f32 q = expm1_poly_f32(r);
    f32 m = fma_f32(r * r, q, r);
    f32 more = fma_f32(r * r, q, r - m);
    b8 near = c > -8.0f;
    f32 s = exp_power_f32(t);
    u32 e = log_exponent_f32(near ? fma_f32(-s, m, 1.0f - s) : 1.0f);
    f32 scale = from_bits_f32(bits_f32(1.0f) - e);
    f32 f = near ? fma_f32(-s * scale, m, fma_f32(1.0f - s, scale, -1.0f))
                 : -exp_scale_f32(1.0f + m, t);
    f32 k = (f32)((i32)e >> 23) - (small ? 24.0f : 0.0f);
    f32 y = fma_f32(f * f, log_series_f32(f), near ? -s * scale * more : 0.0f) + f;
    f32 edge = x == 0 ? -__builtin_inff() : __builtin_nanf("");
    return x < 0 ? -abs_f32(fma_f32(k, 0x1.62e43p-1f, y)) : edge;
}

CT_MATH f64 log1mexp_f64(f64 x)
{
    f64 c = x < -746.0 ? -746.0 : x;
    b8 small = c > -0x1p-1022;
    c = small ? c * 0x1p+54 : c;
    f64 t = exp_shift_f64(c);
    f64 r = exp_rest_f64(c, t);
    f64 q = expm1_poly_f64(r);
    f64 m = fma_f64(r * r, q, r);
    f64 more = fma_f64(r * r, q, r - m);
    b8 near = c > -16.0;
    f64 s = exp_power_f64(t);
    u64 e = log_exponent_f64(near ? fma_f64(-s, m, 1.0 - s) : 1.0);
    f64 scale = from_bits_f64(bits_f64(1.0) - e);
    f64 f =
        near ? fma_f64(-s * scale, m, fma_f64(1.0 - s, scale, -1.0)) : -exp_scale_f64(1.0 + m, t);
    f64 k = log_integer_f64(e) - (small ? 54.0 : 0.0);
    f64 sum = fma_f64(k, 0x1.62e42fefa39efp-1, f);
    f64 lost = fma_f64(k, -0x1.62e42fefa39efp-1, sum) - f;
    more = near ? -s * scale * more : 0.0;
    f64 y = sum + (log_tail_f64(f, fma_f64(k, 0x1.abc9e3b39803fp-56, more)) - lost);
    f64 edge = x == 0 ? -__builtin_inf() : __builtin_nan("");
    return x < 0 ? -abs_f64(y) : edge;
}

/* log2 x = k + log(1 + f) / ln 2; in f32 k + f / ln 2 in two parts, as near x = 4/3 the rounding of
   -0.585 is twice the result's. */
CT_MATH f32 log2_f32(f32 x)
{
    b8 small = x < 0x1p-126f;
    f32 a = small ? x * 0x1p+24f : x;
    u32 e = log_exponent_f32(a);
    f32 f = from_bits_f32(bits_f32(a) - e) - 1.0f;
    f32 k = (f32)((i32)e >> 23) - (small ? 24.0f : 0.0f);
    f32 y = fma_f32(f, 0x1.715476p+0f, k);
    f32 rest = fma_f32(f, 0x1.715476p+0f, k - y);
    rest = fma_f32(f, 0x1.4ae0cp-26f, rest);
    rest = fma_f32(f * f * log_series_f32(f), 0x1.715476p+0f, rest);
    return log_special_f32(x, y + rest);
}

CT_MATH f64 log2_f64(f64 x)
{
    b8 small = x < 0x1p-1022;
    f64 a = small ? x * 0x1p+54 : x;
    u64 e = log_exponent_f64(a);
    f64 f = from_bits_f64(bits_f64(a) - e) - 1.0;
    f64 k = log_integer_f64(e) - (small ? 54.0 : 0.0);
    return log_special_f64(x, fma_f64(log_poly_f64(f), 0x1.71547652b82fep+0, k));
}

/* log10 x = k log10(2) + f / ln 10 + (log(1 + f) - f) / ln 10. */
CT_MATH f32 log10_f32(f32 x)
{
    b8 small = x < 0x1p-126f;
    f32 a = small ? x * 0x1p+24f : x;
    u32 e = log_exponent_f32(a);
    f32 f = from_bits_f32(bits_f32(a) - e) - 1.0f;
    f32 k = (f32)((i32)e >> 23) - (small ? 24.0f : 0.0f);
    f32 rest = fma_f32(f, -0x1.5b235ep-27f, k * -0x1.ec10cp-27f);
    rest = fma_f32(f * f * log_series_f32(f), 0x1.bcb7b2p-2f, rest);
    f32 y = fma_f32(f, 0x1.bcb7b2p-2f, rest);
    return log_special_f32(x, fma_f32(k, 0x1.344136p-2f, y));
}

CT_MATH f64 log10_f64(f64 x)
{
    b8 small = x < 0x1p-1022;
    f64 a = small ? x * 0x1p+54 : x;
    u64 e = log_exponent_f64(a);
    f64 f = from_bits_f64(bits_f64(a) - e) - 1.0;
    f64 k = log_integer_f64(e) - (small ? 54.0 : 0.0);
    f64 y = fma_f64(log_poly_f64(f), 0x1.bcb7b1526e50ep-2, k * -0x1.9dc1da994fd21p-59);
    return log_special_f64(x, fma_f64(k, 0x1.34413509f79ffp-2, y));
}
