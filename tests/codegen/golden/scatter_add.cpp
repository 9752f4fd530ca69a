// scatter_0        golden_pointwise.cpp:102
//
//   histogram[i] = bins[i]
//   histogram[bin[i]] += square(weight[i])
//
//   bins       f32 (m)  read
//   histogram  f32 (m)  read and written
//   bin        i32 (n)  read
//   weight     f32 (n)  read
//
// One call: 2 n flops; reads 8 n + 8 m, writes 4 m bytes.

CT_KERNEL i32 scatter_0(i64 m,
                        i64 n,
                        const f32* CT_RESTRICT bins,
                        f32* CT_RESTRICT histogram,
                        const i32* CT_RESTRICT bin,
                        const f32* CT_RESTRICT weight)
{
    i64 bad = 0;
    for (i64 i = 0; i < m; ++i) {
        histogram[i] = bins[i];
    }
    for (i64 j = 0; j < n; ++j) {
        const i64 at0 = checked_index(bin[j], m, &bad);
        histogram[at0] += square_f32(weight[j]);
    }
    return bad != 0;
}

// Checks extents, then calls the kernels in order. Returns 0, or what failed.
CT_EXPORT i32 run(const struct ct_runtime* rt,
                  const void* const* in,
                  void* const* out,
                  const i64* extents,
                  void* workspace,
                  struct ct_report* report)
{
    const i64 m = extents[0];
    const i64 n = extents[1];
    if (extents[2] != n) return guard_failed(report, 1, extents[2], n);
    if (extents[3] != m) return guard_failed(report, 2, extents[3], m);
    const f32* bins = (const f32*)in[0];
    const f32* weight = (const f32*)in[1];
    const i32* bin = (const i32*)in[2];
    f32* histogram = (f32*)out[0];
    if (scatter_0(m, n, bins, histogram, bin, weight)) return index_failed(report, 1048576, 0);
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
