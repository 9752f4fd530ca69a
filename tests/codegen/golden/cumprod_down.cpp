// running_0: y[i, j] = prod_{k >= i} x[k, j]        golden_structured.cpp:100
//
//   x  f64 (n, m)  read
//   y  f64 (n, m)  written
//
// One call: n m flops; reads 8 n m, writes 8 n m bytes.

CT_KERNEL void running_0(i64 m, i64 n, const f64* CT_RESTRICT x, f64* CT_RESTRICT y)
{
    for (i64 i = n; i-- > 0;) {
        const b8 inside0 = i + 1 < n;
        for (i64 j = 0; j < m; ++j) {
            const f64 y_ij = inside0 ? y[i * m + j + m] : 0.0;
            y[i * m + j] = (inside0 ? y_ij : 1.0) * x[i * m + j];
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
    const f64* x = (const f64*)in[0];
    f64* y = (f64*)out[0];
    running_0(m, n, x, y);
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
