// fused_0        golden_structured.cpp:257 in rms_norm, called at golden_structured.cpp:263
//
//   y[i] = x[i] * rsqrt(sum_j(square(x[j])) / 64 + 1e-06)
//
//   x  f32 (64)  read
//   y  f32 (64)  written
//
// One call: 198 flops; reads 256, writes 256 bytes.

CT_KERNEL void fused_0(const f32* CT_RESTRICT x, f32* CT_RESTRICT y)
{
    f32 sum[32] = {0};
    for (i64 i0 = 0; i0 < 64; i0 += 32) {
        for (i64 l = 0; l < 32; ++l) {
            const i64 i = i0 + l;
            sum[l] += square_f32(x[i]);
        }
    }
    const f32 t0 = rsqrt_f32(sum_lanes_f32(sum) / 64.0f + 1e-6f);
    for (i64 i = 0; i < 64; ++i) {
        y[i] = x[i] * t0;
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
    if (extents[0] != 64) return guard_failed(report, 1, extents[0], 64);
    if (extents[1] != 64) return guard_failed(report, 2, extents[1], 64);
    const f32* x = (const f32*)in[0];
    f32* y = (f32*)out[0];
    fused_0(x, y);
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
