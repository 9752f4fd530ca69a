// fused_0        golden_pointwise.cpp:32
//
//   pressure[i] = density[i] * exp(-height[i] / 8400) + 1 / density[i]
//
//   density   f64 (n0)  read
//   height    f64 (n0)  read
//   pressure  f64 (n0)  written
//
// One call: 38 n0 flops; reads 16 n0, writes 8 n0 bytes.

CT_KERNEL void fused_0(i64 begin,
                       i64 end,
                       const f64* CT_RESTRICT density,
                       const f64* CT_RESTRICT height,
                       f64* CT_RESTRICT pressure)
{
    for (i64 i = begin; i < end; ++i) {
        const f64 density_i = density[i];
        pressure[i] = density_i * exp_f64(-height[i] / 8400.0) + 1.0 / density_i;
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
    const i64 n0 = extents[0];
    if (extents[1] != n0) return guard_failed(report, 1, extents[1], n0);
    if (extents[2] != n0) return guard_failed(report, 2, extents[2], n0);
    const f64* height = (const f64*)in[0];
    const f64* density = (const f64*)in[1];
    f64* pressure = (f64*)out[0];
    fused_0(0, n0, density, height, pressure);
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
