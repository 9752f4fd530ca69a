// fused_0        golden_structured.cpp:190
//
//   v0[i, j] = drive if i < 1, else u[i - 1, j] + 0.5 * (u[i, j] - u[i - 1, j])
//
//   drive  f64 ()      read
//   u      f64 (n, m)  read
//   v0     f64 (n, m)  written
//
// One call: 3 n m flops; reads 8 n m + 8, writes 8 n m bytes.

CT_KERNEL void fused_0(i64 begin,
                       i64 end,
                       i64 n,
                       i64 m,
                       const f64* CT_RESTRICT drive,
                       const f64* CT_RESTRICT u,
                       f64* CT_RESTRICT v0)
{
    for (i64 i = begin; i < end; ++i) {
        const b8 inside0 = i < 1;
        const f64 drive_0 = inside0 ? drive[0] : 0.0;
        const b8 inside1 = 0 <= i - 1 && i - 1 < n - 1;
        for (i64 j = 0; j < m; ++j) {
            const f64 u_ij = inside1 ? u[i * m + j - m] : 0.0;
            const f64 t0 = u_ij + 0.5 * ((inside1 ? u[i * m + j] : 0.0) - u_ij);
            v0[i * m + j] = inside0 ? drive_0 : t0;
        }
    }
}

// The rows begin .. end of some steps, in blocks of rows.
CT_KERNEL void pass_0(i64 begin,
                      i64 end,
                      i64 begin_slope,
                      i64 end_slope,
                      i64 steps0,
                      const f64* drive,
                      const f64* const* u_1,
                      f64* const* to0,
                      i64 t0,
                      i64 m,
                      i64 n)
{
    const i64 block = max_i64(1, floor_div_i64(262144, m * 16) - 16);
    for (i64 row0 = begin; row0 < end + (steps0 - 1) * (1 + max_i64(end_slope, 0)); row0 += block) {
        for (i64 s0 = 0; s0 < steps0; ++s0) {
            const f64* drive_0 = drive + (t0 + s0) * 1;
            const i64 first0 = max_i64(row0 - s0, begin + s0 * begin_slope);
            const i64 end0 = min_i64(row0 - s0 + block, end + s0 * end_slope);
            fused_0(first0, end0, n, m, drive_0, u_1[s0], to0[s0]);
        }
    }
}

// pass_0, in parts on several threads.
struct pass_0_arguments {
    i64 extent;
    i64 block;
    i64 steps0;
    const f64* drive;
    const f64* const* u_1;
    f64* const* to0;
    i64 t0;
    i64 m;
    i64 n;
};

static void part_of_pass_0(void* context, i64 part)
{
    const struct pass_0_arguments* arguments = (struct pass_0_arguments*)context;
    const i64 last = arguments->extent / arguments->block - 1;
    const i64 begin = part * arguments->block;
    const i64 end = part < last ? begin + arguments->block : arguments->extent;
    pass_0(begin, end, part > 0 ? 1 : 0, part < last ? -1 : 0, arguments->steps0, arguments->drive,
           arguments->u_1, arguments->to0, arguments->t0, arguments->m, arguments->n);
}

static void seam_of_pass_0(void* context, i64 seam)
{
    const struct pass_0_arguments* arguments = (struct pass_0_arguments*)context;
    const i64 row = (seam + 1) * arguments->block;
    pass_0(row, row, -1, 1, arguments->steps0, arguments->drive, arguments->u_1, arguments->to0,
           arguments->t0, arguments->m, arguments->n);
}

CT_KERNEL void all_pass_0(const struct ct_runtime* rt,
                          i64 steps0,
                          const f64* drive,
                          const f64* const* u_1,
                          f64* const* to0,
                          i64 t0,
                          i64 m,
                          i64 n)
{
    struct pass_0_arguments arguments;
    arguments.extent = n;
    arguments.block = max_i64(floor_div_i64(n + 63, 64), 64);
    if (arguments.extent < 2 * arguments.block || !rt || !rt->parallel_for) {
        pass_0(0, n, 0, 0, steps0, drive, u_1, to0, t0, m, n);
        return;
    }
    arguments.steps0 = steps0;
    arguments.drive = drive;
    arguments.u_1 = u_1;
    arguments.to0 = to0;
    arguments.t0 = t0;
    arguments.m = m;
    arguments.n = n;
    rt->parallel_for(rt, part_of_pass_0, &arguments, arguments.extent / arguments.block);
    rt->parallel_for(rt, seam_of_pass_0, &arguments, arguments.extent / arguments.block - 1);
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
    const i64 steps = extents[2];
    if (n < 1) return guard_failed(report, 1, 1, n);
    if (floor_div_i64(281474976710656, max_i64(n * m, 1)) < steps)
        return guard_failed(report, 2, steps, floor_div_i64(281474976710656, max_i64(n * m, 1)));
    if (extents[3] != n) return guard_failed(report, 3, extents[3], n);
    if (extents[4] != m) return guard_failed(report, 4, extents[4], m);
    const f64* u = (const f64*)in[0];
    const f64* drive = (const f64*)in[1];
    f64* last = (f64*)out[0];
    char* const work = (char*)workspace;
    // loop over steps, some at a time in blocks of rows        golden_structured.cpp:187
    const f64* u_0 = u;
    f64* next0 = (f64*)(work + 0 + 0);
    f64* spare0 = (f64*)(work + 0 + floor_div_i64(n * m * 8 + 63, 64) * 64);
    for (i64 t0 = 0; t0 < steps; t0 += 16) {
        const i64 steps0 = min_i64(16, steps - t0);
        const f64* u_1[16];
        f64* to0[16];
        for (i64 s1 = 0; s1 < steps0; ++s1) {
            u_1[s1] = u_0;
            to0[s1] = next0;
            u_0 = next0;
            next0 = spare0;
            spare0 = (f64*)u_0;
        }
        all_pass_0(rt, steps0, drive, u_1, to0, t0, m, n);
    }
    copy_bytes((char*)last, (const char*)u_0, n * m * 8);
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    const i64 n = extents[0];
    const i64 m = extents[1];
    const i64 steps = extents[2];
    if (n < 1) return 0;
    if (floor_div_i64(281474976710656, max_i64(n * m, 1)) < steps) return 0;
    const i64 end0 = 0 + align_64(floor_div_i64(n * m * 8 + 63, 64) * 128);
    return end0;
}
