// fused_0        golden_pointwise.cpp:121
//
//   sine[i] = sincos(x[i]).sin
//   cosine[i] = sincos(x[i]).cos
//
//   x       f64 (n)  read
//   sine    f64 (n)  written
//   cosine  f64 (n)  written
//
// One call: 235 n flops; reads 8 n, writes 16 n bytes.

static i32 fused_0_fast(i64 begin,
                        i64 end,
                        const f64* CT_RESTRICT x,
                        f64* CT_RESTRICT sine,
                        f64* CT_RESTRICT cosine)
{
    i32 hard = 0;
    CT_ONE_VECTOR
    for (i64 i = begin; i < end; ++i) {
        hard |= trig_hard_f64(x[i]);
        const struct sincos_result_f64 t0 = sincos_fast_f64(x[i]);
        sine[i] = t0.sin;
        cosine[i] = t0.cos;
    }
    return hard;
}

CT_NOINLINE void fused_0_exact(i64 begin,
                               i64 end,
                               const f64* CT_RESTRICT x,
                               f64* CT_RESTRICT sine,
                               f64* CT_RESTRICT cosine)
{
    for (i64 i = begin; i < end; ++i) {
        const struct sincos_result_f64 t0 = sincos_f64(x[i]);
        sine[i] = t0.sin;
        cosine[i] = t0.cos;
    }
}

CT_KERNEL void fused_0(i64 begin,
                       i64 end,
                       const f64* CT_RESTRICT x,
                       f64* CT_RESTRICT sine,
                       f64* CT_RESTRICT cosine)
{
    // An argument was too large for the fast form: then all is computed again.
    const i32 hard = fused_0_fast(begin, end, x, sine, cosine);
    if (hard < 0) fused_0_exact(begin, end, x, sine, cosine);
}

// Checks extents, then calls the kernels in order. Returns 0, or what failed.
CT_EXPORT i32 run(const struct ct_runtime* rt,
                  const void* const* in,
                  void* const* out,
                  const i64* extents,
                  void* workspace,
                  struct ct_report* report)
{
    const i64 n = extents[0];
    if (extents[1] != n) return guard_failed(report, 1, extents[1], n);
    if (extents[2] != n) return guard_failed(report, 2, extents[2], n);
    const f64* x = (const f64*)in[0];
    f64* sine = (f64*)out[0];
    f64* cosine = (f64*)out[1];
    fused_0(0, n, x, sine, cosine);
    (void)rt;
    (void)workspace;
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    (void)extents;
    return 0;
}
