// steps_0        golden_structured.cpp:176
//
//   for t from 0 to 100 - 1:
//     next x0 = rate * x0 * (1 - x0)
//
//   x0    f64 ()     read
//   rate  f64 ()     read
//   v0    f64 (100)  written
//   last  f64 ()     written
//
// One call: 300 flops; reads 16, writes 808 bytes.

CT_KERNEL void steps_0(const f64* CT_RESTRICT x0,
                       const f64* CT_RESTRICT rate,
                       f64* CT_RESTRICT v0,
                       f64* CT_RESTRICT last)
{
    const f64 rate_0 = rate[0];
    f64 x0_i = x0[0];
    for (i64 i = 0; i < 100; ++i) {
        const f64 t0 = rate_0 * x0_i * (1.0 - x0_i);
        v0[i] = t0;
        x0_i = t0;
    }
    last[0] = x0_i;
}

// steps_1        golden_structured.cpp:176
//
//   for t from 100 - 1 down to 0:
//     next state0 = state0 * (1 - x0) * rate - state0 * (rate * x0)
//     next state1 = state1 + state0 * (1 - x0) * x0
//
//   v0     f64 (100)  read
//   x0     f64 ()     read
//   rate   f64 ()     read
//   slope  f64 ()     written
//
// One call: 800 flops; reads 816, writes 8 bytes.

CT_KERNEL void steps_1(const f64* CT_RESTRICT v0,
                       const f64* CT_RESTRICT x0,
                       const f64* CT_RESTRICT rate,
                       f64* CT_RESTRICT slope)
{
    const f64 x0_0 = x0[0];
    const f64 rate_0 = rate[0];
    f64 state0 = 1.0;
    f64 state1 = 0.0;
    for (i64 i = 100; i-- > 0;) {
        const b8 inside0 = 0 <= i - 1 && i - 1 < 100;
        const f64 t0 = inside0 ? v0[i - 1] : x0_0;
        const f64 t1 = state0 * (1.0 - t0);
        const f64 next = t1 * rate_0 - state0 * (rate_0 * t0);
        const f64 next_0 = state1 + t1 * t0;
        state0 = next;
        state1 = next_0;
    }
    slope[0] = state1;
}

// Checks extents, then calls the kernels in order. Returns 0, or what failed.
CT_EXPORT i32 run(const struct ct_runtime* rt,
                  const void* const* in,
                  void* const* out,
                  const i64* extents,
                  void* workspace,
                  struct ct_report* report)
{
    const f64* x0 = (const f64*)in[0];
    const f64* rate = (const f64*)in[1];
    f64* last = (f64*)out[0];
    f64* slope = (f64*)out[1];
    char* const work = (char*)workspace;
    f64* v0 = (f64*)(work + 0);
    steps_0(x0, rate, v0, last);
    steps_1(v0, x0, rate, slope);
    (void)rt;
    (void)extents;
    (void)report;
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    (void)extents;
    return 832;
}
