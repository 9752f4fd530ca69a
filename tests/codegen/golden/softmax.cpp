// fused_0        golden_structured.cpp:55
//
//   u0[i, j] = x[i, j] - where(-inf < max_number_k(x[i, k]), max_number_k(x[i, k]), 0)
//   p[i, j] = exp(u0[i, j]) * (1 / where(sum_k(exp(u0[i, k])) == 0, 1, sum_k(exp(u0[i, k]))))
//
//   x  f32 (n, m)  read
//   p  f32 (n, m)  written
//
// One call: 26 n m + 7 n flops; reads 4 n m, writes 4 n m bytes.

CT_KERNEL void fused_0(i64 begin, i64 end, i64 m, const f32* CT_RESTRICT x, f32* CT_RESTRICT p)
{
    for (i64 i = begin; i < end; ++i) {
        f32 max_number0;
        if (m < 32) {
            f32 max_number = -__builtin_inff();
            for (i64 j = 0; j < m; ++j) {
                max_number = max_number_f32(max_number, x[i * m + j]);
            }
            max_number0 = max_number;
        } else {
            f32 max_number[32];
            for (i64 l = 0; l < 32; ++l)
                max_number[l] = -__builtin_inff();
            for (i64 j0 = 0; j0 < m; j0 += 32) {
                const i64 from = min_i64(j0, m - 32);
                for (i64 l = 0; l < 32; ++l) {
                    const i64 j = from + l;
                    max_number[l] = max_number_f32(max_number[l], x[i * m + j]);
                }
            }
            max_number0 = max_number_lanes_f32(max_number);
        }
        const f32 t0 = -__builtin_inff() < max_number0 ? max_number0 : 0.0f;
        f32 sum[32] = {0};
        const i64 full = m - m % 32;
        for (i64 part = 0; part < full; part += 16384) {
            const i64 part_end = min_i64(part + 16384, full);
            f32 part_sum[32] = {0};
            for (i64 j0 = part; j0 < part_end; j0 += 32) {
                for (i64 l = 0; l < 32; ++l) {
                    const i64 j = j0 + l;
                    const f32 t1 = exp_f32(x[i * m + j] - t0);
                    p[i * m + j] = t1;
                    part_sum[l] += t1;
                }
            }
            CT_LANES
            for (i64 l = 0; l < 32; ++l)
                sum[l] += part_sum[l];
        }
        for (i64 l = 0; l < m - full; ++l) {
            const i64 j = full + l;
            const f32 t1 = exp_f32(x[i * m + j] - t0);
            p[i * m + j] = t1;
            sum[l] += t1;
        }
        const f32 t2 = sum_lanes_f32(sum);
        const f32 t3 = 1.0f / (t2 == 0.0f ? 1.0f : t2);
        for (i64 j = 0; j < m; ++j) {
            const f32 p_ij = p[i * m + j];
            p[i * m + j] = p_ij * t3;
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
    if (extents[3] != m) return guard_failed(report, 2, extents[3], m);
    const f32* x = (const f32*)in[0];
    f32* p = (f32*)out[0];
    fused_0(0, n, m, x, p);
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
