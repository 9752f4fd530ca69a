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
    f64 even = 0x1.4b95195ff5afp-30;
    even = fma_f64(even, z2, -0x1.a11c1eaed3f28p-27);
    even = fma_f64(even, z2, 0x1.bb0e64f0afaep-24);
    even = fma_f64(even, z2, -0x1.a8bcf5ce22102p-21);
    even = fma_f64(even, z2, 0x1.ed35d30cc434ep-19);
    even = fma_f64(even, z2, 0x1.c2aeadbb8567ep-16);
    even = fma_f64(even, z2, -0x1.6072495288ee9p-11);
    even = fma_f64(even, z2, -0x1.4debf8cfe6fap-8);
    even = fma_f64(even, z2, -0x1.999a39b61722bp-7);
    even = fma_f64(even, z2, -0x1.42856f5f5a322p-9);
    even = fma_f64(even, z2, 0x1.ab8ac18c9cd82p-5);
    f64 odd = 0x1.4246bdc28c25fp-29;
    odd = fma_f64(odd, z2, -0x1.21ca379c5d36p-26);
    odd = fma_f64(odd, z2, 0x1.7be93978a5c47p-27);
    odd = fma_f64(odd, z2, 0x1.610350cc01808p-20);
    odd = fma_f64(odd, z2, -0x1.55fabd74d0529p-16);
    odd = fma_f64(odd, z2, 0x1.a0efd68e849fap-14);
    odd = fma_f64(odd, z2, 0x1.1fba9dcd7ebf4p-9);
    odd = fma_f64(odd, z2, 0x1.2a54fe8849cd5p-7);
    odd = fma_f64(odd, z2, 0x1.822072b6b871p-7);
    odd = fma_f64(odd, z2, -0x1.35d5791953cabp-6);
    odd = fma_f64(odd, z2, -0x1.799459eb27d8ap-4);
    f64 q = fma_f64(odd, t, even * z2);
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
    f32 w_rest = fma_f32(a, a, 0x1.65d26p+4f - w) - 0x1.226128p-20f;
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
