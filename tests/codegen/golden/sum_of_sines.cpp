// fused_0: y[i] = sum_j sin(x[i, j])        golden_structured.cpp:94
//
//   x  f64 (n, m)  read
//   y  f64 (n)     written
//
// One call: 98 n m flops; reads 8 n m, writes 8 n bytes.

static i32 fused_0_fast(i64 begin, i64 end, i64 m, const f64* CT_RESTRICT x, f64* CT_RESTRICT y)
{
    i32 hard = 0;
    for (i64 i = begin; i < end; ++i) {
        f64 sum[16] = {0};
        const i64 full = m - m % 16;
        for (i64 part = 0; part < full; part += 16384) {
            const i64 part_end = min_i64(part + 16384, full);
            f64 part_sum[16] = {0};
            for (i64 j0 = part; j0 < part_end; j0 += 16) {
                CT_LANES
                for (i64 l = 0; l < 16; ++l) {
                    const i64 j = j0 + l;
                    hard |= trig_hard_f64(x[i * m + j]);
                    part_sum[l] += sin_fast_f64(x[i * m + j]);
                }
            }
            CT_LANES
            for (i64 l = 0; l < 16; ++l)
                sum[l] += part_sum[l];
        }
        for (i64 l = 0; l < m - full; ++l) {
            const i64 j = full + l;
            hard |= trig_hard_f64(x[i * m + j]);
            sum[l] += sin_fast_f64(x[i * m + j]);
        }
        y[i] = sum_lanes_f64(sum);
    }
    return hard;
}

CT_NOINLINE void
fused_0_exact(i64 begin, i64 end, i64 m, const f64* CT_RESTRICT x, f64* CT_RESTRICT y)
{
    for (i64 i = begin; i < end; ++i) {
        f64 sum[16] = {0};
        const i64 full = m - m % 16;
        for (i64 part = 0; part < full; part += 16384) {
            const i64 part_end = min_i64(part + 16384, full);
            f64 part_sum[16] = {0};
            for (i64 j0 = part; j0 < part_end; j0 += 16) {
                for (i64 l = 0; l < 16; ++l) {
                    const i64 j = j0 + l;
                    part_sum[l] += sin_f64(x[i * m + j]);
                }
            }
            CT_LANES
            for (i64 l = 0; l < 16; ++l)
                sum[l] += part_sum[l];
        }
        for (i64 l = 0; l < m - full; ++l) {
            const i64 j = full + l;
            sum[l] += sin_f64(x[i * m + j]);
        }
        y[i] = sum_lanes_f64(sum);
    }
}

CT_KERNEL void fused_0(i64 begin, i64 end, i64 m, const f64* CT_RESTRICT x, f64* CT_RESTRICT y)
{
    // An argument was too large for the fast form: then all is computed again.
    const i32 hard = fused_0_fast(begin, end, m, x, y);
    if (hard < 0) fused_0_exact(begin, end, m, x, y);
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
    const f64* x = (const f64*)in[0];
    f64* y = (f64*)out[0];
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
