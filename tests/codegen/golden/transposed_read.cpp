// fused_0: c[i, j] = a[i, j] - b[j, i]        golden_pointwise.cpp:53
//
//   a  f64 (n, m)  read
//   b  f64 (m, n)  read
//   c  f64 (n, m)  written
//
// One call: n m flops; reads 16 n m, writes 8 n m bytes.

CT_KERNEL void fused_0(i64 begin,
                       i64 end,
                       i64 m,
                       i64 n,
                       const f64* CT_RESTRICT a,
                       const f64* CT_RESTRICT b,
                       f64* CT_RESTRICT c)
{
    for (i64 i = begin; i < end; ++i) {
        for (i64 j = 0; j < m; ++j) {
            c[i * m + j] = a[i * m + j] - b[j * n + i];
        }
    }
}

// fused_0, in blocks on several threads where there is enough to do.
struct fused_0_arguments {
    i64 extent;
    i64 block;
    i64 m;
    i64 n;
    const f64* a;
    const f64* b;
    f64* c;
};

static void fused_0_block(void* context, i64 block)
{
    struct fused_0_arguments* arguments = (struct fused_0_arguments*)context;
    const i64 begin = block * arguments->block;
    const i64 rest = arguments->extent - begin;
    const i64 end = begin + (rest < arguments->block ? rest : arguments->block);
    fused_0(begin, end, arguments->m, arguments->n, arguments->a, arguments->b, arguments->c);
}

CT_KERNEL void all_fused_0(const struct ct_runtime* rt,
                           i64 extent,
                           i64 m,
                           i64 n,
                           const f64* a,
                           const f64* b,
                           f64* c)
{
    // Operations of an iteration, and iterations of a block.
    const i64 cost = m * 2;
    const i64 block = block_of(cost);
    if (extent <= block || cost * extent < 200000 || !rt || !rt->parallel_for) {
        fused_0(0, extent, m, n, a, b, c);
        return;
    }
    struct fused_0_arguments arguments;
    arguments.extent = extent;
    arguments.block = block;
    arguments.m = m;
    arguments.n = n;
    arguments.a = a;
    arguments.b = b;
    arguments.c = c;
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
    if (extents[2] != m) return guard_failed(report, 1, extents[2], m);
    if (extents[3] != n) return guard_failed(report, 2, extents[3], n);
    if (extents[4] != n) return guard_failed(report, 3, extents[4], n);
    if (extents[5] != m) return guard_failed(report, 4, extents[5], m);
    const f64* a = (const f64*)in[0];
    const f64* b = (const f64*)in[1];
    f64* c = (f64*)out[0];
    all_fused_0(rt, n, m, n, a, b, c);
    (void)workspace;
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    (void)extents;
    return 0;
}
