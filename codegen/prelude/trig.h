/* Sine, cosine and tangent where |x| <= 2^20. sin: |x| = q pi + r with |r| <= pi/2 (a little more by
   rounding); cos from the same q as the sine of pi/2 - |r|, so that both of one argument share the
   reduction. It leaves r exact to about 1 ULP of itself, however near a multiple of pi/2: the first
   part of pi times q cancels exactly against x, two more make good what it lacks.
   Larger arguments: trig_large.h. */

/* The sum whose low bits are q; see exp_shift. */
CT_MATH f32 trig_shift_f32(f32 a) { return fma_f32(a, 0x1.45f306p-2f, 0x1.8p+23f); }
CT_MATH f64 trig_shift_f64(f64 a) { return fma_f64(a, 0x1.45f306dc9c883p-2, 0x1.8p+52); }

/* a - q times the first part of pi, exact. */
CT_MATH f32 trig_first_f32(f32 a, f32 q) { return fma_f32(q, -0x1.921fb6p+1f, a); }
CT_MATH f64 trig_first_f64(f64 a, f64 q) { return fma_f64(q, -0x1.921fb54442d18p+1, a); }

/* r less q times the other parts of pi. */
CT_MATH f32 trig_rest_f32(f32 r, f32 q)
{
    r = fma_f32(q, 0x1.777a5cp-24f, r);
    return fma_f32(q, 0x1.ee59dap-49f, r);
}

CT_MATH f64 trig_rest_f64(f64 r, f64 q)
{
    r = fma_f64(q, -0x1.1a62633145c07p-53, r);
    return fma_f64(q, 0x1.f1976b7ed8fbcp-109, r);
}

/* sin r, |r| <= pi/2, to 2^-27.3 (f32) and 2^-61.5 (f64) of itself before rounding. */
CT_MATH f32 sin_poly_f32(f32 r)
{
    f32 z = r * r;
    f32 p = 0x1.5dc8c4p-19f;
    p = fma_f32(p, z, -0x1.9f70eep-13f);
    p = fma_f32(p, z, 0x1.110edap-7f);
    p = fma_f32(p, z, -0x1.55554cp-3f);
    return fma_f32(r, z * p, r);
}

CT_MATH f64 sin_poly_f64(f64 r)
{
    f64 z = r * r;
    f64 p = 0x1.8832a9b7c4a15p-49;
    p = fma_f64(p, z, -0x1.ae438477edf66p-41);
    p = fma_f64(p, z, 0x1.6123cd074aafcp-33);
    p = fma_f64(p, z, -0x1.ae6454d474678p-26);
    p = fma_f64(p, z, 0x1.71de3a52a0b16p-19);
    p = fma_f64(p, z, -0x1.a01a01a014d6fp-13);
    p = fma_f64(p, z, 0x1.11111111110c8p-7);
    p = fma_f64(p, z, -0x1.5555555555555p-3);
    return fma_f64(r, z * p, r);
}

CT_MATH f32 sin_fast_f32(f32 x)
{
    f32 a = abs_f32(x);
    f32 t = trig_shift_f32(a);
    f32 q = t - 0x1.8p+23f;
    f32 y = sin_poly_f32(trig_rest_f32(trig_first_f32(a, q), q));
    u32 sign = bits_f32(t) << 31 ^ (bits_f32(x) & 0x80000000u);
    return from_bits_f32(bits_f32(y) ^ sign);
}

/* pi/2 - |r| = (P/2 - |r1|) + (1/2 + q) R or (1/2 - q) R, where pi = P + R and r1 = a - q P. */
CT_MATH f32 cos_fast_f32(f32 x)
{
    f32 a = abs_f32(x);
    f32 t = trig_shift_f32(a);
    f32 q = t - 0x1.8p+23f;
    f32 first = trig_first_f32(a, q);
    f32 turns = first < 0 ? -0.5f + q : -0.5f - q;
    f32 y = sin_poly_f32(trig_rest_f32(0x1.921fb6p+0f - abs_f32(first), turns));
    return from_bits_f32(bits_f32(y) ^ bits_f32(t) << 31);
}

CT_MATH f64 sin_fast_f64(f64 x)
{
    f64 a = abs_f64(x);
    f64 t = trig_shift_f64(a);
    f64 q = t - 0x1.8p+52;
    f64 y = sin_poly_f64(trig_rest_f64(trig_first_f64(a, q), q));
    u64 sign = bits_f64(t) << 63 ^ (bits_f64(x) & 0x8000000000000000u);
    return from_bits_f64(bits_f64(y) ^ sign);
}

/* pi/2 - |r| = (P/2 - |r1|) + (1/2 + q) R or (1/2 - q) R, where pi = P + R and r1 = a - q P. */
CT_MATH f64 cos_fast_f64(f64 x)
{
    f64 a = abs_f64(x);
    f64 t = trig_shift_f64(a);
    f64 q = t - 0x1.8p+52;
    f64 first = trig_first_f64(a, q);
    f64 turns = first < 0 ? -0.5 + q : -0.5 - q;
    f64 y = sin_poly_f64(trig_rest_f64(0x1.921fb54442d18p+0 - abs_f64(first), turns));
    return from_bits_f64(bits_f64(y) ^ bits_f64(t) << 63);
}
