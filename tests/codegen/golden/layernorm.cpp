// fused_0        golden_structured.cpp:68, 69
//
//   u0[i, j] = x[i, j] - sum_k(x[i, k]) / 256
//   u1[i, j] = u0[i, j] * rsqrt(sum_k(square(u0[i, k])) / 256 + 1e-05) * gain[j]
//   y[i, j] = u1[i, j] + bias[j]
//
//   x     f32 (n, 256)  read
//   y     f32 (n, 256)  written
//   gain  f32 (256)     read
//   bias  f32 (256)     read
//
// One call: 1802 n flops; reads 1024 n + 2048, writes 1024 n bytes.

CT_KERNEL void fused_0(i64 begin,
                       i64 end,
                       const f32* CT_RESTRICT x,
                       f32* CT_RESTRICT y,
                       const f32* CT_RESTRICT gain,
                       const f32* CT_RESTRICT bias)
{
    for (i64 i = begin; i < end; ++i) {
        f32 sum[32] = {0};
        CT_ROLLED
        for (i64 j0 = 0; j0 < 256; j0 += 32) {
            for (i64 l = 0; l < 32; ++l) {
                const i64 j = j0 + l;
                sum[l] += x[i * 256 + j];
            }
        }
        const f32 t0 = sum_lanes_f32(sum) / 256.0f;
        f32 sum2[32] = {0};
        CT_ROLLED
        for (i64 j0 = 0; j0 < 256; j0 += 32) {
            for (i64 l = 0; l < 32; ++l) {
                const i64 j = j0 + l;
                const f32 t1 = x[i * 256 + j] - t0;
                y[i * 256 + j] = t1;
                sum2[l] += square_f32(t1);
            }
        }
        const f32 t2 = rsqrt_f32(sum_lanes_f32(sum2) / 256.0f + 1e-5f);
        for (i64 j = 0; j < 256; ++j) {
            const f32 y_ij = y[i * 256 + j];
            y[i * 256 + j] = y_ij * t2 * gain[j] + bias[j];
        }
    }
}

// Outputs larger than the caches are written past them, by way of blocks on the stack.
CT_KERNEL void stream_fused_0(i64 begin,
                              i64 end,
                              i64 extent,
                              const f32* x,
                              f32* y,
                              const f32* gain,
                              const f32* bias)
{
    if (!passes_caches(y, extent * 1024)) {
        fused_0(begin, end, x, y, gain, bias);
        return;
    }
    CT_ALIGNED char y_memory[1024];
    const u64 y_block = (u64)y_memory;
    for (i64 i = begin; i < end; i += 1) {
        const i64 stop = end - i < 1 ? end : i + 1;
        fused_0(i, stop, x, (f32*)(y_block - i * 1024), gain, bias);
        stream_bytes((char*)y + i * 1024, y_memory, (stop - i) * 1024);
    }
    stream_end();
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
    if (extents[1] != 256) return guard_failed(report, 1, extents[1], 256);
    if (extents[2] != 256) return guard_failed(report, 2, extents[2], 256);
    if (extents[3] != 256) return guard_failed(report, 3, extents[3], 256);
    if (extents[4] != n) return guard_failed(report, 4, extents[4], n);
    if (extents[5] != 256) return guard_failed(report, 5, extents[5], 256);
    const f32* x = (const f32*)in[0];
    const f32* gain = (const f32*)in[1];
    const f32* bias = (const f32*)in[2];
    f32* y = (f32*)out[0];
    stream_fused_0(0, n, n, x, y, gain, bias);
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
