// fused_0: z[i] = sqrt(square(x[i]) + square(y[i])) * exp(-x[i])        golden_pointwise.cpp:26
//
//   x  f32 (n)  read
//   y  f32 (n)  read
//   z  f32 (n)  written
//
// One call: 28 n flops; reads 8 n, writes 4 n bytes.

CT_KERNEL void
fused_0(i64 begin, i64 end, const f32* CT_RESTRICT x, const f32* CT_RESTRICT y, f32* CT_RESTRICT z)
{
    for (i64 i = begin; i < end; ++i) {
        const f32 x_i = x[i];
        z[i] = sqrt_f32(square_f32(x_i) + square_f32(y[i])) * exp_f32(-x_i);
    }
}

// fused_0, in blocks on several threads where there is enough to do.
struct fused_0_arguments {
    i64 extent;
    i64 block;
    const f32* x;
    const f32* y;
    f32* z;
};

static void fused_0_block(void* context, i64 block)
{
    struct fused_0_arguments* arguments = (struct fused_0_arguments*)context;
    const i64 begin = block * arguments->block;
    const i64 rest = arguments->extent - begin;
    const i64 end = begin + (rest < arguments->block ? rest : arguments->block);
    fused_0(begin, end, arguments->x, arguments->y, arguments->z);
}

CT_KERNEL void
all_fused_0(const struct ct_runtime* rt, i64 extent, const f32* x, const f32* y, f32* z)
{
    // Operations of an iteration, and iterations of a block.
    const i64 cost = 29;
    const i64 block = block_of(cost);
    if (extent <= block || cost * extent < 200000 || !rt || !rt->parallel_for) {
        fused_0(0, extent, x, y, z);
        return;
    }
    struct fused_0_arguments arguments;
    arguments.extent = extent;
    arguments.block = block;
    arguments.x = x;
    arguments.y = y;
    arguments.z = z;
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
    if (extents[1] != n) return guard_failed(report, 1, extents[1], n);
    if (extents[2] != n) return guard_failed(report, 2, extents[2], n);
    const f32* x = (const f32*)in[0];
    const f32* y = (const f32*)in[1];
    f32* z = (f32*)out[0];
    all_fused_0(rt, n, x, y, z);
    (void)workspace;
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    (void)extents;
    return 0;
}
