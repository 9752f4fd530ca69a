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
   Fit sin_poly. */
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
    f64 z = r * r, z2 = z * z;
    f64 a = fma_f64(z, -0x1.a01a01a014d6fp-13, 0x1.11111111110c8p-7);
    f64 b = fma_f64(z, -0x1.ae6454d474678p-26, 0x1.71de3a52a0b16p-19);
    f64 c = fma_f64(z, -0x1.ae438477edf66p-41, 0x1.6123cd074aafcp-33);
    f64 upper = fma_f64(z2, 0x1.8832a9b7c4a15p-49, c);
    f64 p = fma_f64(z2 * z2, upper, fma_f64(z2, b, a));
    f64 v = fma_f64(z, -0x1.5555555555555p-3, z2 * p);
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

/* Both functions of one argument. In f32 it would be hardly shorter than both, and less exact. */
struct sincos_result_f64 {
    f64 sin, cos;
};

/* r of x = q pi/2 + r, pi/2 in three parts, each rounded down so that x = -0 leaves -0. The first
   times q cancels exactly. */
CT_MATH f64 quarter_rest_f64(f64 x, f64 q)
{
    f64 r = fma_f64(q, -0x1.1a62633145c06p-54, fma_f64(q, -0x1.921fb54442d18p+0, x));
    return fma_f64(q, -0x1.c1cd129024e08p-107, r);
}

/* The parts of sin r = r + r v, |r| <= pi/4, and of cos r = 1 - z / 2 + z^2 p, z = r^2. Fits
   sincos_sin and sincos_cos. */
CT_MATH f64 sin_near_f64(f64 z, f64 z2, f64 z4)
{
    f64 a = fma_f64(z, -0x1.a01a019be9219p-13, 0x1.111111110f73p-7);
    f64 b = fma_f64(z, -0x1.ae5e4b842fef4p-26, 0x1.71de35552b91dp-19);
    f64 upper = fma_f64(z2, 0x1.5d8b55b0ed615p-33, b);
    return fma_f64(z, -0x1.5555555555548p-3, fma_f64(z4, upper, z2 * a));
}

CT_MATH f64 cos_near_f64(f64 z, f64 z2, f64 z4)
{
    f64 a = fma_f64(z, -0x1.6c16c16c15015p-10, 0x1.555555555554bp-5);
    f64 b = fma_f64(z, -0x1.27e4f7f192aaap-22, 0x1.a01a019c8f26p-16);
    f64 c = fma_f64(z, -0x1.8fa685a722fe2p-37, 0x1.1ee9dbd08cdd8p-29);
    return fma_f64(z4, c, fma_f64(z2, b, a));
}

/* x = q pi/2 + r with |r| <= pi/4, or a little more. Each result is the sine or the cosine of r, by
   the last bit of q. Signs are given to what the last step multiplies: a chain of sines waits for
   fewer instructions. */
CT_MATH struct sincos_result_f64 sincos_fast_f64(f64 x)
{
    struct sincos_result_f64 y;
    f64 t = fma_f64(x, 0x1.45f306dc9c883p-1, 0x1.8p+52);
    f64 r = quarter_rest_f64(x, t - 0x1.8p+52);
    u64 q = bits_f64(t);
    u64 sine = (q ^ q >> 1) << 63;
    u64 cosine = q >> 1 << 63;
    f64 z = r * r, z2 = z * z, z4 = z2 * z2;
    f64 turned = from_bits_f64(bits_f64(z) ^ cosine);
    f64 one = from_bits_f64(bits_f64(1.0) ^ cosine);
    f64 c = fma_f64(z * turned, cos_near_f64(z, z2, z4), fma_f64(turned, -0.5, one));
    f64 s;
    r = from_bits_f64(bits_f64(r) ^ sine);
    s = fma_f64(r, sin_near_f64(z, z2, z4), r);
    y.sin = (q & 1u) != 0 ? c : s;
    y.cos = (q & 1u) != 0 ? s : c;
    return y;
}

/* tan(y - rest - lost), or if `odd` that of an angle larger by pi/2. With r = y - rest and
   m = 1 - r / tan r, a minimax polynomial (fit tan_turned), these are
   r + r m / (1 - m) and -(1 - m) / r, of one division. `rest` counts however small r is. `lost`, by
   which y is off as it was rounded, counts near pi/4 alone, and is known only where y is not small:
   it is taken 6 m times, nearly as often as the derivative says there. */
CT_MATH f32 tan_turned_f32(f32 y, f32 rest, f32 lost, u32 odd)
{
    f32 r = y - rest;
    f32 z = r * r;
    f32 p = 0x1.08dd34p-12f;
    p = fma_f32(p, z, 0x1.121ebp-9f);
    p = fma_f32(p, z, 0x1.6c2facp-6f);
    p = fma_f32(p, z, 0x1.555538p-2f);
    f32 m = z * p;
    f32 inverse = 1.0f / (odd ? r : 1.0f - m);
    f32 part = m * fma_f32(lost, -6.0f, r);
    f32 w = fma_f32(inverse, rest, fma_f32(-inverse, y, 1.0f)); /* 1 / r = inverse (1 + w) */
    f32 further = fma_f32(-inverse, fma_f32(-inverse, part, w), -inverse);
    return odd ? further : fma_f32(part, inverse, r);
}

CT_MATH f64 tan_turned_f64(f64 y, f64 rest, f64 lost, u64 odd)
{
    f64 r = y - rest;
    f64 z = r * r;
    f64 p = 0x1.aa856c2583bfap-29;
    p = fma_f64(p, z, 0x1.6938ab695558bp-26);
    p = fma_f64(p, z, 0x1.d8c4241ce81d8p-23);
    p = fma_f64(p, z, 0x1.2272bcc9d6c62p-19);
    p = fma_f64(p, z, 0x1.66a969f82fbdp-16);
    p = fma_f64(p, z, 0x1.bbd776be91074p-13);
    p = fma_f64(p, z, 0x1.1566abc3bafaap-9);
    p = fma_f64(p, z, 0x1.6c16c16c1164fp-6);
    p = fma_f64(p, z, 0x1.555555555556bp-2);
    f64 m = z * p;
    f64 inverse = 1.0 / (odd ? r : 1.0 - m);
    f64 part = m * fma_f64(lost, -6.0, r);
    f64 w = fma_f64(inverse, rest, fma_f64(-inverse, y, 1.0)); /* 1 / r = inverse (1 + w) */
    f64 further = fma_f64(-inverse, fma_f64(-inverse, part, w), -inverse);
    return odd ? further : fma_f64(part, inverse, r);
}

/* x = q pi/2 + r, pi/2 in three parts, each rounded down so that x = -0 leaves -0. The first times
   q cancels exactly; |r| is pi/4 or a little more. */
CT_MATH f32 tan_fast_f32(f32 x)
{
    f32 t = fma_f32(x, 0x1.45f306p-1f, 0x1.8p+23f);
    f32 q = t - 0x1.8p+23f;
    f32 first = fma_f32(q, -0x1.921fb4p+0f, x);
    f32 second = fma_f32(q, -0x1.4442dp-24f, first);
    f32 lost = fma_f32(q, 0x1.4442dp-24f, second - first);
    return tan_turned_f32(second, q * 0x1.846988p-48f, lost, bits_f32(t) & 1u);
}

CT_MATH f64 tan_fast_f64(f64 x)
{
    f64 t = fma_f64(x, 0x1.45f306dc9c883p-1, 0x1.8p+52);
    f64 q = t - 0x1.8p+52;
    f64 first = fma_f64(q, -0x1.921fb54442d18p+0, x);
    f64 second = fma_f64(q, -0x1.1a62633145c06p-54, first);
    f64 lost = fma_f64(q, 0x1.1a62633145c06p-54, second - first);
    return tan_turned_f64(second, q * 0x1.c1cd129024e08p-107, lost, bits_f64(t) & 1u);
}
