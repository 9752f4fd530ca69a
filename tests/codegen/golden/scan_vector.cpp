// matmul_0: v0[i] = tanh(sum_j(state[j] * w[j, i]) + drive[i])        golden_structured.cpp:226
//
//   state  f32 (16)      read
//   w      f32 (16, 16)  read
//   v0     f32 (16)      written
//   drive  f32 (16)      read
//
// One call: 896 flops; reads 1152, writes 64 bytes.

// What follows from the sums of rows i0 .. i1 and columns j0 .. j1.
CT_MATH void
matmul_0_finish(i64 i0, i64 i1, i64 j0, i64 j1, f32* CT_RESTRICT v0, const f32* CT_RESTRICT drive)
{
    for (i64 i = i0; i < i1; ++i) {
        for (i64 j = j0; j < j1; ++j) {
            const f32 v0_j = v0[j];
            v0[j] = tanh_f32(v0_j + drive[j]);
        }
    }
}

struct matmul_0_parts {
    const f32* state;
    const f32* w;
    f32* v0;
    const f32* drive;
};

static void matmul_0_tile(void* context, i64 t)
{
    const struct matmul_0_parts* s = (const struct matmul_0_parts*)context;
    (void)t;
    f32 acc[16] = {0};
    for (i64 p = 0; p < 16; ++p) {
        const f32 x = s->state[p];
        for (i64 j = 0; j < 16; ++j)
            acc[j] = fma_f32(x, s->w[p * 16 + j], acc[j]);
    }
    for (i64 j = 0; j < 16; ++j)
        s->v0[j] = acc[j];
    matmul_0_finish(0, 1, 0, 16, s->v0, s->drive);
}

CT_KERNEL void
matmul_0(const struct ct_runtime* rt, const f32* state, const f32* w, f32* v0, const f32* drive)
{
    struct matmul_0_parts s;
    s.state = state;
    s.w = w;
    s.v0 = v0;
    s.drive = drive;
    const i64 cost = 512;
    for_each_block(rt, matmul_0_tile, &s, 1, cost);
}

// Checks extents, then calls the kernels in order. Returns 0, or what failed.
CT_EXPORT i32 run(const struct ct_runtime* rt,
                  const void* const* in,
                  void* const* out,
                  const i64* extents,
                  void* workspace,
                  struct ct_report* report)
{
    const i64 steps = extents[0];
    if (extents[1] != 16) return guard_failed(report, 1, extents[1], 16);
    if (extents[2] != 16) return guard_failed(report, 2, extents[2], 16);
    if (extents[3] != 16) return guard_failed(report, 3, extents[3], 16);
    if (extents[4] != 16) return guard_failed(report, 4, extents[4], 16);
    if (extents[5] != steps) return guard_failed(report, 5, extents[5], steps);
    if (extents[6] != 16) return guard_failed(report, 6, extents[6], 16);
    const f32* drive = (const f32*)in[0];
    const f32* state = (const f32*)in[1];
    const f32* w = (const f32*)in[2];
    f32* states = (f32*)out[0];
    // loop over steps        golden_structured.cpp:226
    const f32* state_0 = state;
    for (i64 t0 = 0; t0 < steps; ++t0) {
        const f32* drive_0 = drive + t0 * 16;
        f32* next0 = states + t0 * 16;
        matmul_0(0, state_0, w, next0, drive_0);
        state_0 = next0;
    }
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
