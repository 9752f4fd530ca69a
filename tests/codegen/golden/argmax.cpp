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
        CT_UNROLL
        for (i64 j = 0; j < 10; ++j) {
            const f32 score_ij = score[i * 10 + j];
            if (!(score_ij <= best_0) & (best_0 == best_0)) {
                best_0 = score_ij;
                best_i = j;
            }
        }
        best[i] = best_i;
    }
}

// Outputs larger than the caches are written past them, by way of blocks on the stack.
CT_KERNEL void stream_fused_0(i64 begin, i64 end, i64 extent, const f32* score, i64* best)
{
    if (!passes_caches(best, extent * 8)) {
        fused_0(begin, end, score, best);
        return;
    }
    CT_ALIGNED char best_memory[1024];
    const u64 best_block = (u64)best_memory;
    for (i64 i = begin; i < end; i += 128) {
        const i64 stop = end - i < 128 ? end : i + 128;
        fused_0(i, stop, score, (i64*)(best_block - i * 8));
        stream_bytes((char*)best + i * 8, best_memory, (stop - i) * 8);
    }
    stream_end();
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
    if (extents[1] != 10) return guard_failed(report, 1, extents[1], 10);
    if (extents[2] != n) return guard_failed(report, 2, extents[2], n);
    const f32* score = (const f32*)in[0];
    i64* best = (i64*)out[0];
    stream_fused_0(0, n, n, score, best);
    (void)rt;
    (void)workspace;
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    (void)extents;
    return 0;
}
