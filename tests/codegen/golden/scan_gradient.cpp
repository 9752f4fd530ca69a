// fused_0: v0 = rate * x0 * (1 - x0)        golden_structured.cpp:176
//
//   rate  f64 ()  read
//   x0    f64 ()  read
//   v0    f64 ()  written
//
// One call: 3 flops; reads 16, writes 8 bytes.

CT_KERNEL void fused_0(const f64* CT_RESTRICT rate, const f64* CT_RESTRICT x0, f64* CT_RESTRICT v0)
{
    const f64 x0_0 = x0[0];
    v0[0] = rate[0] * x0_0 * (1.0 - x0_0);
}

// fused_1: v1[i] = v0[i - 1] if 0 <= i - 1 < 100, else x0        golden_structured.cpp:176
//
//   x0  f64 ()     read
//   v0  f64 (100)  read
//   v1  f64 (100)  written
//
// One call reads 808, writes 800 bytes.

CT_KERNEL void fused_1(const f64* CT_RESTRICT x0, const f64* CT_RESTRICT v0, f64* CT_RESTRICT v1)
{
    v1[0] = x0[0];
    for (i64 i = 0; i < 99; ++i) {
        v1[i + 1] = v0[i];
    }
}

// fused_2        golden_structured.cpp:176
//
//   v0 = x1 * (1 - x0) * rate - x1 * (rate * x0)
//   v1 = x2 + x1 * (1 - x0) * x0
//
//   x1    f64 ()  read
//   x0    f64 ()  read
//   rate  f64 ()  read
//   v0    f64 ()  written
//   x2    f64 ()  read
//   v1    f64 ()  written
//
// One call: 8 flops; reads 32, writes 16 bytes.

CT_KERNEL void fused_2(const f64* CT_RESTRICT x1,
                       const f64* CT_RESTRICT x0,
                       const f64* CT_RESTRICT rate,
                       f64* CT_RESTRICT v0,
                       const f64* CT_RESTRICT x2,
                       f64* CT_RESTRICT v1)
{
    const f64 x1_0 = x1[0];
    const f64 x0_0 = x0[0];
    const f64 t0 = x1_0 * (1.0 - x0_0);
    const f64 rate_0 = rate[0];
    v0[0] = t0 * rate_0 - x1_0 * (rate_0 * x0_0);
    v1[0] = x2[0] + t0 * x0_0;
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
    const f64* constant0 = (const f64*)in[2];
    const f64* constant1 = (const f64*)in[3];
    f64* last = (f64*)out[0];
    f64* slope = (f64*)out[1];
    char* const work = (char*)workspace;
    f64* v0 = (f64*)(work + 0);
    f64* v1 = (f64*)(work + 832);
    // loop over steps        golden_structured.cpp:176
    const f64* x0_0 = x0;
    for (i64 t0 = 0; t0 < 100; ++t0) {
        f64* next0 = v0 + t0 * 1;
        fused_0(rate, x0_0, next0);
        x0_0 = next0;
    }
    copy_bytes((char*)last, (const char*)x0_0, 8);
    fused_1(x0, v0, v1);
    // loop over steps        golden_structured.cpp:176
    const f64* state0 = constant0;
    f64* next1 = (f64*)(work + 0 + 0);
    f64* spare0 = (f64*)(work + 0 + 64);
    const f64* state1 = constant1;
    f64* next2 = (f64*)(work + 0 + 128);
    f64* spare1 = (f64*)(work + 0 + 192);
    for (i64 t1 = 100; t1-- > 0;) {
        const f64* x0_1 = v1 + t1 * 1;
        fused_2(state0, x0_1, rate, next1, state1, next2);
        state0 = next1;
        next1 = spare0;
        spare0 = (f64*)state0;
        state1 = next2;
        next2 = spare1;
        spare1 = (f64*)state1;
    }
    copy_bytes((char*)slope, (const char*)state1, 8);
    (void)rt;
    (void)extents;
    (void)report;
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    (void)extents;
    return 1664;
}
