// fused_0: y[i, j] = x[i, j] * scale[i] + 1        golden_pointwise.cpp:46
//
//   x      f32 (n, m)  read
//   scale  f32 (n)     read
//   y      f32 (n, m)  written
//
// One call: 2 n m flops; reads 4 n m + 4 n, writes 4 n m bytes.

CT_KERNEL void fused_0(i64 begin,
                       i64 end,
                       i64 m,
                       const f32* CT_RESTRICT x,
                       const f32* CT_RESTRICT scale,
                       f32* CT_RESTRICT y)
{
    for (i64 i = begin; i < end; ++i) {
        const f32 scale_i = scale[i];
        for (i64 j = 0; j < m; ++j) {
            y[i * m + j] = x[i * m + j] * scale_i + 1.0f;
        }
    }
}

// fused_0, in blocks on several threads where there is enough to do.
struct fused_0_arguments {
    i64 extent;
    i64 block;
    i64 m;
    const f32* x;
    const f32* scale;
    f32* y;
};

static void fused_0_block(void* context, i64 block)
{
    struct fused_0_arguments* arguments = (struct fused_0_arguments*)context;
    const i64 begin = block * arguments->block;
    const i64 rest = arguments->extent - begin;
    const i64 end = begin + (rest < arguments->block ? rest : arguments->block);
    fused_0(begin, end, arguments->m, arguments->x, arguments->scale, arguments->y);
}

CT_KERNEL void
all_fused_0(const struct ct_runtime* rt, i64 extent, i64 m, const f32* x, const f32* scale, f32* y)
{
    // Operations of an iteration, and iterations of a block.
    const i64 cost = m * 3;
    const i64 block = block_of(cost);
    if (extent <= block || cost * extent < 200000 || !rt || !rt->parallel_for) {
        fused_0(0, extent, m, x, scale, y);
        return;
    }
    struct fused_0_arguments arguments;
    arguments.extent = extent;
    arguments.block = block;
    arguments.m = m;
    arguments.x = x;
    arguments.scale = scale;
    arguments.y = y;
    rt->parallel_for(rt, fused_0_block, &arguments, block_count(extent, block));
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
    if (extents[3] != n) return guard_failed(report, 2, extents[3], n);
    if (extents[4] != m) return guard_failed(report, 3, extents[4], m);
    const f32* x = (const f32*)in[0];
    const f32* scale = (const f32*)in[1];
    f32* y = (f32*)out[0];
    all_fused_0(rt, n, m, x, scale, y);
    (void)workspace;
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    (void)extents;
    return 0;
}
