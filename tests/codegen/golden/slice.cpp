// fused_0: curvature[i] = u[i] - 2 * u[i + 1] + u[i + 2]        golden_pointwise.cpp:60
//
//   u          f64 (n)      read
//   curvature  f64 (n - 2)  written
//
// One call: 3 n - 6 flops; reads 8 n, writes 8 n - 16 bytes.

CT_KERNEL void fused_0(i64 begin, i64 end, const f64* CT_RESTRICT u, f64* CT_RESTRICT curvature)
{
    for (i64 i = begin; i < end; ++i) {
        curvature[i] = u[i] - 2.0 * u[i + 1] + u[i + 2];
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
    if (n < 2) return guard_failed(report, 1, 2, n);
    if (extents[1] != (n - 2)) return guard_failed(report, 2, extents[1], n - 2);
    const f64* u = (const f64*)in[0];
    f64* curvature = (f64*)out[0];
    fused_0(0, n - 2, u, curvature);
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
