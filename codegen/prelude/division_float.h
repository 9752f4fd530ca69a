/* Division of floats rounded down and its remainder, as in Python and NumPy: the remainder has the
   divisor's sign, a zero too; by zero the quotient is a / b and the remainder NaN. In f64 for both
   formats: with q = trunc(|a| / |b|) up to 2^53, |a| - q |b| is exact, and q at most 1 too large.
 */

/* |a| modulo |b| for |a| / |b| < 2^53. */
CT_MATH f64 mod_magnitude_f64(f64 a, f64 b)
{
    f64 q = __builtin_trunc(a / b);
    f64 r = fma_f64(-q, b, a);
    r = r < 0 ? r + b : r;
    return b == __builtin_inf() && a < b ? a : r;
}

/* r = |a| modulo |b| with the divisor's sign. */
CT_MATH f64 mod_sign_f64(f64 a, f64 b, f64 r)
{
    b8 opposite = (bits_f64(a) ^ bits_f64(b)) >> 63 != 0;
    return copysign_f64(opposite && r != 0 ? abs_f64(b) - r : r, b);
}

/* Negative if the quotient is too large for mod_fast. */
CT_MATH i32 mod_hard_f64(f64 a, f64 b)
{
    f64 q = abs_f64(a / b);
    u32 hard = q >= 0x1p+53 && abs_f64(a) < __builtin_inf() && b != 0;
    return (i32)(hard << 31);
}

CT_MATH i32 mod_hard_f32(f32 a, f32 b) { return mod_hard_f64((f64)a, (f64)b); }

CT_MATH f64 mod_fast_f64(f64 a, f64 b)
{
    return mod_sign_f64(a, b, mod_magnitude_f64(abs_f64(a), abs_f64(b)));
}

CT_MATH f32 mod_fast_f32(f32 a, f32 b)
{
    f64 r = mod_magnitude_f64((f64)abs_f32(a), (f64)abs_f32(b));
    b8 opposite = (bits_f32(a) ^ bits_f32(b)) >> 31 != 0;
    return copysign_f32(opposite && r != 0 ? abs_f32(b) - (f32)r : (f32)r, b);
}

/* |a| modulo |b| for any quotient: by b times the powers of 2 at which the quotient stays small. */
CT_NOINLINE f64 mod_large_f64(f64 a, f64 b)
{
    while (a >= b) {
        f64 multiple = b;
        while (a / multiple >= 0x1p+50)
            multiple *= 0x1p+40;
        a = mod_magnitude_f64(a, multiple);
    }
    return a;
}

CT_MATH f64 mod_f64(f64 a, f64 b)
{
    if (mod_hard_f64(a, b) >= 0) return mod_fast_f64(a, b);
    return mod_sign_f64(a, b, mod_large_f64(abs_f64(a), abs_f64(b)));
}

CT_MATH f32 mod_f32(f32 a, f32 b)
{
    if (mod_hard_f32(a, b) >= 0) return mod_fast_f32(a, b);
    return (f32)mod_sign_f64((f64)a, (f64)b, mod_large_f64((f64)abs_f32(a), (f64)abs_f32(b)));
}

CT_MATH f64 floor_div_f64(f64 a, f64 b)
{
    f64 q = a / b;
    f64 n = __builtin_trunc(abs_f64(q));
    f64 r = fma_f64(-n, abs_f64(b), abs_f64(a));
    n = r < 0 ? n - 1.0 : n;
    r = r < 0 ? r + abs_f64(b) : r;
    b8 opposite = (bits_f64(a) ^ bits_f64(b)) >> 63 != 0;
    n = opposite && (abs_f64(b) == __builtin_inf() ? a != 0 : r != 0) ? n + 1.0 : n;
    q = abs_f64(a) == __builtin_inf() && b != 0 ? a - a : q; /* no remainder: NaN, as in NumPy */
    return abs_f64(q) < 0x1p+53 ? copysign_f64(n, q) : q;
}

CT_MATH f32 floor_div_f32(f32 a, f32 b) { return (f32)floor_div_f64((f64)a, (f64)b); }
