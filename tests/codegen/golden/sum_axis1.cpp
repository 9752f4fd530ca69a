// fused_0: total[i] = sum_j exp(x[i, j])        golden_structured.cpp:37
//
//   x      f32 (n, m)  read
//   total  f32 (n)     written
//
// One call: 67 n m flops; reads 4 n m, writes 4 n bytes.

CT_KERNEL void fused_0(i64 begin, i64 end, i64 m, const f32* CT_RESTRICT x, f32* CT_RESTRICT total)
{
    for (i64 i = begin; i < end; ++i) {
        f32 sum[32] = {0};
        for (i64 j0 = 0; j0 < m; j0 += 32) {
            const i64 lanes = m - j0 < 32 ? m - j0 : 32;
            for (i64 l = 0; l < lanes; ++l) {
                const i64 j = j0 + l;
                sum[l] += exp_f32(x[i * m + j]);
            }
        }
        total[i] = sum_lanes_f32(sum);
    }
}

struct fused_0_arguments {
    i64 extent, block;
    i64 m;
    const f32* x;
    f32* total;
};

static void fused_0_block(void* context, i64 block)
{
    struct fused_0_arguments* arguments = (struct fused_0_arguments*)context;
    const i64 begin = block * arguments->block;
    const i64 rest = arguments->extent - begin;
    const i64 end = begin + (rest < arguments->block ? rest : arguments->block);
    fused_0(begin, end, arguments->m, arguments->x, arguments->total);
}

static void all_fused_0(const struct ct_runtime* rt, i64 extent, i64 m, const f32* x, f32* total)
{
    const i64 cost = m * 67; // operations of an iteration
    const i64 block = block_of(cost);
    if (extent <= block || cost * extent < 200000 || !rt || !rt->parallel_for) {
        fused_0(0, extent, m, x, total);
        return;
    }
    struct fused_0_arguments arguments = {extent, block, m, x, total};
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
    f32* total = (f32*)out[0];
    (void)workspace;
    all_fused_0(rt, n, m, x, total);
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    (void)extents;
    return 0;
}
