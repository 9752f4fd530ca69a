// fused_0        golden_structured.cpp:106
//
//   largest[i] = max_j x[i, j]
//   positive[i] = sum_j i64(0 < x[i, j])
//
//   x         i32 (n, m)  read
//   largest   i32 (n)     written
//   positive  i64 (n)     written
//
// One call: 5 n m flops; reads 4 n m, writes 12 n bytes.

CT_KERNEL void fused_0(i64 begin,
                       i64 end,
                       i64 m,
                       const i32* CT_RESTRICT x,
                       i32* CT_RESTRICT largest,
                       i64* CT_RESTRICT positive)
{
    for (i64 i = begin; i < end; ++i) {
        i32 largest_i = -2147483648;
        i64 positive_i = 0;
        for (i64 j = 0; j < m; ++j) {
            const i32 x_ij = x[i * m + j];
            largest_i = max_i32(largest_i, x_ij);
            positive_i = add_i64(positive_i, (i64)(0 < x_ij));
        }
        largest[i] = largest_i;
        positive[i] = positive_i;
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
    if (extents[3] != n) return guard_failed(report, 2, extents[3], n);
    const i32* x = (const i32*)in[0];
    i32* largest = (i32*)out[0];
    i64* positive = (i64*)out[1];
    fused_0(0, n, m, x, largest, positive);
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
