// fused_0: y[i, j] = x[i, j - 1] if 0 <= j - 1 < m, else -1        golden_pointwise.cpp:72
//
//   x  f32 (n, m)      read
//   y  f32 (n, m + 3)  written
//
// One call reads 4 n m, writes 4 n m + 12 n bytes.

CT_KERNEL void fused_0(i64 begin, i64 end, i64 m, const f32* CT_RESTRICT x, f32* CT_RESTRICT y)
{
    for (i64 i = begin; i < end; ++i) {
        y[i * m + i * 3] = -1.0f;
        for (i64 j = 0; j < m; ++j) {
            y[i * m + i * 3 + j + 1] = x[i * m + j];
        }
        for (i64 j = 0; j < 2; ++j) {
            y[i * m + i * 3 + j + m + 1] = -1.0f;
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
    if (extents[3] != (m + 3)) return guard_failed(report, 2, extents[3], m + 3);
    const f32* x = (const f32*)in[0];
    f32* y = (f32*)out[0];
    fused_0(0, n, m, x, y);
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
