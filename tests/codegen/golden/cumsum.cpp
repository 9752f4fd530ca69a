// running_0: y[i, j] = sum_{k <= j} x[i, k]        golden_structured.cpp:82
//
//   x  f64 (n, m)  read
//   y  f64 (n, m)  written
//
// One call: n m flops; reads 8 n m, writes 8 n m bytes.

CT_KERNEL void running_0(i64 begin, i64 end, i64 m, const f64* CT_RESTRICT x, f64* CT_RESTRICT y)
{
    for (i64 i = begin; i < end; ++i) {
        f64 y_i = 0.0;
        for (i64 j = 0; j < m; ++j) {
            y_i += x[i * m + j];
            y[i * m + j] = y_i;
        }
    }
}

// running_0, in blocks on several threads where there is enough to do.
struct running_0_arguments {
    i64 extent;
    i64 block;
    i64 m;
    const f64* x;
    f64* y;
};

static void running_0_block(void* context, i64 block)
{
    struct running_0_arguments* arguments = (struct running_0_arguments*)context;
    const i64 begin = block * arguments->block;
    const i64 rest = arguments->extent - begin;
    const i64 end = begin + (rest < arguments->block ? rest : arguments->block);
    running_0(begin, end, arguments->m, arguments->x, arguments->y);
}

CT_KERNEL void all_running_0(const struct ct_runtime* rt, i64 extent, i64 m, const f64* x, f64* y)
{
    // Operations of an iteration, and iterations of a block.
    const i64 cost = m;
    const i64 block = block_of(cost);
    if (extent <= block || cost * extent < 200000 || !rt || !rt->parallel_for) {
        running_0(0, extent, m, x, y);
        return;
    }
    struct running_0_arguments arguments;
    arguments.extent = extent;
    arguments.block = block;
    arguments.m = m;
    arguments.x = x;
    arguments.y = y;
    rt->parallel_for(rt, running_0_block, &arguments, block_count(extent, block));
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
    if (extents[3] != m) return guard_failed(report, 2, extents[3], m);
    const f64* x = (const f64*)in[0];
    f64* y = (f64*)out[0];
    all_running_0(rt, n, m, x, y);
    (void)workspace;
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    (void)extents;
    return 0;
}
