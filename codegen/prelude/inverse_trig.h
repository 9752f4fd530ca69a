/* Inverse sine, cosine and tangent. */

/* q of atan t = t + t z q, z = t^2: |t| <= 1 to 2^-28.5 in f32, |t| <= tan(pi/8) to 2^-59.4 in f64.
   Fit atan_poly. */
CT_MATH f32 atan_poly_f32(f32 z)
{
    f32 q = -0x1.d3614ep-10f;
    q = fma_f32(q, z, 0x1.6427ep-7f);
    q = fma_f32(q, z, -0x1.fd8004p-6f);
    q = fma_f32(q, z, 0x1.da2aap-5f);
    q = fma_f32(q, z, -0x1.58093p-4f);
    q = fma_f32(q, z, 0x1.c08c5p-4f);
    q = fma_f32(q, z, -0x1.242086p-3f);
    q = fma_f32(q, z, 0x1.9991e4p-3f);
    q = fma_f32(q, z, -0x1.55553ep-2f);
    return q;
}

CT_MATH f64 atan_poly_f64(f64 z)
{
    f64 q = -0x1.24c0348528e3ep-6;
    q = fma_f64(q, z, 0x1.37889a82f7928p-5);
    q = fma_f64(q, z, -0x1.9cb4aa3cc4c5bp-5);
    q = fma_f64(q, z, 0x1.df08ac3a37406p-5);
    q = fma_f64(q, z, -0x1.10eb44ac0f4f4p-4);
    q = fma_f64(q, z, 0x1.3b110f01aa31ap-4);
    q = fma_f64(q, z, -0x1.745cf84baf4bap-4);
    q = fma_f64(q, z, 0x1.c71c70e10836fp-4);
    q = fma_f64(q, z, -0x1.24924922a0699p-3);
    q = fma_f64(q, z, 0x1.999999999564ep-3);
    q = fma_f64(q, z, -0x1.555555555553cp-2);
    return q;
}

/* The angle of (x, y). a = min(|x|, |y|) / max(|x|, |y|) <= 1; the result is a multiple of pi/2, in
   two parts, plus or minus atan a. The signs of zeros count, as in C's Annex F. */
CT_MATH f32 atan2_f32(f32 y, f32 x)
{
    f32 v = abs_f32(y);
    f32 h = abs_f32(x);
    b8 steep = v > h;
    f32 low = steep ? h : v;
    f32 high = steep ? v : h;
    b8 even = low == high; /* 0/0 and inf/inf among them */
    f32 t = even ? (high == 0 ? 0.0f : 1.0f) : low / high;
    f32 z = t * t;
    f32 a = fma_f32(t * z, atan_poly_f32(z), t);
    b8 left = (bits_f32(x) >> 31) != 0;
    f32 base = steep ? 0x1.921fb6p+0f : left ? 0x1.921fb6p+1f : 0.0f;
    f32 rest = steep ? -0x1.777a5cp-25f : left ? -0x1.777a5cp-24f : 0.0f;
    f32 angle = base + (rest + (steep != left ? -a : a));
    angle = v != v || h != h ? v + h : angle;
    return copysign_f32(angle, y);
}

/* Where a > tan(pi/8), atan a = pi/4 + atan((low - high)/(low + high)). Both are scaled first, so
   that the sum does not overflow. */
CT_MATH f64 atan2_f64(f64 y, f64 x)
{
    f64 v = abs_f64(y);
    f64 h = abs_f64(x);
    b8 steep = v > h;
    f64 low = steep ? h : v;
    f64 high = steep ? v : h;
    b8 even = low == high; /* 0/0 and inf/inf among them */
    f64 scale = high > 0x1p+1000 ? 0x1p-60 : high < 0x1p-900 ? 0x1p+60 : 1.0;
    f64 l = low * scale;
    f64 g = high * scale;
    b8 middle = l > 0x1.a827999fcef32p-2 * g;
    f64 t = (middle ? l - g : l) / (middle ? l + g : g);
    t = even ? 0.0 : t;
    middle = even ? high != 0 : middle;
    f64 z = t * t;
    f64 a = t * z * atan_poly_f64(z);
    b8 left = (bits_f64(x) >> 63) != 0;
    b8 minus = steep != left;
    /* In multiples of pi/4. */
    f64 base = steep ? 2.0 : left ? 4.0 : 0.0;
    base += middle ? (minus ? -1.0 : 1.0) : 0.0;
    f64 rest = base * 0x1.1a62633145c07p-55;
    f64 sign = minus ? -1.0 : 1.0;
    f64 high_part = base * 0x1.921fb54442d18p-1;
    f64 angle = high_part + fma_f64(sign, t, fma_f64(sign, a, rest));
    angle = v != v || h != h ? v + h : angle;
    return copysign_f64(angle, y);
}

CT_MATH f32 atan_f32(f32 x) { return atan2_f32(x, 1.0f); }
CT_MATH f64 atan_f64(f64 x) { return atan2_f64(x, 1.0); }

/* q of asin t = t + t z q, z = t^2, |t| <= 1/2, to 2^-27.6 in f32 and 2^-55.9 in f64. Fit
   asin_poly. */
CT_MATH f32 asin_poly_f32(f32 z)
{
    f32 q = 0x1.595c74p-5f;
    q = fma_f32(q, z, 0x1.8c3e46p-6f);
    q = fma_f32(q, z, 0x1.747bb8p-5f);
    q = fma_f32(q, z, 0x1.330204p-4f);
    q = fma_f32(q, z, 0x1.5555c8p-3f);
    return q;
}

CT_MATH f64 asin_poly_f64(f64 z)
{
    f64 q = 0x1.057064e7a9c1ep-5;
    q = fma_f64(q, z, -0x1.09db922996f65p-6);
    q = fma_f64(q, z, 0x1.3ff9d7166bd86p-6);
    q = fma_f64(q, z, 0x1.abc81a9621538p-8);
    q = fma_f64(q, z, 0x1.8ec3c8dfb38a7p-7);
    q = fma_f64(q, z, 0x1.c6fda4740f61cp-7);
    q = fma_f64(q, z, 0x1.1c6be303ff3fep-6);
    q = fma_f64(q, z, 0x1.6e89f42b4371ep-6);
    q = fma_f64(q, z, 0x1.f1c72c39ba829p-6);
    q = fma_f64(q, z, 0x1.6db6db42787c2p-5);
    q = fma_f64(q, z, 0x1.333333336e82bp-4);
    q = fma_f64(q, z, 0x1.555555555539p-3);
    return q;
}

/* Where |x| > 1/2: asin |x| = pi/2 - 2 asin(sqrt((1 - |x|)/2)). */
CT_MATH f32 asin_f32(f32 x)
{
    f32 a = abs_f32(x);
    b8 outer = a > 0.5f;
    f32 z = outer ? 0.5f * (1.0f - a) : a * a;
    f32 t = outer ? sqrt_f32(z) : a;
    f32 tail = t * z * asin_poly_f32(z);
    f32 y = 0x1.921fb6p+0f - (t + t);
    f32 rest = 0x1.921fb6p+0f - y - (t + t) + -0x1.777a5cp-25f - (tail + tail);
    y = outer ? y + rest : t + tail;
    return copysign_f32(y, x);
}

CT_MATH f64 asin_f64(f64 x)
{
    f64 a = abs_f64(x);
    b8 outer = a > 0.5;
    f64 z = outer ? 0.5 * (1.0 - a) : a * a;
    f64 t = outer ? sqrt_f64(z) : a;
    f64 tail = t * z * asin_poly_f64(z);
    f64 y = 0x1.921fb54442d18p+0 - (t + t);
    f64 rest = 0x1.921fb54442d18p+0 - y - (t + t) + 0x1.1a62633145c07p-54 - (tail + tail);
    y = outer ? y + rest : t + tail;
    return copysign_f64(y, x);
}

/* pi/2 - asin x for |x| <= 1/2, else twice the asin of sqrt((1 - |x|)/2), from pi if x < 0. */
CT_MATH f32 acos_f32(f32 x)
{
    f32 a = abs_f32(x);
    b8 outer = a > 0.5f;
    f32 z = outer ? 0.5f * (1.0f - a) : a * a;
    f32 t = outer ? sqrt_f32(z) : a;
    f32 tail = t * z * asin_poly_f32(z);
    f32 turns = outer ? (x < 0 ? 2.0f : 0.0f) : 1.0f;
    f32 factor = outer ? (x < 0 ? -2.0f : 2.0f) : (x < 0 ? 1.0f : -1.0f);
    f32 rest = fma_f32(factor, tail, turns * -0x1.777a5cp-25f);
    return turns * 0x1.921fb6p+0f + fma_f32(factor, t, rest);
}

CT_MATH f64 acos_f64(f64 x)
{
    f64 a = abs_f64(x);
    b8 outer = a > 0.5;
    f64 z = outer ? 0.5 * (1.0 - a) : a * a;
    f64 t = outer ? sqrt_f64(z) : a;
    f64 tail = t * z * asin_poly_f64(z);
    f64 turns = outer ? (x < 0 ? 2.0 : 0.0) : 1.0;
    f64 factor = outer ? (x < 0 ? -2.0 : 2.0) : (x < 0 ? 1.0 : -1.0);
    f64 rest = fma_f64(factor, tail, turns * 0x1.1a62633145c07p-54);
    return turns * 0x1.921fb54442d18p+0 + fma_f64(factor, t, rest);
}
