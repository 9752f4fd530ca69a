// fused_0: most[i] = argmax_j count[i, j]        golden_structured.cpp:275
//
//   count  i32 (n, m)  read
//   most   i64 (n)     written
//
// One call: n m flops; reads 4 n m, writes 8 n bytes.

CT_KERNEL void
fused_0(i64 begin, i64 end, i64 m, const i32* CT_RESTRICT count, i64* CT_RESTRICT most)
{
    for (i64 i = begin; i < end; ++i) {
        i64 most_i;
        if (m < 16) {
            i64 at = 0;
            i64 best = (-9223372036854775807LL - 1);
            for (i64 j = 0; j < m; ++j) {
                const i32 count_ij = count[i * m + j];
                const i32 better = count_ij > best;
                best = max_i64(count_ij, best);
                at = better ? j : at;
            }
            most_i = at;
        } else {
            i64 at[16] = {0};
            i64 best[16];
            for (i64 l = 0; l < 16; ++l)
                best[l] = (-9223372036854775807LL - 1);
            for (i64 j0 = 0; j0 < m; j0 += 16) {
                const i64 from = min_i64(j0, m - 16);
                CT_LANES
                for (i64 l = 0; l < 16; ++l) {
                    const i64 j = from + l;
                    const i32 count_ij = count[i * m + j];
                    const i32 better = count_ij > best[l];
                    best[l] = max_i64(count_ij, best[l]);
                    at[l] = better ? j : at[l];
                }
            }
            most_i = argmax_lanes_i64(best, at);
        }
        most[i] = most_i;
    }
}

// Outputs larger than the caches are written past them, by way of blocks on the stack.
CT_KERNEL void stream_fused_0(i64 begin, i64 end, i64 extent, i64 m, const i32* count, i64* most)
{
    if (!passes_caches(most, extent * 8)) {
        fused_0(begin, end, m, count, most);
        return;
    }
    CT_ALIGNED char most_memory[1024];
    const u64 most_block = (u64)most_memory;
    for (i64 i = begin; i < end; i += 128) {
        const i64 stop = end - i < 128 ? end : i + 128;
        fused_0(i, stop, m, count, (i64*)(most_block - i * 8));
        stream_bytes((char*)most + i * 8, most_memory, (stop - i) * 8);
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
    const i32* count = (const i32*)in[0];
    i64* most = (i64*)out[0];
    stream_fused_0(0, n, n, m, count, most);
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
