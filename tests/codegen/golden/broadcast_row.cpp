// fused_0: y[i, j] = tanh(x[i, j] + b[j])        golden_pointwise.cpp:39
//
//   x  f32 (n0, n1)  read
//   b  f32 (n1)      read
//   y  f32 (n0, n1)  written
//
// One call: 24 n0 n1 flops; reads 4 n0 n1 + 4 n1, writes 4 n0 n1 bytes.

CT_KERNEL void fused_0(i64 begin,
                       i64 end,
                       i64 n1,
                       const f32* CT_RESTRICT x,
                       const f32* CT_RESTRICT b,
                       f32* CT_RESTRICT y)
{
    for (i64 i = begin; i < end; ++i) {
        for (i64 j = 0; j < n1; ++j) {
            y[i * n1 + j] = tanh_f32(x[i * n1 + j] + b[j]);
        }
    }
}

// fused_0, in blocks on several threads where there is enough to do.
struct fused_0_arguments {
    i64 extent;
    i64 block;
    i64 n1;
    const f32* x;
    const f32* b;
    f32* y;
};

static void fused_0_block(void* context, i64 block)
{
    struct fused_0_arguments* arguments = (struct fused_0_arguments*)context;
    const i64 begin = block * arguments->block;
    const i64 rest = arguments->extent - begin;
    const i64 end = begin + (rest < arguments->block ? rest : arguments->block);
    fused_0(begin, end, arguments->n1, arguments->x, arguments->b, arguments->y);
}

CT_KERNEL void
all_fused_0(const struct ct_runtime* rt, i64 extent, i64 n1, const f32* x, const f32* b, f32* y)
{
    // Operations of an iteration, and iterations of a block.
    const i64 cost = n1 * 25;
    const i64 block = block_of(cost);
    if (extent <= block || cost * extent < 200000 || !rt || !rt->parallel_for) {
        fused_0(0, extent, n1, x, b, y);
        return;
    }
    struct fused_0_arguments arguments;
    arguments.extent = extent;
    arguments.block = block;
    arguments.n1 = n1;
    arguments.x = x;
    arguments.b = b;
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
    const i64 n0 = extents[0];
    const i64 n1 = extents[1];
    if (extents[2] != n1) return guard_failed(report, 1, extents[2], n1);
    if (extents[3] != n0) return guard_failed(report, 2, extents[3], n0);
    if (extents[4] != n1) return guard_failed(report, 3, extents[4], n1);
    const f32* x = (const f32*)in[0];
    const f32* b = (const f32*)in[1];
    f32* y = (f32*)out[0];
    all_fused_0(rt, n0, n1, x, b, y);
    (void)workspace;
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    (void)extents;
    return 0;
}
