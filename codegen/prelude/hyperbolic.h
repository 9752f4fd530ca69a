/* Hyperbolic functions other than tanh, and their inverses. */

/* sinh |x| = h + h / (2h + 1) with h = (e^|x| - 1)/2, computed as half of itself against overflow.
   The rests are what a value lost; q = h/d gives 1/d = 1 - 4q. */
CT_MATH f32 sinh_f32(f32 x)
{
    f32 a = abs_f32(x);
    f32 c = a > 89.5f ? 89.5f : a;
    f32 t = exp_shift_f32(c);
    f32 s = exp_power_f32(t - 2.0f);
    f32 r = exp_rest_f32(c, t);
    f32 w = s * (r * r);
    f32 p = expm1_poly_f32(r);
    f32 first = fma_f32(s, r, s - 0.25f);
    f32 h = fma_f32(w, p, first);
    f32 h_rest = fma_f32(w, p, first - h);
    f32 d = fma_f32(4.0f, h, 1.0f);
    f32 d_rest = 4.0f * (h_rest + (h - 0.25f * (d - 1.0f)));
    f32 q = h / d;
    f32 rest = fma_f32(-q, d_rest, h_rest + fma_f32(-q, d, h));
    rest = a < 2.0f ? fma_f32(rest, fma_f32(-4.0f, q, 1.0f), h_rest) : 0.0f;
    return copysign_f32(a < 0x1p-13f ? a : 2.0f * (h + (q + rest)), x);
}

CT_MATH f64 sinh_f64(f64 x)
{
    f64 a = abs_f64(x);
    f64 c = a > 710.5 ? 710.5 : a;
    f64 t = exp_shift_f64(c);
    f64 s = exp_power_f64(t - 2.0);
    f64 r = exp_rest_f64(c, t);
    f64 w = s * (r * r);
    f64 p = expm1_poly_f64(r);
    f64 first = fma_f64(s, r, s - 0.25);
    f64 h = fma_f64(w, p, first);
    f64 h_rest = fma_f64(w, p, first - h);
    f64 d = fma_f64(4.0, h, 1.0);
    f64 d_rest = 4.0 * (h_rest + (h - 0.25 * (d - 1.0)));
    f64 q = h / d;
    f64 rest = fma_f64(-q, d_rest, h_rest + fma_f64(-q, d, h));
    rest = a < 2.0 ? fma_f64(rest, fma_f64(-4.0, q, 1.0), h_rest) : 0.0;
    return copysign_f64(a < 0x1p-27 ? a : 2.0 * (h + (q + rest)), x);
}

/* cosh x = h + 1/(4h), h = e^|x| / 2. */
CT_MATH f32 cosh_f32(f32 x)
{
    f32 a = abs_f32(x);
    f32 c = a > 90.0f ? 90.0f : a;
    f32 t = exp_shift_f32(c);
    f32 h = exp_scale_f32(exp_poly_f32(exp_rest_f32(c, t)), t - 1.0f);
    return h + 0.25f / h;
}

CT_MATH f64 cosh_f64(f64 x)
{
    f64 a = abs_f64(x);
    f64 c = a > 711.0 ? 711.0 : a;
    f64 t = exp_shift_f64(c);
    f64 h = exp_scale_f64(exp_poly_f64(exp_rest_f64(c, t)), t - 1.0);
    return h + 0.25 / h;
}

/* p of asinh a = a + a z p(z), z = a^2, 0 <= a <= 0.45, to 2^-31.2 of asinh a. Fit
   asinh_poly. */
CT_MATH f32 asinh_poly_f32(f32 z)
{
    f32 p = -0x1.dcf928p-7f;
    p = fma_f32(p, z, 0x1.d8353ap-6f);
    p = fma_f32(p, z, -0x1.6c8046p-5f);
    p = fma_f32(p, z, 0x1.332caep-4f);
    return fma_f32(p, z, -0x1.55554ap-3f);
}

/* asinh |x| = log1p(|x| + x^2 / (1 + sqrt(1 + x^2))); of a large x, log(2|x|); in f32 a polynomial
   of a small one, where the argument's rounding and log1p's would be more than 2 ULP. */
CT_MATH f32 asinh_f32(f32 x)
{
    f32 a = abs_f32(x);
    b8 large = a > 0x1p+60f;
    f32 z = large ? 0.0f : a * a;
    f32 w = a + z / (1.0f + sqrt_f32(1.0f + z));
    f32 y = log1p_f32(w) + (large ? 0x1.62e43p-1f : 0.0f);
    return copysign_f32(a < 0.45f ? fma_f32(a * z, asinh_poly_f32(z), a) : y, x);
}

CT_MATH f64 asinh_f64(f64 x)
{
    f64 a = abs_f64(x);
    b8 large = a > 0x1p+500;
    f64 z = large ? 0.0 : a * a;
    f64 root = sqrt_f64(1.0 + z);
    f64 d = z / (1.0 + root);
    f64 w = a + d;
    f64 rest = a < 2.0 ? (a - w + d) * (root - a) : 0.0; /* root - a = 1 / (1 + w) */
    return copysign_f64(log1p_more_f64(w, large ? 0x1.62e42fefa39efp-1 : rest), x);
}

/* acosh x = log1p(t + sqrt(t^2 + 2t)), t = x - 1; of a large x, log(2x). What that sum loses counts
   up to x = 4. */
CT_MATH f64 acosh_f64(f64 x)
{
    b8 large = x > 0x1p+500;
    f64 t = large ? 0.0 : x - 1.0;
    f64 root = sqrt_f64(fma_f64(t, t, t + t));
    f64 w = large ? x : t + root;
    f64 rest = x < 4.0 ? (root - w + t) * (x - root) : 0.0;
    f64 y = log1p_more_f64(w, large ? 0x1.62e42fefa39efp-1 : rest);
    return x < 1.0 ? __builtin_nan("") : y;
}

CT_MATH f32 acosh_f32(f32 x)
{
    f64 t = (f64)x - 1.0;
    f64 y = log1p_f64(t + sqrt_f64(t * (t + 2.0)));
    return x < 1.0f ? __builtin_nanf("") : (f32)y;
}

/* q of atanh s = s + s z q, z = s^2, |s| <= 1/4, to 2^-32 in f32 and 2^-62.7 in f64. Fit
   atanh_poly. */
CT_MATH f32 atanh_poly_f32(f32 z)
{
    f32 q = 0x1.0290fap-3f;
    q = fma_f32(q, z, 0x1.22e5bp-3f);
    q = fma_f32(q, z, 0x1.99a28ep-3f);
    q = fma_f32(q, z, 0x1.55554ep-2f);
    return q;
}

CT_MATH f64 atanh_poly_f64(f64 z)
{
    f64 q = 0x1.200f1f3ebf72ap-4;
    q = fma_f64(q, z, 0x1.cd8f6afa0ee0ap-5);
    q = fma_f64(q, z, 0x1.11d51a5b7d6a6p-4);
    q = fma_f64(q, z, 0x1.3b0ae304bc526p-4);
    q = fma_f64(q, z, 0x1.745d55502c082p-4);
    q = fma_f64(q, z, 0x1.c71c70bfe9da6p-4);
    q = fma_f64(q, z, 0x1.24924925cd891p-3);
    q = fma_f64(q, z, 0x1.999999999827cp-3);
    q = fma_f64(q, z, 0x1.555555555555ap-2);
    return q;
}

/* atanh |x| = k ln(2)/2 + atanh(s), where (1 + |x|)/(1 - |x|) is near 2^k and
   s = ((1 + |x|) - 2^k (1 - |x|)) / ((1 + |x|) + 2^k (1 - |x|)); k > 0 from |x| = 1/4 on, so that
   the sum never cancels much. */
CT_MATH f32 atanh_f32(f32 x)
{
    f32 a = abs_f32(x);
    u32 e = log_exponent_f32(0.8f * (1.0f + a) / (1.0f - a));
    f32 p = from_bits_f32(e + bits_f32(1.0f));
    f32 n = p < 0x1p+12f ? fma_f32(a, p + 1.0f, 1.0f - p) : fma_f32(-p, 1.0f - a, 1.0f + a);
    f32 s = e == 0 ? a : n / fma_f32(p, 1.0f - a, 1.0f + a);
    f32 z = s * s;
    f32 k = (f32)((i32)e >> 23);
    f32 tail = fma_f32(s * z, atanh_poly_f32(z), k * -0x1.05c61p-30f);
    f32 y = fma_f32(k, 0x1.62e43p-2f, s + tail);
    y = a < 1.0f ? y : a == 1.0f ? __builtin_inff() : __builtin_nanf("");
    return copysign_f32(a != a ? x : y, x);
}

CT_MATH f64 atanh_f64(f64 x)
{
    f64 a = abs_f64(x);
    u64 e = log_exponent_f64(0.848 * (1.0 + a) / (1.0 - a));
    f64 p = from_bits_f64(e + bits_f64(1.0));
    f64 n = p < 0x1p+20 ? fma_f64(a, p + 1.0, 1.0 - p) : fma_f64(-p, 1.0 - a, 1.0 + a);
    f64 s = e == 0 ? a : n / fma_f64(p, 1.0 - a, 1.0 + a);
    f64 z = s * s;
    f64 k = log_integer_f64(e);
    f64 tail = fma_f64(s * z, atanh_poly_f64(z), k * 0x1.abc9e3b39803fp-57);
    f64 y = fma_f64(k, 0x1.62e42fefa39efp-2, s + tail);
    y = a < 1.0 ? y : a == 1.0 ? __builtin_inf() : __builtin_nan("");
    return copysign_f64(a != a ? x : y, x);
}
