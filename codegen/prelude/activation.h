/* Activations that are x times a distribution function, and that of the normal distribution. For
   x < 0 the result is -y with y = |x| F(-|x|), whose digits are kept as far as numbers go, and for
   x > 0 it is x - y, where y is at most half of x. */

/* factor Phi(-a), a >= 0: e^(-a^2/2) g(t) / (1 + 0.8125a), g a minimax polynomial in t = (a - 4) /
   (a + 4), or (a - 6) / (a + 6) in f64, to 2^-29.3 (f32) and 2^-58.2 (f64) of itself (fit
   norm_tail). As in erfc, what a^2, g, the products and the quotient lost is put right. */
CT_MATH f32 norm_tail_f32(f32 a, f32 factor)
{
    f32 t = (a - 4.0f) / (a + 4.0f);
    f32 q = -0x1.e2e64ep-15f;
    q = fma_f32(q, t, -0x1.ffdd3cp-15f);
    q = fma_f32(q, t, 0x1.162e2ep-11f);
    q = fma_f32(q, t, -0x1.03abdcp-13f);
    q = fma_f32(q, t, -0x1.04427p-8f);
    q = fma_f32(q, t, 0x1.a96e62p-7f);
    q = fma_f32(q, t, -0x1.4dcb46p-6f);
    q = fma_f32(q, t, 0x1.40e13ep-7f);
    q = fma_f32(q, t, 0x1.1c3a58p-5f);
    q = fma_f32(q, t, -0x1.c4b1d2p-4f);
    q = fma_f32(q, t, -0x1.6c8c1cp-27f);
    f32 g = q + 0x1.9ae008p-2f;
    f32 d = fma_f32(0.8125f, a, 1.0f);
    f32 inverse = 1.0f / d;
    f32 p = factor * g;
    f32 s = p * inverse;
    f32 lost = fma_f32(factor, g, -p) + factor * (q - (g - 0x1.9ae008p-2f));
    lost = fma_f32(-s, d, p) + lost;
    lost = fma_f32(-s, fma_f32(0.8125f, a, 1.0f - d), lost) * inverse;
    f32 half = 0.5f * a;
    f32 z = -(half * a);
    f32 n = exp_shift_f32(z);
    f32 r = exp_rest_f32(z, n) - fma_f32(half, a, z);
    f32 e = fma_f32(r * r, expm1_poly_f32(r), r);
    return exp_scale_f32(fma_f32(s, e, fma_f32(lost, e, lost)) + s, n);
}

CT_MATH f64 norm_tail_f64(f64 a, f64 factor)
{
    f64 t = (a - 6.0) / (a + 6.0);
    f64 z2 = t * t;
    f64 even = 0x1.4cb403b17a7aep-30;
    even = fma_f64(even, z2, -0x1.a0c7091358d35p-27);
    even = fma_f64(even, z2, 0x1.bae2308f06955p-24);
    even = fma_f64(even, z2, -0x1.a8b66c1ce285cp-21);
    even = fma_f64(even, z2, 0x1.ed34dff2acd9p-19);
    even = fma_f64(even, z2, 0x1.c2aeb720312f2p-16);
    even = fma_f64(even, z2, -0x1.6072495d85a8cp-11);
    even = fma_f64(even, z2, -0x1.4debf8cfe32ecp-8);
    even = fma_f64(even, z2, -0x1.999a39b61478ep-7);
    even = fma_f64(even, z2, -0x1.42856f5f5b548p-9);
    even = fma_f64(even, z2, 0x1.ab8ac18c9cd8bp-5);
    even = fma_f64(even, z2, -0x1.28445b4d7f0e6p-62);
    f64 odd = 0x1.4459c9c7aaeb4p-29;
    odd = fma_f64(odd, z2, -0x1.224686915c683p-26);
    odd = fma_f64(odd, z2, 0x1.7c5caf169dfc8p-27);
    odd = fma_f64(odd, z2, 0x1.6103e34471b8ap-20);
    odd = fma_f64(odd, z2, -0x1.55faca9fa983ep-16);
    odd = fma_f64(odd, z2, 0x1.a0efd822731b6p-14);
    odd = fma_f64(odd, z2, 0x1.1fba9dca605d4p-9);
    odd = fma_f64(odd, z2, 0x1.2a54fe8864224p-7);
    odd = fma_f64(odd, z2, 0x1.822072b6b6bfap-7);
    odd = fma_f64(odd, z2, -0x1.35d5791953c5ap-6);
    odd = fma_f64(odd, z2, -0x1.799459eb27d8ap-4);
    f64 q = fma_f64(odd, t, even);
    f64 g = q + 0x1.85b65ce54c83ap-2;
    f64 d = fma_f64(0.8125, a, 1.0);
    f64 inverse = 1.0 / d;
    f64 p = factor * g;
    f64 s = p * inverse;
    f64 lost = fma_f64(factor, g, -p) + factor * (q - (g - 0x1.85b65ce54c83ap-2));
    lost = fma_f64(-s, d, p) + lost;
    lost = fma_f64(-s, fma_f64(0.8125, a, 1.0 - d), lost) * inverse;
    f64 half = 0.5 * a;
    f64 z = -(half * a);
    f64 n = exp_shift_f64(z);
    f64 r = exp_rest_f64(z, n) - fma_f64(half, a, z);
    f64 e = fma_f64(r * r, expm1_poly_f64(r), r);
    return exp_scale_f64(fma_f64(s, e, fma_f64(lost, e, lost)) + s, n);
}

/* The normal distribution function. */
CT_MATH f32 norm_cdf_f32(f32 x)
{
    f32 a = abs_f32(x);
    a = a > 15.0f ? 15.0f : a; /* a NaN stays */
    f32 y = norm_tail_f32(a, 1.0f);
    return x < 0 ? y : 1.0f - y;
}

CT_MATH f64 norm_cdf_f64(f64 x)
{
    f64 a = abs_f64(x);
    a = a > 40.0 ? 40.0 : a; /* a NaN stays */
    f64 y = norm_tail_f64(a, 1.0);
    return x < 0 ? y : 1.0 - y;
}

/* x Phi(x). */
CT_MATH f32 gelu_f32(f32 x)
{
    f32 a = abs_f32(x);
    a = a > 15.0f ? 15.0f : a;
    return (x < 0 ? -0.0f : x) - norm_tail_f32(a, a);
}

CT_MATH f64 gelu_f64(f64 x)
{
    f64 a = abs_f64(x);
    a = a > 40.0 ? 40.0 : a;
    return (x < 0 ? -0.0 : x) - norm_tail_f64(a, a);
}

/* a / (1 + (1 + m) / s), s = 2^n, as s a / (s + 1 + m). What s + 1 lost is given to m; n is at
   least -64 in it. */
CT_MATH f32 gate_tail_f32(f32 a, f32 n, f32 m)
{
    f32 s = exp_power_f32(n > 0x1.80007ep+23f ? n : 0x1.80007ep+23f);
    f32 d = 1.0f + s;
    return exp_scale_f32(a / (d + (m + (s - (d - 1.0f)))), n);
}

CT_MATH f64 gate_tail_f64(f64 a, f64 n, f64 m)
{
    f64 s = exp_power_f64(n > 0x1.80000000003bfp+52 ? n : 0x1.80000000003bfp+52);
    f64 d = 1.0 + s;
    return exp_scale_f64(a / (d + (m + (s - (d - 1.0)))), n);
}

/* x / (1 + e^-x). */
CT_MATH f32 silu_f32(f32 x)
{
    f32 a = abs_f32(x);
    a = a > 112.0f ? 112.0f : a;
    f32 n = exp_shift_f32(-a);
    f32 r = -exp_rest_f32(-a, n);
    f32 m = fma_f32(r * r, expm1_poly_f32(r), r);
    return (x < 0 ? -0.0f : x) - gate_tail_f32(a, n, m);
}

CT_MATH f64 silu_f64(f64 x)
{
    f64 a = abs_f64(x);
    a = a > 760.0 ? 760.0 : a;
    f64 n = exp_shift_f64(-a);
    f64 r = -exp_rest_f64(-a, n);
    f64 m = fma_f64(r * r, expm1_poly_f64(r), r);
    return (x < 0 ? -0.0 : x) - gate_tail_f64(a, n, m);
}

/* x / (1 + 2^-v), v = c x (1/0.044715 + x^2) with c = 0.044715 sqrt(8/pi) / ln 2. The sum w and p =
   -c x have a rest. The upper part of 1/0.044715 is short, so that it less w is exact. */
CT_MATH f32 gelu_tanh_f32(f32 x)
{
    f32 a = abs_f32(x);
    a = a > 11.0f ? 11.0f : a;
    f32 w = fma_f32(a, a, 0x1.65d26p+4f);
    f32 w_rest = fma_f32(a, a, 0x1.65d26p+4f - w) + -0x1.226128p-20f;
    f32 p = a * -0x1.a5a7dp-4f;
    f32 p_rest = fma_f32(a, 0x1.151aaep-29f, fma_f32(a, -0x1.a5a7dp-4f, -p));
    f32 n = fma_f32(p, w, 0x1.8000fep+23f);
    f32 r = fma_f32(-p, w, n - 0x1.8000fep+23f) - fma_f32(p, w_rest, p_rest * w);
    f32 m = fma_f32(r, 0x1.62e43p-1f, r * exp2m1_poly_f32(r));
    return (x < 0 ? -0.0f : x) - gate_tail_f32(a, n, m);
}

CT_MATH f64 gelu_tanh_f64(f64 x)
{
    f64 a = abs_f64(x);
    a = a > 22.0 ? 22.0 : a;
    f64 w = fma_f64(a, a, 0x1.65d25edd9ed8p+4);
    f64 w_rest = fma_f64(a, a, 0x1.65d25edd9ed8p+4 - w) + 0x1.fd4f2671c239cp-48;
    f64 p = a * -0x1.a5a7cf7572a98p-4;
    f64 p_rest = fma_f64(a, 0x1.b91c940e4cfcfp-58, fma_f64(a, -0x1.a5a7cf7572a98p-4, -p));
    f64 n = fma_f64(p, w, 0x1.80000000003ffp+52);
    f64 r = fma_f64(-p, w, n - 0x1.80000000003ffp+52) - fma_f64(p, w_rest, p_rest * w);
    f64 m = fma_f64(r, 0x1.62e42fefa39efp-1, r * exp2m1_poly_f64(r));
    return (x < 0 ? -0.0 : x) - gate_tail_f64(a, n, m);
}

/* log(1 - e^x), x <= 0, e^x = 2^n (1 + m), s = 2^n. Where 1 - e^x = (1 - s) - s m is out of the
   range of log_poly it is 2^k (1 + f), else f = -e^x. x is made larger where it is subnormal. What
   m lost is given back. */
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
    b8 near = c > -0x1.193ea8p+0f;
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
    b8 near = c > -0x1.3a5abf07b789p+0;
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
