// fused_0        golden_structured.cpp:49
//
//   mean[i] = sum_j(x[i, j]) / f64(m)
//   variance[i] = sum_j(square(x[i, j] - mean[i])) / f64(m)
//
//   x         f64 (n, m)  read
//   mean      f64 (n)     written
//   variance  f64 (n)     written
//
// One call: 4 n m + 12 n + 2 flops; reads 8 n m, writes 16 n bytes.

CT_KERNEL void fused_0(i64 begin,
                       i64 end,
                       i64 m,
                       const f64* CT_RESTRICT x,
                       f64* CT_RESTRICT mean,
                       f64* CT_RESTRICT variance)
{
    const f64 t0 = (f64)m;
    for (i64 i = begin; i < end; ++i) {
        f64 sum[16] = {0};
        const i64 full = m - m % 16;
        for (i64 part = 0; part < full; part += 16384) {
            const i64 part_end = min_i64(part + 16384, full);
            f64 part_sum[16] = {0};
            for (i64 j0 = part; j0 < part_end; j0 += 16) {
                CT_LANES
                for (i64 l = 0; l < 16; ++l) {
                    const i64 j = j0 + l;
                    part_sum[l] += x[i * m + j];
                }
            }
            CT_LANES
            for (i64 l = 0; l < 16; ++l)
                sum[l] += part_sum[l];
        }
        for (i64 l = 0; l < m - full; ++l) {
            const i64 j = full + l;
            sum[l] += x[i * m + j];
        }
        const f64 t1 = sum_lanes_f64(sum);
        mean[i] = t1 / t0;
        const f64 mean_i = t1 / t0;
        f64 sum2[16] = {0};
        const i64 full2 = m - m % 16;
        for (i64 part = 0; part < full2; part += 16384) {
            const i64 part_end = min_i64(part + 16384, full2);
            f64 part_sum2[16] = {0};
            for (i64 j0 = part; j0 < part_end; j0 += 16) {
                CT_LANES
                for (i64 l = 0; l < 16; ++l) {
                    const i64 j = j0 + l;
                    part_sum2[l] += square_f64(x[i * m + j] - mean_i);
                }
            }
            CT_LANES
            for (i64 l = 0; l < 16; ++l)
                sum2[l] += part_sum2[l];
        }
        for (i64 l = 0; l < m - full2; ++l) {
            const i64 j = full2 + l;
            sum2[l] += square_f64(x[i * m + j] - mean_i);
        }
        variance[i] = sum_lanes_f64(sum2) / t0;
    }
}

// Outputs larger than the caches are written past them, by way of blocks on the stack.
CT_KERNEL void
stream_fused_0(i64 begin, i64 end, i64 extent, i64 m, const f64* x, f64* mean, f64* variance)
{
    if (!passes_caches(mean, extent * 8) || !passes_caches(variance, extent * 8)) {
        fused_0(begin, end, m, x, mean, variance);
        return;
    }
    CT_ALIGNED char mean_memory[512];
    CT_ALIGNED char variance_memory[512];
    const u64 mean_block = (u64)mean_memory;
    const u64 variance_block = (u64)variance_memory;
    for (i64 i = begin; i < end; i += 64) {
        const i64 stop = end - i < 64 ? end : i + 64;
        fused_0(i, stop, m, x, (f64*)(mean_block - i * 8), (f64*)(variance_block - i * 8));
        stream_bytes((char*)mean + i * 8, mean_memory, (stop - i) * 8);
        stream_bytes((char*)variance + i * 8, variance_memory, (stop - i) * 8);
    }
    stream_end();
}

// fused_0, in blocks on several threads where there is enough to do.
struct fused_0_arguments {
    i64 extent;
    i64 block;
    i64 m;
    const f64* x;
    f64* mean;
    f64* variance;
};

static void fused_0_block(void* context, i64 block)
{
    struct fused_0_arguments* arguments = (struct fused_0_arguments*)context;
    const i64 begin = block * arguments->block;
    const i64 rest = arguments->extent - begin;
    const i64 end = begin + (rest < arguments->block ? rest : arguments->block);
    stream_fused_0(begin, end, arguments->extent, arguments->m, arguments->x, arguments->mean,
                   arguments->variance);
}

CT_KERNEL void
all_fused_0(const struct ct_runtime* rt, i64 extent, i64 m, const f64* x, f64* mean, f64* variance)
{
    // Operations of an iteration, and iterations of a block.
    const i64 cost = m * 17;
    const i64 block = block_of(cost);
    if (extent <= block || cost * extent < 200000 || !rt || !rt->parallel_for) {
        stream_fused_0(0, extent, extent, m, x, mean, variance);
        return;
    }
    struct fused_0_arguments arguments;
    arguments.extent = extent;
    arguments.block = block;
    arguments.m = m;
    arguments.x = x;
    arguments.mean = mean;
    arguments.variance = variance;
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
    if (extents[2] != n) return guard_failed(report, 1, extents[2], n);
    if (extents[3] != n) return guard_failed(report, 2, extents[3], n);
    const f64* x = (const f64*)in[0];
    f64* mean = (f64*)out[0];
    f64* variance = (f64*)out[1];
    all_fused_0(rt, n, m, x, mean, variance);
    (void)workspace;
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    (void)extents;
    return 0;
}
