// fused_0: y[i, j] = tanh(x[i, j] + b[j])        golden_pointwise.cpp:39
//
//   x  f32 (n0, n1)  read
//   b  f32 (n1)      read
//   y  f32 (n0, n1)  written
//
// One call: 24 n0 n1 flops; reads 4 n0 n1 + 4 n1, writes 4 n0 n1 bytes.

CT_KERNEL void fused_0(i64 begin,
                       i64 end,
                       i64 n1,
                       const f32* CT_RESTRICT x,
                       const f32* CT_RESTRICT b,
                       f32* CT_RESTRICT y)
{
    for (i64 i = begin; i < end; ++i) {
        for (i64 j = 0; j < n1; ++j) {
            y[i * n1 + j] = tanh_f32(x[i * n1 + j] + b[j]);
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
    const f32* x = (const f32*)in[0];
    const f32* b = (const f32*)in[1];
    f32* y = (f32*)out[0];
    fused_0(0, n0, n1, x, b, y);
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
