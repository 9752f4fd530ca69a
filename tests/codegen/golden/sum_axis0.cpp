// columns_0        golden_structured.cpp:31
//
//   total[i] = sum_j exp(x[j, i]) of block 0
//   partial[b, i] = the same of block b + 1
//
//   x        f32 (n, m)                              read
//   total    f32 (m)                                 written
//   partial  f32 (floor((max(n, 1) - 1) / 1024), m)  written
//
// One call: 23 n m flops; reads 4 n m, writes 4 m floor((max(n, 1) - 1) / 1024) + 4 m bytes.

CT_MATH f32 columns_0_term(i64 j, i64 k, i64 m, const f32* CT_RESTRICT x)
{
    return exp_f32(x[j * m + k]);
}

CT_KERNEL void columns_0(i64 begin,
                         i64 end,
                         i64 m,
                         i64 n,
                         const f32* CT_RESTRICT x,
                         f32* CT_RESTRICT total,
                         f32* CT_RESTRICT partial)
{
    for (i64 i = begin; i < end; ++i) {
        const i64 first = i * 1024;
        const i64 stop = min_i64(i * 1024 + 1024, n);
        f32* sum = total;
        if (i > 0) sum = partial + (i - 1) * m;
        for (i64 k = 0; k < m; ++k)
            sum[k] = 0.0f;
        for (i64 j = first; j + 8 <= stop; j += 8) {
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
                sum[k] += s0 + s1;
            }
        }
        for (i64 j = stop / 8 * 8; j < stop; ++j) {
            for (i64 k = 0; k < m; ++k) {
                sum[k] += columns_0_term(j, k, m, x);
            }
        }
    }
}

// columns_1: total[i] += sum_j partial[j, i]        golden_structured.cpp:31
//
//   partial  f32 (floor((max(n, 1) - 1) / 1024), m)  read
//   total    f32 (m)                                 read and written
//
// One call: m floor((max(n, 1) - 1) / 1024) flops;
// reads 4 m floor((max(n, 1) - 1) / 1024) + 4 m, writes 4 m bytes.

CT_MATH f32 columns_1_term(i64 j, i64 k, i64 m, const f32* CT_RESTRICT partial)
{
    return partial[j * m + k];
}

CT_KERNEL void columns_1(i64 m, i64 n, const f32* CT_RESTRICT partial, f32* CT_RESTRICT total)
{
    const i64 stop = floor_div_i64(max_i64(n, 1) - 1, 1024);
    for (i64 j = 0; j + 8 <= stop; j += 8) {
        for (i64 k = 0; k < m; ++k) {
            const f32 t0 = columns_1_term(j, k, m, partial);
            const f32 t1 = columns_1_term(j + 1, k, m, partial);
            const f32 t2 = columns_1_term(j + 2, k, m, partial);
            const f32 t3 = columns_1_term(j + 3, k, m, partial);
            const f32 t4 = columns_1_term(j + 4, k, m, partial);
            const f32 t5 = columns_1_term(j + 5, k, m, partial);
            const f32 t6 = columns_1_term(j + 6, k, m, partial);
            const f32 t7 = columns_1_term(j + 7, k, m, partial);
            const f32 s0 = (t0 + t1) + (t2 + t3);
            const f32 s1 = (t4 + t5) + (t6 + t7);
            total[k] += s0 + s1;
        }
    }
    for (i64 j = stop / 8 * 8; j < stop; ++j) {
        for (i64 k = 0; k < m; ++k) {
            total[k] += columns_1_term(j, k, m, partial);
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
    char* const work = (char*)workspace;
    f32* partial = (f32*)(work + 0);
    columns_0(0, floor_div_i64(max_i64(n, 1) - 1, 1024) + 1, m, n, x, total, partial);
    columns_1(m, n, partial, total);
    (void)rt;
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    const i64 n = extents[0];
    const i64 m = extents[1];
    const i64 end0 = 0 + align_64(m * floor_div_i64(max_i64(n, 1) - 1, 1024) * 4);
    return end0;
}
