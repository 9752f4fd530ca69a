// fused_0: y[i, j] = f32(label[i] == j)        golden_pointwise.cpp:108
//
//   label  i64 (n)      read
//   y      f32 (n, 10)  written
//
// One call: 20 n flops; reads 8 n, writes 40 n bytes.

CT_KERNEL void fused_0(i64 begin, i64 end, const i64* CT_RESTRICT label, f32* CT_RESTRICT y)
{
    for (i64 i = begin; i < end; ++i) {
        const i64 label_i = label[i];
        for (i64 j = 0; j < 10; ++j) {
            y[i * 10 + j] = (f32)(label_i == j);
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
    if (extents[1] != n) return guard_failed(report, 1, extents[1], n);
    if (extents[2] != 10) return guard_failed(report, 2, extents[2], 10);
    const i64* label = (const i64*)in[0];
    f32* y = (f32*)out[0];
    fused_0(0, n, label, y);
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
