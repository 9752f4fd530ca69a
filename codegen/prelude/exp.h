/* Exponentials. x = n ln 2 + r with |r| <= ln(2)/2, e^r a minimax polynomial. Polynomials are named
   as tools/minimax.py, which makes them, names their fits.
   Adding 1.5 * 2^23 + 127 (f32) or 1.5 * 2^52 + 1023 (f64) rounds to an integer and leaves it,
   biased as an exponent is, in the low bits of the sum, here called t. */

/* The sum whose low bits are n = x / ln 2 rounded. */
CT_MATH f32 exp_shift_f32(f32 x) { return fma_f32(x, 0x1.715476p+0f, 0x1.8000fep+23f); }
CT_MATH f64 exp_shift_f64(f64 x) { return fma_f64(x, 0x1.71547652b82fep+0, 0x1.80000000003ffp+52); }

/* x - n ln 2, ln 2 in two parts of which the first times n is exact. */
CT_MATH f32 exp_rest_f32(f32 x, f32 t)
{
    f32 n = t - 0x1.8000fep+23f;
    f32 r = fma_f32(n, -0x1.62e4p-1f, x);
    return fma_f32(n, -0x1.7f7d1cp-20f, r);
}

CT_MATH f64 exp_rest_f64(f64 x, f64 t)
{
    f64 n = t - 0x1.80000000003ffp+52;
    f64 r = fma_f64(n, -0x1.62e42fefa38p-1, x);
    return fma_f64(n, -0x1.ef35793c7673p-45, r);
}

/* 2^n for a shift's t, -126 <= n <= 127 (f32), -1022 <= n <= 1023 (f64). */
CT_MATH f32 exp_power_f32(f32 t) { return from_bits_f32(bits_f32(t) << 23); }
CT_MATH f64 exp_power_f64(f64 t) { return from_bits_f64(bits_f64(t) << 52); }

/* y 2^n rounded once, subnormals and overflow included, for 2^-100 < y < 2 and |n| < 250. */
CT_MATH f32 exp_scale_f32(f32 y, f32 t)
{
#if defined(__clang__) && __clang_major__ >= 22 && defined(__AVX512F__)
    return __builtin_ldexpf(y, (i32)(bits_f32(t) - 0x4b40007fu));
#else
    u32 b = bits_f32(t) + 127u;
    u32 a = b >> 1;
    return y * from_bits_f32(a << 23) * from_bits_f32((b - a) << 23);
#endif
}

/* The same in f64, |n| < 2000. */
CT_MATH f64 exp_scale_f64(f64 y, f64 t)
{
#if defined(__clang__) && __clang_major__ >= 22 && defined(__AVX512F__)
    return __builtin_ldexp(y, (i32)(bits_f64(t) - 0x43380000000003ffu));
#else
    u64 b = bits_f64(t) + 1023u;
    u64 a = b >> 1;
    return y * from_bits_f64(a << 52) * from_bits_f64((b - a) << 52);
#endif
}

/* e^r for |r| <= ln(2)/2, to 2^-28.2 (f32) and 2^-57.5 (f64) of itself before rounding.
   Fit exp_poly. */
CT_MATH f32 exp_poly_f32(f32 r)
{
    f32 p = 0x1.6a3d14p-10f;
    p = fma_f32(p, r, 0x1.123856p-7f);
    p = fma_f32(p, r, 0x1.5558bep-5f);
    p = fma_f32(p, r, 0x1.555494p-3f);
    p = fma_f32(p, r, 0x1.fffffcp-2f);
    p = fma_f32(p, r, 1.0f);
    return fma_f32(p, r, 1.0f);
}

CT_MATH f64 exp_poly_f64(f64 r)
{
    f64 p = 0x1.b11301dd6e0d8p-26;
    p = fma_f64(p, r, 0x1.28b8fa7e0176cp-22);
    p = fma_f64(p, r, 0x1.71dcfc6719898p-19);
    p = fma_f64(p, r, 0x1.a0198ca35ac91p-16);
    p = fma_f64(p, r, 0x1.a01a0213eceebp-13);
    p = fma_f64(p, r, 0x1.6c16c1898f214p-10);
    p = fma_f64(p, r, 0x1.11111110fff58p-7);
    p = fma_f64(p, r, 0x1.555555554ed13p-5);
    p = fma_f64(p, r, 0x1.5555555555587p-3);
    p = fma_f64(p, r, 0x1.000000000000fp-1);
    p = fma_f64(p, r, 1.0);
    return fma_f64(p, r, 1.0);
}

/* q of e^r - 1 = r + r^2 q for |r| <= ln(2)/2, to 2^-31.1 (f32) and 2^-61.6 (f64) of e^r - 1.
   Fit expm1_poly. */
CT_MATH f32 expm1_poly_f32(f32 r)
{
    f32 q = 0x1.9e66b8p-13f;
    q = fma_f32(q, r, 0x1.6d3a24p-10f);
    q = fma_f32(q, r, 0x1.1112dep-7f);
    q = fma_f32(q, r, 0x1.5554f8p-5f);
    q = fma_f32(q, r, 0x1.555554p-3f);
    return fma_f32(q, r, 0x1p-1f);
}

CT_MATH f64 expm1_poly_f64(f64 r)
{
    f64 z = r * r;
    f64 even = 0x1.1f218ad848e93p-29;
    even = fma_f64(even, z, 0x1.27e508f54cf27p-22);
    even = fma_f64(even, z, 0x1.a01a019663d61p-16);
    even = fma_f64(even, z, 0x1.6c16c16c180fcp-10);
    even = fma_f64(even, z, 0x1.5555555555556p-5);
    even = fma_f64(even, z, 0x1p-1);
    f64 odd = 0x1.af5dde0fbbfbfp-26;
    odd = fma_f64(odd, z, 0x1.71ddf8d691ca2p-19);
    odd = fma_f64(odd, z, 0x1.a01a01afb70c9p-13);
    odd = fma_f64(odd, z, 0x1.111111110f6ebp-7);
    odd = fma_f64(odd, z, 0x1.5555555555559p-3);
    return fma_f64(odd, r, even);
}

CT_MATH f32 exp_f32(f32 x)
{
    f32 c = x > 89.0f ? 89.0f : x; /* a NaN stays */
    c = c < -104.0f ? -104.0f : c;
    f32 t = exp_shift_f32(c);
    return exp_scale_f32(exp_poly_f32(exp_rest_f32(c, t)), t);
}

CT_MATH f64 exp_f64(f64 x)
{
    f64 c = x > 710.0 ? 710.0 : x; /* a NaN stays */
    c = c < -746.0 ? -746.0 : c;
    f64 t = exp_shift_f64(c);
    return exp_scale_f64(exp_poly_f64(exp_rest_f64(c, t)), t);
}

/* s (e^r - 1) + (s - 1), s = 2^n: adding s - 1 to s r first loses less than it would at the end.
   The sum is halved until it is done where 2^n may be past the largest number. Two zeros keep the
   sign of x = -0: 1 - s, which is subtracted, and that which -s r^2 is taken from. */
CT_MATH f32 expm1_f32(f32 x)
{
    f32 c = x > 89.0f ? 89.0f : x; /* a NaN stays */
    c = c < -18.0f ? -18.0f : c;
    f32 t = exp_shift_f32(c);
    f32 r = exp_rest_f32(c, t);
    f32 half = (i32)bits_f32(x) > (i32)bits_f32(88.0f) ? 1.0f : 0.0f;
    f32 s = exp_power_f32(t - half);
    f32 w = fma_f32(s * r, -r, 0.0f);
    f32 y = fma_f32(w, -expm1_poly_f32(r), fma_f32(s, r, -(1.0f - s)));
    return fma_f32(y, half, y);
}

CT_MATH f64 expm1_f64(f64 x)
{
    f64 c = x > 710.0 ? 710.0 : x; /* a NaN stays */
    c = c < -38.0 ? -38.0 : c;
    f64 t = exp_shift_f64(c);
    f64 r = exp_rest_f64(c, t);
    f64 half = (i64)bits_f64(x) > (i64)bits_f64(709.0) ? 1.0 : 0.0;
    f64 s = exp_power_f64(t - half);
    f64 w = fma_f64(s * r, -r, 0.0);
    f64 y = fma_f64(w, -expm1_poly_f64(r), fma_f64(s, r, -(1.0 - s)));
    return fma_f64(y, half, y);
}

/* tanh r for |r| <= 0.26, to 2^-27.9 (f32) and 2^-56.8 (f64) of itself before rounding. Fit
   tanh_poly. */
CT_MATH f32 tanh_poly_f32(f32 r)
{
    f32 z = r * r;
    f32 p = -0x1.a3a264p-5f;
    p = fma_f32(p, z, 0x1.10d94p-3f);
    p = fma_f32(p, z, -0x1.555506p-2f);
    return fma_f32(r * z, p, r);
}

CT_MATH f64 tanh_poly_f64(f64 r)
{
    f64 z = r * r;
    f64 p = -0x1.56be910c3932dp-10;
    p = fma_f64(p, z, 0x1.d4c2e99b163dbp-9);
    p = fma_f64(p, z, -0x1.2266d9532bad3p-7);
    p = fma_f64(p, z, 0x1.664f2b91feac1p-6);
    p = fma_f64(p, z, -0x1.ba1ba17d1c3a6p-5);
    p = fma_f64(p, z, 0x1.11111110f28d6p-3);
    p = fma_f64(p, z, -0x1.55555555554bp-2);
    return fma_f64(r * z, p, r);
}

/* |x| = n ln(2)/2 + r, -1/4 <= r / (ln(2)/2) <= 3/4. With s = 2^n and h = tanh r, so that e^(2r) is
   (1 + h)/(1 - h), tanh |x| = y / (y + 2 (1 - h)), y = (s - 1) + (s + 1) h. Where n = 0 that is h
   itself; where y is large, what it lost hardly matters. */
CT_MATH f32 tanh_f32(f32 x)
{
    f32 a = abs_f32(x);
    a = a > 10.0f ? 10.0f : a;
    f32 t = fma_f32(a - 0x1.62e43p-4f, 0x1.715476p+1f, 0x1.8000fep+23f);
    f32 n = t - 0x1.8000fep+23f;
    f32 r = fma_f32(n, -0x1.62e4p-2f, a);
    f32 h = tanh_poly_f32(fma_f32(n, -0x1.7f7d1cp-21f, r));
    f32 s = exp_power_f32(t);
    f32 y = fma_f32(s + 1.0f, h, s - 1.0f);
    return copysign_f32(y / (y + fma_f32(-2.0f, h, 2.0f)), x);
}

CT_MATH f64 tanh_f64(f64 x)
{
    f64 a = abs_f64(x);
    a = a > 20.0 ? 20.0 : a;
    f64 t = fma_f64(a - 0x1.62e42fefa39efp-4, 0x1.71547652b82fep+1, 0x1.80000000003ffp+52);
    f64 n = t - 0x1.80000000003ffp+52;
    f64 r = fma_f64(n, -0x1.62e42fefa38p-2, a);
    f64 h = tanh_poly_f64(fma_f64(n, -0x1.ef35793c7673p-46, r));
    f64 s = exp_power_f64(t);
    f64 y = fma_f64(s + 1.0, h, s - 1.0);
    return copysign_f64(y / (y + fma_f64(-2.0, h, 2.0)), x);
}

/* 2^x, x = n + r exactly; exp2m1_poly holds (2^r - 1)/r - ln 2, ln 2 as the format has it, for
   |r| <= 1/2 to 2^-28.9 (f32) and 2^-61.3 (f64) of 2^r. Fit exp2m1_poly. */
CT_MATH f32 exp2m1_poly_f32(f32 r)
{
    f32 p = 0x1.41d3d6p-13f;
    p = fma_f32(p, r, 0x1.5f3ea4p-10f);
    p = fma_f32(p, r, 0x1.3b2d82p-7f);
    p = fma_f32(p, r, 0x1.c6aee8p-5f);
    p = fma_f32(p, r, 0x1.ebfbdcp-3f);
    p = fma_f32(p, r, 0x1.5e4df2p-26f);
    return p;
}

CT_MATH f64 exp2m1_poly_f64(f64 r)
{
    f64 z = r * r;
    f64 even = 0x1.e9f14721a2c8p-32;
    even = fma_f64(even, z, 0x1.b524e8d0a1029p-24);
    even = fma_f64(even, z, 0x1.ffcbfc6ec3343p-17);
    even = fma_f64(even, z, 0x1.5d87fe78a3db1p-10);
    even = fma_f64(even, z, 0x1.c6b08d704a0c6p-5);
    even = fma_f64(even, z, 0x1.abc9e3b39803fp-56);
    f64 odd = 0x1.b1ab13c1888a4p-36;
    odd = fma_f64(odd, z, 0x1.e4dc04899f98cp-28);
    odd = fma_f64(odd, z, 0x1.62c01f0f7319cp-20);
    odd = fma_f64(odd, z, 0x1.430912f91b167p-13);
    odd = fma_f64(odd, z, 0x1.3b2ab6fba4c96p-7);
    odd = fma_f64(odd, z, 0x1.ebfbdff82c58fp-3);
    return fma_f64(odd, r, even);
}

CT_MATH f32 exp2_f32(f32 x)
{
    f32 c = x < -151.0f ? -151.0f : x > 129.0f ? 129.0f : x;
    f32 t = c + 0x1.8000fep+23f;
    f32 r = c - (t - 0x1.8000fep+23f);
    return exp_scale_f32(1.0f + fma_f32(r, 0x1.62e43p-1f, r * exp2m1_poly_f32(r)), t);
}

CT_MATH f64 exp2_f64(f64 x)
{
    f64 c = x < -1076.0 ? -1076.0 : x > 1025.0 ? 1025.0 : x;
    f64 t = c + 0x1.80000000003ffp+52;
    f64 r = c - (t - 0x1.80000000003ffp+52);
    return exp_scale_f64(1.0 + fma_f64(r, 0x1.62e42fefa39efp-1, r * exp2m1_poly_f64(r)), t);
}

/* 1 / (1 + e^-x), from e = e^-|x| so that it underflows as e^x does; what the sum d lost is put
   right in the quotient. */
CT_MATH f32 sigmoid_f32(f32 x)
{
    f32 e = exp_f32(-abs_f32(x));
    f32 d = 1.0f + e;
    f32 q = (x < 0 ? e : 1.0f) / d;
    f32 inverse = x < 0 ? 1.0f - q : q;
    return fma_f32(q * (d - 1.0f - e), inverse, q);
}

CT_MATH f64 sigmoid_f64(f64 x)
{
    f64 e = exp_f64(-abs_f64(x));
    f64 d = 1.0 + e;
    f64 q = (x < 0 ? e : 1.0) / d;
    f64 inverse = x < 0 ? 1.0 - q : q;
    return fma_f64(q * (d - 1.0 - e), inverse, q);
}
