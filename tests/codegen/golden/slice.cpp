// fused_0: curvature[i] = u[i] - 2 * u[i + 1] + u[i + 2]        golden_pointwise.cpp:60
//
//   u          f64 (n)      read
//   curvature  f64 (n - 2)  written
//
// One call: 3 n - 6 flops; reads 8 n, writes 8 n - 16 bytes.

CT_KERNEL void fused_0(i64 begin, i64 end, const f64* CT_RESTRICT u, f64* CT_RESTRICT curvature)
{
    for (i64 i = begin; i < end; ++i) {
        curvature[i] = u[i] - 2.0 * u[i + 1] + u[i + 2];
    }
}

// fused_0, in blocks on several threads where there is enough to do.
struct fused_0_arguments {
    i64 extent;
    i64 block;
    const f64* u;
    f64* curvature;
};

static void fused_0_block(void* context, i64 block)
{
    struct fused_0_arguments* arguments = (struct fused_0_arguments*)context;
    const i64 begin = block * arguments->block;
    const i64 rest = arguments->extent - begin;
    const i64 end = begin + (rest < arguments->block ? rest : arguments->block);
    fused_0(begin, end, arguments->u, arguments->curvature);
}

CT_KERNEL void all_fused_0(const struct ct_runtime* rt, i64 extent, const f64* u, f64* curvature)
{
    // Operations of an iteration, and iterations of a block.
    const i64 cost = 4;
    const i64 block = block_of(cost);
    if (extent <= block || cost * extent < 200000 || !rt || !rt->parallel_for) {
        fused_0(0, extent, u, curvature);
        return;
    }
    struct fused_0_arguments arguments;
    arguments.extent = extent;
    arguments.block = block;
    arguments.u = u;
    arguments.curvature = curvature;
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
    if (n - 2 < 0) return guard_failed(report, 1, 0, n - 2);
    if (extents[1] != (n - 2)) return guard_failed(report, 2, extents[1], n - 2);
    const f64* u = (const f64*)in[0];
    f64* curvature = (f64*)out[0];
    all_fused_0(rt, n - 2, u, curvature);
    (void)workspace;
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    (void)extents;
    return 0;
}
