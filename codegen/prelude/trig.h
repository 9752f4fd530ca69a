/* Sine, cosine and tangent where |x| <= 2^20. sin: x = q pi + r with |r| <= pi/2 (a little more by
   rounding); cos as the sine of x - (q +- 1/2) pi, from the same q. It leaves r exact to about 1
   ULP of itself, however near a multiple of pi/2: the first part of pi times q cancels exactly
   against x, two more make good what it lacks. Larger arguments: trig_large.h. */

/* The sum whose low bits are q + 1; see exp_shift. */
CT_MATH f32 trig_shift_f32(f32 x) { return fma_f32(x, 0x1.45f306p-2f, 0x1.800002p+23f); }
CT_MATH f64 trig_shift_f64(f64 x)
{
    return fma_f64(x, 0x1.45f306dc9c883p-2, 0x1.8000000000001p+52);
}

/* x - q times the first part of pi, exact for integers q and their halves. */
CT_MATH f32 trig_first_f32(f32 x, f32 q) { return fma_f32(q, -0x1.921fb6p+1f, x); }
CT_MATH f64 trig_first_f64(f64 x, f64 q) { return fma_f64(q, -0x1.921fb54442d18p+1, x); }

/* q pi - x: the negative, since so x = -0 leaves 0 and x = 0 leaves -0. Signs are turned as bits:
   g++ makes of -fma(..) one that has another zero. */
CT_MATH f32 trig_rest_f32(f32 x, f32 q)
{
    f32 first = from_bits_f32(bits_f32(trig_first_f32(x, q)) ^ 0x80000000u);
    f32 r = fma_f32(q, -0x1.777a5cp-24f, first);
    return fma_f32(q, -0x1.ee59dap-49f, r);
}

CT_MATH f64 trig_rest_f64(f64 x, f64 q)
{
    f64 r = fma_f64(q, -0x1.1a62633145c07p-53, trig_first_f64(x, q));
    r = from_bits_f64(bits_f64(r) ^ 0x8000000000000000u);
    return fma_f64(q, -0x1.f1976b7ed8fbcp-109, r);
}

/* sin r, |r| <= pi/2, to 2^-27.3 (f32) and 2^-61.5 (f64) of itself before rounding:
   r + r v, v in two terms, which near pi/2 loses less than a Horner sum to the end, and keeps -0.
 */
CT_MATH f32 sin_poly_f32(f32 r)
{
    f32 z = r * r;
    f32 p = 0x1.5dc8c4p-19f;
    p = fma_f32(p, z, -0x1.9f70eep-13f);
    p = fma_f32(p, z, 0x1.110edap-7f);
    f32 v = fma_f32(z, -0x1.55554cp-3f, z * z * p);
    return fma_f32(r, v, r);
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
    f64 v = fma_f64(z, -0x1.5555555555555p-3, z * z * p);
    return fma_f64(r, v, r);
}

CT_MATH f32 sin_fast_f32(f32 x)
{
    f32 t = trig_shift_f32(x);
    f32 y = sin_poly_f32(trig_rest_f32(x, t - 0x1.800002p+23f));
    return from_bits_f32(bits_f32(y) ^ bits_f32(t) << 31);
}

/* With h = q + 1/2 or q - 1/2, on the side on which x lies, cos x = +-sin(x - h pi). */
CT_MATH f32 cos_fast_f32(f32 x)
{
    f32 t = trig_shift_f32(x);
    f32 q = t - 0x1.800002p+23f;
    u32 side = bits_f32(trig_first_f32(x, q)) & 0x80000000u;
    f32 half = from_bits_f32(bits_f32(-0.5f) ^ side);
    f32 y = sin_poly_f32(trig_rest_f32(x, q - half));
    return from_bits_f32(bits_f32(y) ^ 0x80000000u ^ side ^ bits_f32(t) << 31);
}

CT_MATH f64 sin_fast_f64(f64 x)
{
    f64 t = trig_shift_f64(x);
    f64 y = sin_poly_f64(trig_rest_f64(x, t - 0x1.8000000000001p+52));
    return from_bits_f64(bits_f64(y) ^ bits_f64(t) << 63);
}

/* With h = q + 1/2 or q - 1/2, on the side on which x lies, cos x = +-sin(x - h pi). */
CT_MATH f64 cos_fast_f64(f64 x)
{
    f64 t = trig_shift_f64(x);
    f64 q = t - 0x1.8000000000001p+52;
    u64 side = bits_f64(trig_first_f64(x, q)) & 0x8000000000000000u;
    f64 half = from_bits_f64(bits_f64(-0.5) ^ side);
    f64 y = sin_poly_f64(trig_rest_f64(x, q - half));
    return from_bits_f64(bits_f64(y) ^ 0x8000000000000000u ^ side ^ bits_f64(t) << 63);
}

/* sin r / cos r, or -cos r / sin r if odd, for r + r_rest, |r| <= pi/4. What numerator, denominator
   and quotient lost goes into a correction of the quotient. */
CT_MATH f32 tan_quotient_f32(f32 r, f32 r_rest, u32 odd)
{
    f32 z = r * r;
    f32 w = r * z;
    f32 p = -0x1.9953fep-13f;
    p = fma_f32(p, z, 0x1.110778p-7f);
    p = fma_f32(p, z, -0x1.555546p-3f);
    f32 u = 0x1.99e80cp-16f;
    u = fma_f32(u, z, -0x1.6c0c28p-10f);
    u = fma_f32(u, z, 0x1.55554ap-5f);
    u = fma_f32(u, z, -0x1p-1f);
    f32 s = fma_f32(w, p, r);
    f32 s_rest = fma_f32(w, p, r - s) + r_rest;
    f32 c = fma_f32(z, u, 1.0f);
    f32 c_rest = fma_f32(-r, r_rest, fma_f32(z, u, 1.0f - c));
    f32 n = odd ? -c : s;
    f32 n_rest = odd ? -c_rest : s_rest;
    f32 d = odd ? s : c;
    f32 d_rest = odd ? s_rest : c_rest;
    f32 inverse = 1.0f / d;
    f32 q = n * inverse;
    f32 rest = fma_f32(-q, d_rest, n_rest) + fma_f32(-q, d, n);
    return n == 0 ? r : fma_f32(rest, inverse, q);
}

CT_MATH f64 tan_quotient_f64(f64 r, f64 r_rest, u64 odd)
{
    f64 z = r * r;
    f64 w = r * z;
    f64 p = 0x1.5d8b5592db13ap-33;
    p = fma_f64(p, z, -0x1.ae5e4b83e3a93p-26);
    p = fma_f64(p, z, 0x1.71de35552b544p-19);
    p = fma_f64(p, z, -0x1.a01a019be9217p-13);
    p = fma_f64(p, z, 0x1.111111110f73p-7);
    p = fma_f64(p, z, -0x1.5555555555548p-3);
    f64 u = -0x1.8fa65fa5ae874p-37;
    u = fma_f64(u, z, 0x1.1ee9db8fa5d75p-29);
    u = fma_f64(u, z, -0x1.27e4f7f1424bp-22);
    u = fma_f64(u, z, 0x1.a01a019c8ed11p-16);
    u = fma_f64(u, z, -0x1.6c16c16c15013p-10);
    u = fma_f64(u, z, 0x1.555555555554bp-5);
    u = fma_f64(u, z, -0x1p-1);
    f64 s = fma_f64(w, p, r);
    f64 s_rest = fma_f64(w, p, r - s) + r_rest;
    f64 c = fma_f64(z, u, 1.0);
    f64 c_rest = fma_f64(-r, r_rest, fma_f64(z, u, 1.0 - c));
    f64 n = odd ? -c : s;
    f64 n_rest = odd ? -c_rest : s_rest;
    f64 d = odd ? s : c;
    f64 d_rest = odd ? s_rest : c_rest;
    f64 inverse = 1.0 / d;
    f64 q = n * inverse;
    f64 rest = fma_f64(-q, d_rest, n_rest) + fma_f64(-q, d, n);
    return n == 0 ? r : fma_f64(rest, inverse, q);
}

/* |x| = q pi/2 + r. In f32 what the second step's rounding loses is up to an ULP of r; it is known
   exactly where that step changes little. */
CT_MATH f32 tan_fast_f32(f32 x)
{
    f32 a = abs_f32(x);
    f32 t = fma_f32(a, 0x1.45f306p-1f, 0x1.8p+23f);
    f32 q = t - 0x1.8p+23f;
    f32 first = fma_f32(q, -0x1.921fb6p+0f, a);
    f32 second = fma_f32(q, 0x1.777a5cp-25f, first);
    f32 lost = fma_f32(q, 0x1.777a5cp-25f, first - second);
    f32 r = fma_f32(q, 0x1.ee59dap-50f, second);
    f32 r_rest = fma_f32(q, 0x1.ee59dap-50f, second - r);
    r_rest += abs_f32(second) > 0x1p-5f ? lost : 0;
    f32 y = tan_quotient_f32(r, r_rest, bits_f32(t) & 1u);
    return from_bits_f32(bits_f32(y) ^ (bits_f32(x) & 0x80000000u));
}

CT_MATH f64 tan_fast_f64(f64 x)
{
    f64 a = abs_f64(x);
    f64 t = fma_f64(a, 0x1.45f306dc9c883p-1, 0x1.8p+52);
    f64 q = t - 0x1.8p+52;
    f64 first = fma_f64(q, -0x1.921fb54442d18p+0, a);
    f64 second = fma_f64(q, -0x1.1a62633145c07p-54, first);
    f64 r = fma_f64(q, 0x1.f1976b7ed8fbcp-110, second);
    f64 r_rest = fma_f64(q, 0x1.f1976b7ed8fbcp-110, second - r);
    f64 y = tan_quotient_f64(r, r_rest, bits_f64(t) & 1u);
    return from_bits_f64(bits_f64(y) ^ (bits_f64(x) & 0x8000000000000000u));
}
