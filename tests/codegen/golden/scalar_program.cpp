// fused_0        golden_pointwise.cpp:129
//
//   u0 = sqrt(square(b) - 4 * a * c)
//   low = (-b - u0) / (2 * a)
//   high = (u0 - b) / (2 * a)
//
//   b     f64 ()  read
//   a     f64 ()  read
//   c     f64 ()  read
//   low   f64 ()  written
//   high  f64 ()  written
//
// One call: 17 flops; reads 24, writes 16 bytes.

CT_KERNEL void fused_0(const f64* CT_RESTRICT b,
                       const f64* CT_RESTRICT a,
                       const f64* CT_RESTRICT c,
                       f64* CT_RESTRICT low,
                       f64* CT_RESTRICT high)
{
    const f64 b_0 = b[0];
    const f64 a_0 = a[0];
    const f64 t0 = sqrt_f64(square_f64(b_0) - 4.0 * a_0 * c[0]);
    const f64 t1 = 2.0 * a_0;
    low[0] = (-b_0 - t0) / t1;
    high[0] = (t0 - b_0) / t1;
}

// Checks extents, then calls the kernels in order. Returns 0, or what failed.
CT_EXPORT i32 run(const struct ct_runtime* rt,
                  const void* const* in,
                  void* const* out,
                  const i64* extents,
                  void* workspace,
                  struct ct_report* report)
{
    const f64* a = (const f64*)in[0];
    const f64* b = (const f64*)in[1];
    const f64* c = (const f64*)in[2];
    f64* low = (f64*)out[0];
    f64* high = (f64*)out[1];
    fused_0(b, a, c, low, high);
    (void)rt;
    (void)extents;
    (void)workspace;
    (void)report;
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    (void)extents;
    return 0;
}
