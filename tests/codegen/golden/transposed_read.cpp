// fused_0: c[i, j] = a[i, j] - b[j, i]        golden_pointwise.cpp:53
//
//   a  f64 (n, m)  read
//   b  f64 (m, n)  read
//   c  f64 (n, m)  written
//
// One call: n m flops; reads 16 n m, writes 8 n m bytes.

CT_KERNEL void fused_0(i64 begin,
                       i64 end,
                       i64 m,
                       i64 n,
                       const f64* CT_RESTRICT a,
                       const f64* CT_RESTRICT b,
                       f64* CT_RESTRICT c)
{
    for (i64 i0 = begin; i0 < end; i0 += 8) {
        for (i64 j0 = 0; j0 < m; j0 += 8) {
            if (end - i0 < 8 || m - j0 < 8) {
                for (i64 i = i0; i < min_i64(i0 + 8, end); ++i) {
                    for (i64 j = j0; j < min_i64(j0 + 8, m); ++j) {
                        c[i * m + j] = a[i * m + j] - b[j * n + i];
                    }
                }
                continue;
            }
            f64 b_square[8][8];
            for (i64 j = j0; j < j0 + 8; ++j) {
                for (i64 i = i0; i < i0 + 8; ++i) {
                    b_square[i - i0][j - j0] = b[j * n + i];
                }
            }
            for (i64 i = i0; i < i0 + 8; ++i) {
                for (i64 j = j0; j < j0 + 8; ++j) {
                    c[i * m + j] = a[i * m + j] - b_square[i - i0][j - j0];
                }
            }
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
    if (extents[3] != n) return guard_failed(report, 2, extents[3], n);
    if (extents[4] != n) return guard_failed(report, 3, extents[4], n);
    if (extents[5] != m) return guard_failed(report, 4, extents[5], m);
    const f64* a = (const f64*)in[0];
    const f64* b = (const f64*)in[1];
    f64* c = (f64*)out[0];
    fused_0(0, n, m, n, a, b, c);
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
