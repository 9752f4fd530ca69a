/* The error function. Below 9/8 (f32) or 11/8 (f64) erf x = x + x p(x^2), beyond erf x = 1 - q(x)^8
   or 1 - q(x)^16; p and q are minimax polynomials (fits erf_near and erf_far), q of a root of erfc,
   weighted by what its error does to erf: to 2^-27 (f32) and 2^-56 (f64) of it. They have the same
   degree, and each coefficient is chosen by range: with AVX-512 a choice is one instruction, of
   units that multiply-adds leave idle. */
CT_MATH f32 erf_f32(f32 x)
{
    f32 a = abs_f32(x);
    a = a > 4.0f ? 4.0f : a;
    b8 near = a < 1.125f;
    f32 z = near ? a * a : a;
    f32 p = near ? 0x1.28486cp-14f : 0x1.550952p-13f;
    p = fma_f32(p, z, near ? -0x1.972846p-11f : -0x1.55ccaep-9f);
    p = fma_f32(p, z, near ? 0x1.522eeep-8f : 0x1.bb79aep-7f);
    p = fma_f32(p, z, near ? -0x1.b7bbdep-6f : -0x1.a282e6p-7f);
    p = fma_f32(p, z, near ? 0x1.ce2984p-4f : -0x1.e8af06p-5f);
    p = fma_f32(p, z, near ? -0x1.81272ep-2f : -0x1.2b7d82p-3f);
    p = fma_f32(p, z, near ? 0x1.06eba8p-3f : 0x1.004b92p+0f);
    f32 power = p * p;
    power = power * power;
    f32 y = near ? fma_f32(a, p, a) : fma_f32(-power, power, 1.0f);
    return copysign_f32(y, x);
}

CT_MATH f64 erf_f64(f64 x)
{
    f64 a = abs_f64(x);
    a = a > 6.0 ? 6.0 : a;
    b8 near = a < 1.375;
    f64 z = near ? a * a : a;
    f64 p = near ? 0x1.9301ebaa178a3p-42 : -0x1.2310ed965bac2p-37;
    p = fma_f64(p, z, near ? -0x1.0af1d76398d01p-37 : 0x1.7f2c94d78275ap-32);
    p = fma_f64(p, z, near ? 0x1.c4c5cfe1fd88bp-34 : -0x1.dad6c8cefadcdp-28);
    p = fma_f64(p, z, near ? -0x1.5bcecd6813856p-30 : 0x1.6e654cb407fadp-24);
    p = fma_f64(p, z, near ? 0x1.ffe39fd03e647p-27 : -0x1.85c869abe32cfp-21);
    p = fma_f64(p, z, near ? -0x1.5fc72d8f0cc0dp-23 : 0x1.2a2595fb059ebp-18);
    p = fma_f64(p, z, near ? 0x1.b9f2b6dab8368p-20 : -0x1.520676e9faa38p-16);
    p = fma_f64(p, z, near ? -0x1.f4d38ecdccc72p-17 : 0x1.2f52df24a1f9p-14);
    p = fma_f64(p, z, near ? 0x1.f9a33c56a2549p-14 : -0x1.b5731b39fe38p-13);
    p = fma_f64(p, z, near ? -0x1.c02db50277c9cp-11 : 0x1.61184d914c0a6p-13);
    p = fma_f64(p, z, near ? 0x1.565bcd165006ap-8 : 0x1.2d784da400a14p-9);
    p = fma_f64(p, z, near ? -0x1.b82ce312d2e01p-6 : -0x1.de97a0712fdbap-9);
    p = fma_f64(p, z, near ? 0x1.ce2f21a0442a8p-4 : -0x1.31a830bde0ccap-5);
    p = fma_f64(p, z, near ? -0x1.812746b037a13p-2 : -0x1.20daf449b2e45p-4);
    p = fma_f64(p, z, near ? 0x1.06eba8214db69p-3 : 0x1.fffff6de66901p-1);
    f64 power = p * p;
    power = power * power;
    power = power * power;
    f64 y = near ? fma_f64(a, p, a) : fma_f64(-power, power, 1.0);
    return copysign_f64(y, x);
}

/* erfc |x| = 1 - erf |x| below 0.62; from there e^(-x^2) g(t) / (1 + 2|x|), g a minimax polynomial
   in t = (|x| - 4) / (|x| + 4), to 2^-54.3 (fit erfc). What x^2 lost goes into the exponent's rest;
   what the sum g, the denominator and the quotient lost is added to the quotient. erfc(-x) = 2 -
   erfc x. */
CT_MATH f64 erfc_f64(f64 x)
{
    f64 a = abs_f64(x);
    a = a > 28.0 ? 28.0 : a;
    f64 t = (a - 4.0) / (a + 4.0);
    f64 z2 = t * t;
    f64 even = -0x1.3d9ec385aa1e9p-25;
    even = fma_f64(even, z2, 0x1.bc9b93d33636bp-24);
    even = fma_f64(even, z2, -0x1.822ce4fbca5a7p-24);
    even = fma_f64(even, z2, 0x1.c332e067c4c65p-22);
    even = fma_f64(even, z2, -0x1.7a9436eaad9ep-17);
    even = fma_f64(even, z2, 0x1.3bea6bd5aa4d7p-13);
    even = fma_f64(even, z2, -0x1.8d4b1b98647b2p-11);
    even = fma_f64(even, z2, -0x1.09623803dc60bp-6);
    even = fma_f64(even, z2, -0x1.0fb06e00a475cp-4);
    even = fma_f64(even, z2, -0x1.9ddb23c3d264cp-4);
    even = fma_f64(even, z2, 0x1.f7f5df66fad11p-7);
    f64 odd = -0x1.e1ab0efca4219p-26;
    odd = fma_f64(odd, z2, 0x1.50402adc28a5fp-23);
    odd = fma_f64(odd, z2, -0x1.db7d77aa770e5p-21);
    odd = fma_f64(odd, z2, 0x1.82086e30c6ef2p-18);
    odd = fma_f64(odd, z2, -0x1.99a84a55da351p-16);
    odd = fma_f64(odd, z2, -0x1.a1dc7cb9391d4p-13);
    odd = fma_f64(odd, z2, 0x1.49c66ef542c38p-8);
    odd = fma_f64(odd, z2, 0x1.3079ee01f05e2p-5);
    odd = fma_f64(odd, z2, 0x1.7fee004dc24f3p-4);
    odd = fma_f64(odd, z2, 0x1.16ecefcfa737ep-4);
    odd = fma_f64(odd, z2, -0x1.1df1ad154a2acp-3);
    f64 q = fma_f64(odd, t, even * z2);
    f64 g = q + 0x1.3ba5916e9fd7fp+0;
    f64 d = fma_f64(2.0, a, 1.0);
    f64 inverse = 1.0 / d;
    f64 s = g * inverse;
    f64 lost = fma_f64(-s, d, g) + (q - (g - 0x1.3ba5916e9fd7fp+0));
    lost = fma_f64(-s, fma_f64(2.0, a, 1.0 - d), lost) * inverse;
    f64 z = -(a * a);
    f64 n = exp_shift_f64(z);
    f64 r = exp_rest_f64(z, n) - fma_f64(a, a, z);
    f64 e = fma_f64(r * r, expm1_poly_f64(r), r);
    f64 tail = exp_scale_f64(fma_f64(s, e, fma_f64(lost, e, lost)) + s, n);
    f64 y = a < 0.62 ? 1.0 - erf_f64(a) : tail;
    return x < 0 ? 2.0 - y : y;
}

/* The same in f32, g to 2^-28.7 (fit erfc). */
CT_MATH f32 erfc_f32(f32 x)
{
    f32 a = abs_f32(x);
    a = a > 11.0f ? 11.0f : a;
    f32 t = (a - 4.0f) / (a + 4.0f);
    f32 q = 0x1.c046dap-14f;
    q = fma_f32(q, t, 0x1.650674p-8f);
    q = fma_f32(q, t, -0x1.0efffap-6f);
    q = fma_f32(q, t, 0x1.2e7dbap-5f);
    q = fma_f32(q, t, -0x1.0f8382p-4f);
    q = fma_f32(q, t, 0x1.801b82p-4f);
    q = fma_f32(q, t, -0x1.9ddcd4p-4f);
    q = fma_f32(q, t, 0x1.16e9e8p-4f);
    q = fma_f32(q, t, 0x1.f7f5ecp-7f);
    q = fma_f32(q, t, -0x1.1df1a6p-3f);
    q = fma_f32(q, t, -0x1.22c05p-25f);
    f32 g = q + 0x1.3ba592p+0f;
    f32 d = fma_f32(2.0f, a, 1.0f);
    f32 inverse = 1.0f / d;
    f32 s = g * inverse;
    f32 lost = fma_f32(-s, d, g) + (q - (g - 0x1.3ba592p+0f));
    lost = fma_f32(-s, fma_f32(2.0f, a, 1.0f - d), lost) * inverse;
    f32 z = -(a * a);
    f32 n = exp_shift_f32(z);
    f32 r = exp_rest_f32(z, n) - fma_f32(a, a, z);
    f32 e = fma_f32(r * r, expm1_poly_f32(r), r);
    f32 tail = exp_scale_f32(fma_f32(s, e, fma_f32(lost, e, lost)) + s, n);
    f32 y = a < 0.62f ? 1.0f - erf_f32(a) : tail;
    return x < 0 ? 2.0f - y : y;
}
