/* The error function. erf |x| = 1 - 2^-y with y = |x| Q(|x|), Q = -log2(erfc x)/x a minimax
   polynomial whose error is weighted by what it does to erf (tools/minimax.py): Q(0) =
   2/sqrt(pi)/ln 2, and towards the end, where erf is 1, Q hardly matters. The Horner sum is Q -
   Q(0), so that its rounding stays small near 0. */

/* 2^x - 1 for -126 < x <= 0, to 2^-26.1 (f32) and 2^-60 (f64) of itself before rounding; the sign
   of a zero is lost. x = n + r. */
CT_MATH f32 exp2m1_core_f32(f32 x)
{
    f32 t = x + 0x1.8p+23f;
    f32 s = exp_power_f32(t);
    f32 r = x - (t - 0x1.8p+23f);
    f32 w = s * r;
    f32 p = exp2m1_poly_f32(r);
    return fma_f32(w, 0x1.62e43p-1f, w * p) + (s - 1.0f);
}

CT_MATH f64 exp2m1_core_f64(f64 x)
{
    f64 t = x + 0x1.8p+52;
    f64 s = exp_power_f64(t);
    f64 r = x - (t - 0x1.8p+52);
    f64 w = s * r;
    f64 p = exp2m1_poly_f64(r);
    return fma_f64(w, 0x1.62e42fefa39efp-1, w * p) + (s - 1.0);
}

CT_MATH f32 erf_f32(f32 x)
{
    f32 a = abs_f32(x);
    a = a > 4.0f ? 4.0f : a;
    f32 q = -0x1.bd783ep-17f;
    q = fma_f32(q, a, 0x1.62a8e6p-13f);
    q = fma_f32(q, a, -0x1.ddb328p-11f);
    q = fma_f32(q, a, 0x1.3adb86p-9f);
    q = fma_f32(q, a, -0x1.e06e16p-13f);
    q = fma_f32(q, a, -0x1.c4bd38p-6f);
    q = fma_f32(q, a, 0x1.2fabfcp-3f);
    q = fma_f32(q, a, 0x1.d63ec4p-1f);
    q = fma_f32(q, a, -0x1.66a2a8p-29f);
    f32 y = fma_f32(a, 0x1.a0be84p+0f, a * q);
    return copysign_f32(exp2m1_core_f32(-y), x);
}

CT_MATH f64 erf_f64(f64 x)
{
    f64 a = abs_f64(x);
    a = a > 6.0 ? 6.0 : a;
    f64 z = a * a;
    f64 even = 0x1.45750807365b9p-50;
    even = fma_f64(even, z, 0x1.66ef25ae02d41p-40);
    even = fma_f64(even, z, 0x1.8bd4f4298aecfp-33);
    even = fma_f64(even, z, 0x1.ef4204fd0211ap-28);
    even = fma_f64(even, z, 0x1.9726888fc139p-24);
    even = fma_f64(even, z, 0x1.a8a846f2e938bp-23);
    even = fma_f64(even, z, -0x1.514468f94e17dp-19);
    even = fma_f64(even, z, 0x1.49ddf49d2bbccp-18);
    even = fma_f64(even, z, 0x1.863f1b05a708cp-14);
    even = fma_f64(even, z, -0x1.be5d1c348adb5p-11);
    even = fma_f64(even, z, -0x1.3c76ef319f145p-12);
    even = fma_f64(even, z, 0x1.2fa7eecb2a37ep-3);
    even = fma_f64(even, z, -0x1.b9da4122d54aap-55);
    f64 odd = -0x1.f3f01dc8804cbp-45;
    odd = fma_f64(odd, z, -0x1.3fdbb54dcede5p-36);
    odd = fma_f64(odd, z, -0x1.67fcbd599d21cp-30);
    odd = fma_f64(odd, z, -0x1.03adbdeaab03bp-25);
    odd = fma_f64(odd, z, -0x1.b7041e17da8f9p-23);
    odd = fma_f64(odd, z, 0x1.04aa38b7444e3p-21);
    odd = fma_f64(odd, z, 0x1.12832d74e1009p-18);
    odd = fma_f64(odd, z, -0x1.67b9a64acad99p-15);
    odd = fma_f64(odd, z, 0x1.393036c57b262p-15);
    odd = fma_f64(odd, z, 0x1.40bf56512aabep-9);
    odd = fma_f64(odd, z, -0x1.c4242d0873c48p-6);
    odd = fma_f64(odd, z, 0x1.d63ed749958bp-1);
    f64 q = fma_f64(odd, a, even);
    f64 y = fma_f64(a, 0x1.a0be83d8d032dp+0, a * q);
    return copysign_f64(exp2m1_core_f64(-y), x);
}

/* erfc |x| = 1 - erf |x| below 0.47; from there e^(-x^2) g(t) / (1 + 2|x|), g a minimax polynomial
   in t = (|x| - 4) / (|x| + 4); what x^2 lost goes into the exponent's rest. erfc(-x) = 2 - erfc x.
 */
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
    even = fma_f64(even, z2, 0x1.3ba5916e9fd7fp+0);
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
    f64 g = fma_f64(odd, t, even);
    f64 z = -(a * a);
    f64 n = exp_shift_f64(z);
    f64 r = exp_rest_f64(z, n) - fma_f64(a, a, z);
    f64 scaled = g / fma_f64(2.0, a, 1.0);
    f64 tail = exp_scale_f64(fma_f64(scaled, exp_poly_f64(r), scaled), n);
    f64 y = a < 0.47 ? 1.0 - erf_f64(a) : tail;
    return x < 0 ? 2.0 - y : y;
}

CT_MATH f32 erfc_f32(f32 x) { return (f32)erfc_f64((f64)x); }
