// fused_0: best[i] = argmax_j score[i, j]        golden_structured.cpp:88
//
//   score  f32 (n, m)  read
//   best   i64 (n)     written
//
// One call: n m flops; reads 4 n m, writes 8 n bytes.

CT_KERNEL void
fused_0(i64 begin, i64 end, i64 m, const f32* CT_RESTRICT score, i64* CT_RESTRICT best)
{
    for (i64 i = begin; i < end; ++i) {
        i64 best_i;
        if (m < 16) {
            i64 at = 0;
            f32 best_0 = -__builtin_inff();
            for (i64 j = 0; j < m; ++j) {
                const f32 score_ij = score[i * m + j];
                const i32 better = !(score_ij <= best_0) & (best_0 == best_0);
                best_0 = max_f32(score_ij, best_0);
                at = better ? j : at;
            }
            best_i = at;
        } else {
            i64 at[16] = {0};
            f32 best_0[16];
            for (i64 l = 0; l < 16; ++l)
                best_0[l] = -__builtin_inff();
            for (i64 j0 = 0; j0 < m; j0 += 16) {
                const i64 from = min_i64(j0, m - 16);
                CT_LANES
                for (i64 l = 0; l < 16; ++l) {
                    const i64 j = from + l;
                    const f32 score_ij = score[i * m + j];
                    const i32 better = !(score_ij <= best_0[l]) & (best_0[l] == best_0[l]);
                    best_0[l] = max_f32(score_ij, best_0[l]);
                    at[l] = better ? j : at[l];
                }
            }
            best_i = argmax_lanes_f32(best_0, at);
        }
        best[i] = best_i;
    }
}

// Outputs larger than the caches are written past them, by way of blocks on the stack.
CT_KERNEL void stream_fused_0(i64 begin, i64 end, i64 extent, i64 m, const f32* score, i64* best)
{
    if (!passes_caches(best, extent * 8)) {
        fused_0(begin, end, m, score, best);
        return;
    }
    CT_ALIGNED char best_memory[1024];
    const u64 best_block = (u64)best_memory;
    for (i64 i = begin; i < end; i += 128) {
        const i64 stop = end - i < 128 ? end : i + 128;
        fused_0(i, stop, m, score, (i64*)(best_block - i * 8));
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
    const i64 m = extents[1];
    if (m < 1) return guard_failed(report, 1, 1, m);
    if (extents[2] != n) return guard_failed(report, 2, extents[2], n);
    const f32* score = (const f32*)in[0];
    i64* best = (i64*)out[0];
    stream_fused_0(0, n, n, m, score, best);
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
