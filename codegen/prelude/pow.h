/* Powers. */

/* What C's Annex F says of pow(x, y) where it is not |x|^y: y = 0 or x = 1 give 1 even for NaN, a
   negative base needs an integral y, whose oddness gives the sign. `power` is |x|^y. */
CT_MATH f32 pow_special_f32(f32 x, f32 y, f32 power)
{
    b8 integral = rint_f32(y) == y;
    b8 odd = integral && rint_f32(0.5f * y) != 0.5f * y;
    b8 negative = (bits_f32(x) >> 31) != 0;
    f32 p = negative && odd ? -power : power;
    p = x < 0 && !integral && x > -__builtin_inff() ? __builtin_nanf("") : p;
    p = x != x || y != y ? x + y : p;
    p = x == -1.0f && abs_f32(y) == __builtin_inff() ? 1.0f : p;
    return y == 0 || x == 1.0f ? 1.0f : p;
}

CT_MATH f64 pow_special_f64(f64 x, f64 y, f64 power)
{
    b8 integral = rint_f64(y) == y;
    b8 odd = integral && rint_f64(0.5 * y) != 0.5 * y;
    b8 negative = (bits_f64(x) >> 63) != 0;
    f64 p = negative && odd ? -power : power;
    p = x < 0 && !integral && x > -__builtin_inf() ? __builtin_nan("") : p;
    p = x != x || y != y ? x + y : p;
    p = x == -1.0 && abs_f64(y) == __builtin_inf() ? 1.0 : p;
    return y == 0 || x == 1.0 ? 1.0 : p;
}

/* |x|^y = 2^(y log2 |x|) in f64, log2 to 2^-37.8 and 2^r to 2^-29 (fits pow_log2 and pow_exp2);
   conversion to f32 rounds, overflows and underflows as it should. */
CT_MATH f32 pow_f32(f32 x, f32 y)
{
    f64 a = (f64)abs_f32(x);
    u64 e = log_exponent_f64(a);
    f64 f = from_bits_f64(bits_f64(a) - e) - 1.0;
    f64 s = f / (2.0 + f);
    f64 z = s * s;
    f64 q = 0x1.5cf2cf82c59aep-2;
    q = fma_f64(q, z, 0x1.a58cfe771b435p-2);
    q = fma_f64(q, z, 0x1.277780ffcf1b6p-1);
    q = fma_f64(q, z, 0x1.ec709d1171007p-1);
    q = fma_f64(q, z, 0x1.71547652beefbp+1);
    f64 log2 = fma_f64(s, q, log_integer_f64(e));
    log2 = a == 0 ? -__builtin_inf() : a < __builtin_inf() ? log2 : a;
    f64 w = (f64)y * log2;
    w = w > 200.0 ? 200.0 : w < -200.0 ? -200.0 : w;
    f64 t = w + 0x1.80000000003ffp+52;
    f64 r = w - (t - 0x1.80000000003ffp+52);
    f64 p = 0x1.41d1f6c03e7f9p-13;
    p = fma_f64(p, r, 0x1.5f4731222ea66p-10);
    p = fma_f64(p, r, 0x1.3b2dc1f6b66ep-7);
    p = fma_f64(p, r, 0x1.c6aed136ad96fp-5);
    p = fma_f64(p, r, 0x1.ebfbdacce193ep-3);
    p = fma_f64(p, r, 0x1.62e430ca7ce92p-1);
    p = fma_f64(p, r, 0x1.000000026b201p+0);
    return pow_special_f32(x, y, (f32)(p * exp_power_f64(t)));
}

/* |x|^y = e^(y log |x|), the logarithm to about 2^-66 in two parts: |x| = 2^k (1 + f), s = f / (2 +
   f) and log(1 + f) = 2s + s^3 (2/3 + s^2 u), of which s, s^3 and 2/3 + .. are pairs too. u to
   2^-66.3 of log |x|: fit pow_f64. What is left of e^r = 1 + r + r^2 q and of r is added last,
   where it is below 0.25 ULP, so that a power that f64 holds is exact. */
CT_MATH f64 pow_f64(f64 x, f64 y)
{
    f64 a = abs_f64(x);
    b8 small = a < 0x1p-1022;
    f64 n = small ? a * 0x1p+54 : a;
    u64 e = log_exponent_f64(n);
    f64 f = from_bits_f64(bits_f64(n) - e) - 1.0;
    f64 k = log_integer_f64(e) - (small ? 54.0 : 0.0);
    f64 d = 2.0 + f;
    f64 d_rest = f - (d - 2.0);
    f64 inverse = 1.0 / d;
    f64 s = f * inverse;
    f64 s_rest = fma_f64(-s, d_rest, fma_f64(-s, d, f)) * inverse;
    f64 z = s * s;
    f64 z_rest = fma_f64(s + s, s_rest, fma_f64(s, s, -z));
    f64 u = 0x1.0e531d0f75f71p-3;
    u = fma_f64(u, z, 0x1.0f7e3165222bfp-3);
    u = fma_f64(u, z, 0x1.3b1efe565e5fep-3);
    u = fma_f64(u, z, 0x1.745ce981559abp-3);
    u = fma_f64(u, z, 0x1.c71c722e79ab2p-3);
    u = fma_f64(u, z, 0x1.2492492457194p-2);
    u = fma_f64(u, z, 0x1.9999999999b36p-2);
    f64 q = fma_f64(z, u, 0x1.5555555555555p-1);
    f64 q_rest = fma_f64(z, u, 0x1.5555555555555p-1 - q) + 0x1.5555555555555p-55;
    f64 c = s * z;
    f64 c_rest = fma_f64(s, z, -c) + fma_f64(s, z_rest, s_rest * z);
    f64 v = c * q;
    f64 v_rest = fma_f64(c, q, -v) + fma_f64(c, q_rest, c_rest * q);
    f64 h = k * 0x1.62e42fefa38p-1;
    f64 g = h + (s + s);
    f64 g_rest = (h - g) + (s + s);
    f64 l = g + v;
    f64 l_rest =
        (g - l) + v + (g_rest + v_rest + fma_f64(k, 0x1.ef35793c7673p-45, s_rest + s_rest));
    f64 high = l + l_rest;
    f64 low = l_rest - (high - l);
    b8 plain = a > 0 && a < __builtin_inf();
    high = plain ? high : a == 0 ? -__builtin_inf() : a;
    low = plain ? low : 0.0;
    f64 w = y * high;
    f64 w_rest = fma_f64(y, low, fma_f64(y, high, -w));
    b8 tame = abs_f64(w) < 760.0;
    w = w > 760.0 ? 760.0 : w < -760.0 ? -760.0 : w;
    w_rest = tame ? w_rest : 0.0;
    f64 t = exp_shift_f64(w);
    f64 whole = t - 0x1.80000000003ffp+52;
    f64 r_exact = fma_f64(whole, -0x1.62e42fefa38p-1, w);
    f64 r = fma_f64(whole, -0x1.ef35793c7673p-45, r_exact);
    f64 r_rest = fma_f64(whole, -0x1.ef35793c7673p-45, r_exact - r) + w_rest;
    f64 sum = 1.0 + r;
    f64 rest = fma_f64(r * r, expm1_poly_f64(r), (1.0 - sum) + r);
    f64 p = sum + fma_f64(r_rest, sum + rest, rest);
    return pow_special_f64(x, y, exp_scale_f64(p, t));
}
