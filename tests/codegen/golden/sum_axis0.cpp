// columns_0: total[i] = sum_j exp(x[j, i])        golden_structured.cpp:31
//
//   x      f32 (n, m)  read
//   total  f32 (m)     written
//
// One call: 19 n m flops; reads 4 n m, writes 4 m bytes.

CT_MATH f32 columns_0_term(i64 j, i64 k, i64 m, const f32* CT_RESTRICT x)
{
    return exp_f32(x[j * m + k]);
}

CT_KERNEL void columns_0(i64 m, i64 n, const f32* CT_RESTRICT x, f32* CT_RESTRICT total)
{
    for (i64 k = 0; k < m; ++k)
        total[k] = 0.0f;
    for (i64 j = 0; j + 8 <= n; j += 8) {
        for (i64 k = 0; k < m; ++k) {
            const f32 t0 = columns_0_term(j, k, m, x);
            const f32 t1 = columns_0_term(j + 1, k, m, x);
            const f32 t2 = columns_0_term(j + 2, k, m, x);
            const f32 t3 = columns_0_term(j + 3, k, m, x);
            const f32 t4 = columns_0_term(j + 4, k, m, x);
            const f32 t5 = columns_0_term(j + 5, k, m, x);
            const f32 t6 = columns_0_term(j + 6, k, m, x);
            const f32 t7 = columns_0_term(j + 7, k, m, x);
            const f32 s0 = (t0 + t1) + (t2 + t3);
            const f32 s1 = (t4 + t5) + (t6 + t7);
            total[k] += s0 + s1;
        }
    }
    for (i64 j = n / 8 * 8; j < n; ++j) {
        for (i64 k = 0; k < m; ++k) {
            total[k] += columns_0_term(j, k, m, x);
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
    if (extents[2] != m) return guard_failed(report, 1, extents[2], m);
    const f32* x = (const f32*)in[0];
    f32* total = (f32*)out[0];
    columns_0(m, n, x, total);
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
