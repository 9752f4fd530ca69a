// fused_0: total[i] = sum_j exp(x[i, j])        golden_structured.cpp:37
//
//   x      f32 (n, m)  read
//   total  f32 (n)     written
//
// One call: 23 n m flops; reads 4 n m, writes 4 n bytes.

CT_KERNEL void fused_0(i64 begin, i64 end, i64 m, const f32* CT_RESTRICT x, f32* CT_RESTRICT total)
{
    for (i64 i = begin; i < end; ++i) {
        f32 sum[32] = {0};
        const i64 full = m - m % 32;
        for (i64 part = 0; part < full; part += 16384) {
            const i64 part_end = min_i64(part + 16384, full);
            f32 part_sum[32] = {0};
            for (i64 j0 = part; j0 < part_end; j0 += 32) {
                for (i64 l = 0; l < 32; ++l) {
                    const i64 j = j0 + l;
                    part_sum[l] += exp_f32(x[i * m + j]);
                }
            }
            CT_LANES
            for (i64 l = 0; l < 32; ++l)
                sum[l] += part_sum[l];
        }
        for (i64 l = 0; l < m - full; ++l) {
            const i64 j = full + l;
            sum[l] += exp_f32(x[i * m + j]);
        }
        total[i] = sum_lanes_f32(sum);
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
    const f32* x = (const f32*)in[0];
    f32* total = (f32*)out[0];
    fused_0(0, n, m, x, total);
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
