// fused_0        golden_structured.cpp:61
//
//   u0[i] = where(abs(max_j(x[i, j])) < inf, max_j(x[i, j]), 0)
//   y[i] = log(sum_j(exp(x[i, j] - u0[i]))) + u0[i]
//
//   x  f32 (n, m)  read
//   y  f32 (n)     written
//
// One call: 69 n m + 120 n flops; reads 4 n m, writes 4 n bytes.

CT_KERNEL void fused_0(i64 begin, i64 end, i64 m, const f32* CT_RESTRICT x, f32* CT_RESTRICT y)
{
    for (i64 i = begin; i < end; ++i) {
        f32 max[32];
        for (i64 l = 0; l < 32; ++l)
            max[l] = -__builtin_inff();
        for (i64 j0 = 0; j0 < m; j0 += 32) {
            const i64 lanes = m - j0 < 32 ? m - j0 : 32;
            for (i64 l = 0; l < lanes; ++l) {
                const i64 j = j0 + l;
                max[l] = max_f32(max[l], x[i * m + j]);
            }
        }
        const f32 t0 = max_lanes_f32(max);
        const f32 t1 = abs_f32(t0) < __builtin_inff() ? t0 : 0.0f;
        f32 sum[32] = {0};
        for (i64 j0 = 0; j0 < m; j0 += 32) {
            const i64 lanes = m - j0 < 32 ? m - j0 : 32;
            for (i64 l = 0; l < lanes; ++l) {
                const i64 j = j0 + l;
                sum[l] += exp_f32(x[i * m + j] - t1);
            }
        }
        y[i] = log_f32(sum_lanes_f32(sum)) + (abs_f32(t0) < __builtin_inff() ? t0 : 0.0f);
    }
}

struct fused_0_arguments {
    i64 extent, block;
    i64 m;
    const f32* x;
    f32* y;
};

static void fused_0_block(void* context, i64 block)
{
    struct fused_0_arguments* arguments = (struct fused_0_arguments*)context;
    const i64 begin = block * arguments->block;
    const i64 rest = arguments->extent - begin;
    const i64 end = begin + (rest < arguments->block ? rest : arguments->block);
    fused_0(begin, end, arguments->m, arguments->x, arguments->y);
}

static void all_fused_0(const struct ct_runtime* rt, i64 extent, i64 m, const f32* x, f32* y)
{
    const i64 cost = m * 188; // operations of an iteration
    const i64 block = block_of(cost);
    if (extent <= block || cost * extent < 200000 || !rt || !rt->parallel_for) {
        fused_0(0, extent, m, x, y);
        return;
    }
    struct fused_0_arguments arguments = {extent, block, m, x, y};
    rt->parallel_for(rt, fused_0_block, &arguments, block_count(extent, block));
}

// Checks extents, then calls the kernels in order. Returns 0, or what failed.
CT_EXPORT i32 run(const struct ct_runtime* rt, const void* const* in, void* const* out,
                  const i64* extents, void* workspace, struct ct_report* report)
{
    const i64 n = extents[0];
    const i64 m = extents[1];
    if (extents[2] != n) return guard_failed(report, 1, extents[2], n);
    const f32* x = (const f32*)in[0];
    f32* y = (f32*)out[0];
    (void)workspace;
    all_fused_0(rt, n, m, x, y);
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    (void)extents;
    return 0;
}
