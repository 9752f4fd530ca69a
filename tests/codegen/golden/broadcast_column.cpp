// fused_0: y[i, j] = x[i, j] * scale[i] + 1        golden_pointwise.cpp:46
//
//   x      f32 (n, m)  read
//   scale  f32 (n)     read
//   y      f32 (n, m)  written
//
// One call: 2 n m flops; reads 4 n m + 4 n, writes 4 n m bytes.

CT_KERNEL void fused_0(i64 begin,
                       i64 end,
                       i64 m,
                       const f32* CT_RESTRICT x,
                       const f32* CT_RESTRICT scale,
                       f32* CT_RESTRICT y)
{
    for (i64 i = begin; i < end; ++i) {
        const f32 scale_i = scale[i];
        for (i64 j = 0; j < m; ++j) {
            y[i * m + j] = x[i * m + j] * scale_i + 1.0f;
        }
    }
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
    const i64 m = extents[1];
    if (extents[2] != n) return guard_failed(report, 1, extents[2], n);
    if (extents[3] != n) return guard_failed(report, 2, extents[3], n);
    if (extents[4] != m) return guard_failed(report, 3, extents[4], m);
    const f32* x = (const f32*)in[0];
    const f32* scale = (const f32*)in[1];
    f32* y = (f32*)out[0];
    fused_0(0, n, m, x, scale, y);
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
