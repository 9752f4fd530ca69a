// fused_0        golden_pointwise.cpp:180
//
//   v0[i, j] = exp(x0[i, j]) * x1[j]
//   v1[i, j] = x0[i, j] - x1[j]
//
//   x0  f32 (n0, n1)  read
//   x1  f32 (n1)      read
//   v0  f32 (n0, n1)  written
//   v1  f32 (n0, n1)  written
//
// One call: 24 n0 n1 flops; reads 4 n0 n1 + 4 n1, writes 8 n0 n1 bytes.

CT_KERNEL void fused_0(i64 begin,
                       i64 end,
                       i64 n1,
                       const f32* CT_RESTRICT x0,
                       const f32* CT_RESTRICT x1,
                       f32* CT_RESTRICT v0,
                       f32* CT_RESTRICT v1)
{
    for (i64 i = begin; i < end; ++i) {
        for (i64 j = 0; j < n1; ++j) {
            const f32 x0_ij = x0[i * n1 + j];
            const f32 x1_j = x1[j];
            v0[i * n1 + j] = exp_f32(x0_ij) * x1_j;
            v1[i * n1 + j] = x0_ij - x1_j;
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
    const i64 n0 = extents[0];
    const i64 n1 = extents[1];
    if (extents[2] != n1) return guard_failed(report, 1, extents[2], n1);
    if (extents[3] != n0) return guard_failed(report, 2, extents[3], n0);
    if (extents[4] != n1) return guard_failed(report, 3, extents[4], n1);
    if (extents[5] != n0) return guard_failed(report, 4, extents[5], n0);
    if (extents[6] != n1) return guard_failed(report, 5, extents[6], n1);
    const f32* x0 = (const f32*)in[0];
    const f32* x1 = (const f32*)in[1];
    f32* y0 = (f32*)out[0];
    f32* y1 = (f32*)out[1];
    fused_0(0, n0, n1, x0, x1, y0, y1);
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
