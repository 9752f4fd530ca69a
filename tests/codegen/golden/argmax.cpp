// fused_0: best[i] = argmax_j score[i, j]        golden_structured.cpp:76
//
//   score  f32 (n, 10)  read
//   best   i64 (n)      written
//
// One call: 10 n flops; reads 40 n, writes 8 n bytes.

CT_KERNEL void fused_0(i64 begin, i64 end, const f32* CT_RESTRICT score, i64* CT_RESTRICT best)
{
    for (i64 i = begin; i < end; ++i) {
        f32 best_0 = -__builtin_inff();
        i64 best_i = 0;
        for (i64 j = 0; j < 10; ++j) {
            const f32 score_ij = score[i * 10 + j];
            if (score_ij > best_0 || (score_ij != score_ij && best_0 == best_0)) {
                best_0 = score_ij;
                best_i = j;
            }
        }
        best[i] = best_i;
    }
}

struct fused_0_arguments {
    i64 extent, block;
    const f32* score;
    i64* best;
};

static void fused_0_block(void* context, i64 block)
{
    struct fused_0_arguments* arguments = (struct fused_0_arguments*)context;
    const i64 begin = block * arguments->block;
    const i64 rest = arguments->extent - begin;
    const i64 end = begin + (rest < arguments->block ? rest : arguments->block);
    fused_0(begin, end, arguments->score, arguments->best);
}

static void all_fused_0(const struct ct_runtime* rt, i64 extent, const f32* score, i64* best)
{
    const i64 cost = 10; // operations of an iteration
    const i64 block = block_of(cost);
    if (extent <= block || cost * extent < 200000 || !rt || !rt->parallel_for) {
        fused_0(0, extent, score, best);
        return;
    }
    struct fused_0_arguments arguments = {extent, block, score, best};
    rt->parallel_for(rt, fused_0_block, &arguments, block_count(extent, block));
}

// Checks extents, then calls the kernels in order. Returns 0, or what failed.
CT_EXPORT i32 run(const struct ct_runtime* rt, const void* const* in, void* const* out,
                  const i64* extents, void* workspace, struct ct_report* report)
{
    const i64 n = extents[0];
    if (extents[1] != 10) return guard_failed(report, 1, extents[1], 10);
    if (extents[2] != n) return guard_failed(report, 2, extents[2], n);
    const f32* score = (const f32*)in[0];
    i64* best = (i64*)out[0];
    (void)workspace;
    all_fused_0(rt, n, score, best);
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    (void)extents;
    return 0;
}
