// fused_0: y[i, j] = a[i, j] if j < 3, else exp(b[i, j - 3])        golden_pointwise.cpp:78
//
//   a  f32 (n, 3)      read
//   b  f32 (n, m)      read
//   y  f32 (n, m + 3)  written
//
// One call: 22 n m flops; reads 4 n m + 12 n, writes 4 n m + 12 n bytes.

CT_KERNEL void fused_0(i64 begin,
                       i64 end,
                       i64 m,
                       const f32* CT_RESTRICT a,
                       const f32* CT_RESTRICT b,
                       f32* CT_RESTRICT y)
{
    for (i64 i = begin; i < end; ++i) {
        for (i64 j = 0; j < 3; ++j) {
            y[i * m + i * 3 + j] = a[i * 3 + j];
        }
        for (i64 j = 0; j < m; ++j) {
            y[i * m + i * 3 + j + 3] = exp_f32(b[i * m + j]);
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
    const i64 m = extents[3];
    if (extents[1] != 3) return guard_failed(report, 1, extents[1], 3);
    if (extents[2] != n) return guard_failed(report, 2, extents[2], n);
    if (extents[4] != n) return guard_failed(report, 3, extents[4], n);
    if (extents[5] != (m + 3)) return guard_failed(report, 4, extents[5], m + 3);
    const f32* a = (const f32*)in[0];
    const f32* b = (const f32*)in[1];
    f32* y = (f32*)out[0];
    fused_0(0, n, m, a, b, y);
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
