// columns_0        golden_structured.cpp:269
//
//   best[i] = argmin_j score[j, i] of block 0
//   partial[b, i] = the same of block b + 1
//
//   score     f32 (n, m)                                  read
//   best      i64 (m)                                     written
//   smallest  f32 (floor((max(n, 1) - 1) / 1024) + 1, m)  written
//   row       i32 (floor((max(n, 1) - 1) / 1024) + 1, m)  written
//   partial   i64 (floor((max(n, 1) - 1) / 1024), m)      written
//
// One call: n m flops; reads 4 n m, writes 16 m floor((max(n, 1) - 1) / 1024) + 16 m bytes.

CT_MATH f32 columns_0_term(i64 j, i64 k, i64 m, const f32* CT_RESTRICT score)
{
    return score[j * m + k];
}

CT_KERNEL void columns_0(i64 begin,
                         i64 end,
                         i64 m,
                         i64 n,
                         const f32* CT_RESTRICT score,
                         i64* CT_RESTRICT best,
                         f32* CT_RESTRICT smallest,
                         i32* CT_RESTRICT row,
                         i64* CT_RESTRICT partial)
{
    for (i64 i = begin; i < end; ++i) {
        const i64 first = i * 1024;
        const i64 stop = min_i64(i * 1024 + 1024, n);
        i64* argmin = best;
        if (i > 0) argmin = partial + (i - 1) * m;
        for (i64 k = 0; k < m; ++k)
            smallest[i * m + k] = __builtin_inff();
        for (i64 k = 0; k < m; ++k)
            row[i * m + k] = 0;
        for (i64 j = first; j + 8 <= stop; j += 8) {
            for (i64 k = 0; k < m; ++k) {
                f32 best_0 = smallest[i * m + k];
                i32 at = row[i * m + k];
                CT_UNROLL
                for (i64 r = 0; r < 8; ++r) {
                    const f32 value = columns_0_term(j + r, k, m, score);
                    const i32 better = !(value >= best_0) & (best_0 == best_0);
                    best_0 = min_f32(value, best_0);
                    at = better ? (i32)(j + r - first) : at;
                }
                smallest[i * m + k] = best_0;
                row[i * m + k] = at;
            }
        }
        for (i64 j = stop / 8 * 8; j < stop; ++j) {
            for (i64 k = 0; k < m; ++k) {
                f32 best_0 = smallest[i * m + k];
                i32 at = row[i * m + k];
                const f32 value = columns_0_term(j, k, m, score);
                const i32 better = !(value >= best_0) & (best_0 == best_0);
                best_0 = min_f32(value, best_0);
                at = better ? (i32)(j - first) : at;
                smallest[i * m + k] = best_0;
                row[i * m + k] = at;
            }
        }
        for (i64 k = 0; k < m; ++k)
            argmin[k] = first + row[i * m + k];
    }
}

// columns_1        golden_structured.cpp:269
//
//   best[i] = that of it and partial[j, i] with the best value
//
//   partial   i64 (floor((max(n, 1) - 1) / 1024), m)      read
//   smallest  f32 (floor((max(n, 1) - 1) / 1024) + 1, m)  read and written
//   best      i64 (m)                                     read and written
//
// One call: m floor((max(n, 1) - 1) / 1024) flops;
// reads 12 m floor((max(n, 1) - 1) / 1024) + 12 m, writes 4 m floor((max(n, 1) - 1) / 1024) + 12 ..

CT_MATH f32 columns_1_term(i64 j, i64 k, i64 m, f32* CT_RESTRICT smallest)
{
    const f32 smallest_jk = smallest[j * m + k + m];
    return smallest_jk;
}

CT_MATH i64 columns_1_term1(i64 j, i64 k, i64 m, const i64* CT_RESTRICT partial)
{
    return partial[j * m + k];
}

CT_KERNEL void columns_1(i64 m,
                         i64 n,
                         const i64* CT_RESTRICT partial,
                         f32* CT_RESTRICT smallest,
                         i64* CT_RESTRICT best)
{
    const i64 stop = floor_div_i64(max_i64(n, 1) - 1, 1024);
    for (i64 j = 0; j < stop; ++j) {
        for (i64 k = 0; k < m; ++k) {
            f32 best_0 = smallest[k];
            i64 at = best[k];
            const f32 value = columns_1_term(j, k, m, smallest);
            const i32 better = !(value >= best_0) & (best_0 == best_0);
            best_0 = min_f32(value, best_0);
            at = better ? columns_1_term1(j, k, m, partial) : at;
            smallest[k] = best_0;
            best[k] = at;
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
    if (n < 1) return guard_failed(report, 1, 1, n);
    if (extents[2] != m) return guard_failed(report, 2, extents[2], m);
    const f32* score = (const f32*)in[0];
    i64* best = (i64*)out[0];
    char* const work = (char*)workspace;
    const i64 end0 = 0 + align_64(m * floor_div_i64(max_i64(n, 1) - 1, 1024) * 4 + m * 4);
    const i64 end1 = end0 + align_64(m * floor_div_i64(max_i64(n, 1) - 1, 1024) * 4 + m * 4);
    f32* smallest = (f32*)(work + 0);
    i32* row = (i32*)(work + end0);
    i64* partial = (i64*)(work + end1);
    columns_0(0, floor_div_i64(max_i64(n, 1) - 1, 1024) + 1, m, n, score, best, smallest, row,
              partial);
    columns_1(m, n, partial, smallest, best);
    (void)rt;
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    const i64 n = extents[0];
    const i64 m = extents[1];
    if (n < 1) return 0;
    const i64 end0 = 0 + align_64(m * floor_div_i64(max_i64(n, 1) - 1, 1024) * 4 + m * 4);
    const i64 end1 = end0 + align_64(m * floor_div_i64(max_i64(n, 1) - 1, 1024) * 4 + m * 4);
    const i64 end2 = end1 + align_64(m * floor_div_i64(max_i64(n, 1) - 1, 1024) * 8);
    return end2;
}
