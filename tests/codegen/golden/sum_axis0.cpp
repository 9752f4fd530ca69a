CT_MATH f32 columns_0_term(i64 j, i64 k, i64 m, i64 n, const f32* CT_RESTRICT x)
{
    (void)m;
    (void)n;
    return exp_f32(x[j * m + k]);
}

// columns_0: sum        golden_structured.cpp:31
//
//   x  f32 (n, m)
//   total  f32 (m)  written

CT_KERNEL void columns_0(i64 m, i64 n, const f32* CT_RESTRICT x, f32* CT_RESTRICT total)
{
    for (i64 k = 0; k < m; ++k) total[k] = 0.0f;
     {
        i64 j = 0;
        for (; j + 8 <= n; j += 8) {
            for (i64 k = 0; k < m; ++k) {
                const f32 s0 = columns_0_term(j, k, m, n, x) + columns_0_term(j + 1, k, m, n, x);
                const f32 s1 = columns_0_term(j + 2, k, m, n, x) + columns_0_term(j + 3, k, m, n, x);
                const f32 s2 = columns_0_term(j + 4, k, m, n, x) + columns_0_term(j + 5, k, m, n, x);
                const f32 s3 = columns_0_term(j + 6, k, m, n, x) + columns_0_term(j + 7, k, m, n, x);
                const f32 s01 = s0 + s1;
                const f32 s23 = s2 + s3;
                total[k] = total[k] + (s01 + s23);
            }
        }
        for (; j < n; ++j) {
            for (i64 k = 0; k < m; ++k) {
                total[k] = total[k] + columns_0_term(j, k, m, n, x);
            }
        }
    }
}

// Checks extents, then calls the kernels in order. Returns 0, or what failed.
CT_EXPORT i32 run(const struct ct_runtime* rt, const void* const* in, void* const* out,
                  const i64* extents, void* workspace, struct ct_report* report)
{
    const i64 n = extents[0];
    const i64 m = extents[1];
    if (extents[2] != m) return guard_failed(report, 1, extents[2], m);
    const f32* x = (const f32*)in[0];
    f32* total = (f32*)out[0];
    (void)workspace;
    columns_0(m, n, x, total);
    (void)rt;
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    (void)extents;
    return 0;
}
