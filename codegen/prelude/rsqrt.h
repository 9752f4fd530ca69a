/* 1 / sqrt(x). In f64 by steps that multiply: a root and a division take twice as long in vectors of
   AVX-512, and have two roundings. */

CT_MATH f32 rsqrt_f32(f32 x) { return 1.0f / sqrt_f32(x); }

/* (1 - h)^(-1/2) = 1 + h p(h) for |h| < 0.0682, to 2^-25.3 before rounding. Fit rsqrt_step. */
CT_MATH f64 rsqrt_step_f64(f64 h)
{
    f64 p = 0x1.19c7f9f95153ap-2;
    p = fma_f64(p, h, 0x1.41760d345f3e5p-2);
    p = fma_f64(p, h, 0x1.7fff29cdea9a7p-2);
    return fma_f64(p, h, 0x1.ffff92329153p-2);
}

/* Half the bits of x, negated, are those of a first v near the result, h = 1 - x v^2 at most 0.0682
   off: v (1 - h)^(-1/2) is the result. A second step of two terms is exact but for rounding. Beside
   positive normal numbers: the smallest are scaled, zeros are infinite with their sign, infinity
   gives 0, all else NaN. */
CT_MATH f64 rsqrt_f64(f64 x)
{
    const b8 small = x < 0x1p-1022;
    const f64 a = small ? x * 0x1p+104 : x;
    f64 v = from_bits_f64(0x5fe6e90000000000u - (bits_f64(a) >> 1));
    f64 h = fma_f64(-(a * v), v, 1.0);
    v = fma_f64(v * h, rsqrt_step_f64(h), v);
    h = fma_f64(-(a * v), v, 1.0);
    v = fma_f64(v * h, fma_f64(0.375, h, 0.5), v);
    v = small ? v * 0x1p+52 : v;
    const f64 turned = from_bits_f64(bits_f64(x) ^ 0x7ff0000000000000u);
    const f64 end = x == 0.0 || x == __builtin_inf() ? turned : __builtin_nan("");
    return x > 0.0 && x < __builtin_inf() ? v : end;
}
