// fused_0        golden_pointwise.cpp:114
//
//   slope[i] = where(0 < x[i], 0.5 * f32(0 < x[i]) / sqrt(x[i]), 0)
//
//   x      f32 (n)  read
//   slope  f32 (n)  written
//
// One call: 10 n flops; reads 4 n, writes 4 n bytes.

CT_KERNEL void fused_0(i64 begin, i64 end, const f32* CT_RESTRICT x, f32* CT_RESTRICT slope)
{
    for (i64 i = begin; i < end; ++i) {
        const f32 x_i = x[i];
        const b8 t0 = 0.0f < x_i;
        slope[i] = t0 ? 0.5f * (f32)t0 / sqrt_f32(x_i) : 0.0f;
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
    const f32* x = (const f32*)in[0];
    f32* slope = (f32*)out[0];
    fused_0(0, n, x, slope);
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
