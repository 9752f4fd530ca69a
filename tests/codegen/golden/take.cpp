// fused_0: y[i, j] = table[word[i], j] * 8        golden_pointwise.cpp:85
//
//   word   i64 (n)         read
//   table  f32 (1000, 64)  read
//   y      f32 (n, 64)     written
//
// One call: 64 n flops; reads 8 n + 256000, writes 256 n bytes.

CT_KERNEL i32 fused_0(i64 begin,
                      i64 end,
                      const i64* CT_RESTRICT word,
                      const f32* CT_RESTRICT table,
                      f32* CT_RESTRICT y)
{
    i64 bad = 0;
    for (i64 i = begin; i < end; ++i) {
        const i64 at0 = checked_index(word[i], 1000, &bad);
        for (i64 j = 0; j < 64; ++j) {
            y[i * 64 + j] = table[j + at0 * 64] * 8.0f;
        }
    }
    return bad != 0;
}

// fused_0, in blocks on several threads where there is enough to do.
struct fused_0_arguments {
    i64 extent;
    i64 block;
    const i64* word;
    const f32* table;
    f32* y;
    i32 bad;
};

static void fused_0_block(void* context, i64 block)
{
    struct fused_0_arguments* arguments = (struct fused_0_arguments*)context;
    const i64 begin = block * arguments->block;
    const i64 rest = arguments->extent - begin;
    const i64 end = begin + (rest < arguments->block ? rest : arguments->block);
    if (fused_0(begin, end, arguments->word, arguments->table, arguments->y))
        __atomic_store_n(&arguments->bad, 1, __ATOMIC_RELAXED);
}

CT_KERNEL i32
all_fused_0(const struct ct_runtime* rt, i64 extent, const i64* word, const f32* table, f32* y)
{
    // Operations of an iteration, and iterations of a block.
    const i64 cost = 128;
    const i64 block = block_of(cost);
    if (extent <= block || cost * extent < 200000 || !rt || !rt->parallel_for) {
        return fused_0(0, extent, word, table, y);
    }
    struct fused_0_arguments arguments;
    arguments.extent = extent;
    arguments.block = block;
    arguments.word = word;
    arguments.table = table;
    arguments.y = y;
    arguments.bad = 0;
    rt->parallel_for(rt, fused_0_block, &arguments, block_count(extent, block));
    return arguments.bad;
}

// Checks extents, then calls the kernels in order. Returns 0, or what failed.
CT_EXPORT i32 run(const struct ct_runtime* rt,
                  const void* const* in,
                  void* const* out,
                  const i64* extents,
                  void* workspace,
                  struct ct_report* report)
{
    const i64 n = extents[2];
    if (extents[0] != 1000) return guard_failed(report, 1, extents[0], 1000);
    if (extents[1] != 64) return guard_failed(report, 2, extents[1], 64);
    if (extents[3] != n) return guard_failed(report, 3, extents[3], n);
    if (extents[4] != 64) return guard_failed(report, 4, extents[4], 64);
    const f32* table = (const f32*)in[0];
    const i64* word = (const i64*)in[1];
    f32* y = (f32*)out[0];
    if (all_fused_0(rt, n, word, table, y)) return index_failed(report, 1048576, 0);
    (void)workspace;
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    (void)extents;
    return 0;
}
