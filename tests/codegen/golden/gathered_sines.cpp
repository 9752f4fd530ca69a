// fused_0: y[i] = sin(x[i_0[i]])        golden_structured.cpp:282
//
//   i_0  i64 (n)  read
//   x    f64 (k)  read
//   y    f64 (n)  written
//
// One call: 97 n flops; reads 8 n + 8 k, writes 8 n bytes.

static i32 fused_0_fast(i64 begin,
                        i64 end,
                        i64 k,
                        const i64* CT_RESTRICT i_0,
                        const f64* CT_RESTRICT x,
                        f64* CT_RESTRICT y)
{
    i64 bad = 0;
    i32 hard = 0;
    CT_ONE_VECTOR
    for (i64 i = begin; i < end; ++i) {
        const i64 at0 = checked_index(i_0[i], k, &bad);
        hard |= trig_hard_f64(x[at0]);
        y[i] = sin_fast_f64(x[at0]);
    }
    return bad != 0 ? 1 : hard < 0 ? -1 : 0;
}

CT_NOINLINE i32 fused_0_exact(i64 begin,
                              i64 end,
                              i64 k,
                              const i64* CT_RESTRICT i_0,
                              const f64* CT_RESTRICT x,
                              f64* CT_RESTRICT y)
{
    i64 bad = 0;
    for (i64 i = begin; i < end; ++i) {
        const i64 at0 = checked_index(i_0[i], k, &bad);
        y[i] = sin_f64(x[at0]);
    }
    return bad != 0;
}

CT_KERNEL i32 fused_0(i64 begin,
                      i64 end,
                      i64 k,
                      const i64* CT_RESTRICT i_0,
                      const f64* CT_RESTRICT x,
                      f64* CT_RESTRICT y)
{
    // An argument was too large for the fast form: then all is computed again.
    const i32 hard = fused_0_fast(begin, end, k, i_0, x, y);
    if (hard < 0) return fused_0_exact(begin, end, k, i_0, x, y);
    return hard;
}

// Checks extents, then calls the kernels in order. Returns 0, or what failed.
CT_EXPORT i32 run(const struct ct_runtime* rt,
                  const void* const* in,
                  void* const* out,
                  const i64* extents,
                  void* workspace,
                  struct ct_report* report)
{
    const i64 k = extents[0];
    const i64 n = extents[1];
    if (extents[2] != n) return guard_failed(report, 1, extents[2], n);
    const f64* x = (const f64*)in[0];
    const i64* i = (const i64*)in[1];
    f64* y = (f64*)out[0];
    if (fused_0(0, n, k, i, x, y)) return index_failed(report, 1048576, 0);
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
