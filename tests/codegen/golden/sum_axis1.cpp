// fused_0: total[i] = sum_j exp(x[i, j])        golden_structured.cpp:37
//
//   x      f32 (n, m)  read
//   total  f32 (n)     written
//
// One call: 19 n m flops; reads 4 n m, writes 4 n bytes.

CT_KERNEL void fused_0(i64 begin, i64 end, i64 m, const f32* CT_RESTRICT x, f32* CT_RESTRICT total)
{
    for (i64 i = begin; i < end; ++i) {
        f32 sum[32] = {0};
        const i64 full = m - m % 32;
        for (i64 j0 = 0; j0 < full; j0 += 32) {
            for (i64 l = 0; l < 32; ++l) {
                const i64 j = j0 + l;
                sum[l] += exp_f32(x[i * m + j]);
            }
        }
        for (i64 l = 0; l < m - full; ++l) {
            const i64 j = full + l;
            sum[l] += exp_f32(x[i * m + j]);
        }
        total[i] = sum_lanes_f32(sum);
    }
}

// Outputs larger than the caches are written past them, by way of blocks on the stack.
CT_KERNEL void stream_fused_0(i64 begin, i64 end, i64 extent, i64 m, const f32* x, f32* total)
{
    if (!passes_caches(total, extent * 4)) {
        fused_0(begin, end, m, x, total);
        return;
    }
    CT_ALIGNED char total_memory[1024];
    const u64 total_block = (u64)total_memory;
    for (i64 i = begin; i < end; i += 256) {
        const i64 stop = end - i < 256 ? end : i + 256;
        fused_0(i, stop, m, x, (f32*)(total_block - i * 4));
        stream_bytes((char*)total + i * 4, total_memory, (stop - i) * 4);
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
    if (extents[2] != n) return guard_failed(report, 1, extents[2], n);
    const f32* x = (const f32*)in[0];
    f32* total = (f32*)out[0];
    stream_fused_0(0, n, n, m, x, total);
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
