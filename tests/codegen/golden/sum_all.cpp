// fused_0: partial[b] = sum_i(exp(x[i])) of block b        golden_structured.cpp:25
//
//   x        f32 (n)                read
//   partial  f32 (ceil(n / 16384))  written
//
// One call: 23 n flops; reads 4 n, writes 4 ceil(n / 16384) bytes.

CT_KERNEL void
fused_0(i64 begin, i64 end, i64 n, const f32* CT_RESTRICT x, f32* CT_RESTRICT partial)
{
    for (i64 i = begin; i < end; ++i) {
        const i64 count = min_i64(16384, n - i * 16384);
        f32 sum[32] = {0};
        const i64 full = count - count % 32;
        for (i64 j0 = 0; j0 < full; j0 += 32) {
            for (i64 l = 0; l < 32; ++l) {
                const i64 j = j0 + l;
                sum[l] += exp_f32(x[i * 16384 + j]);
            }
        }
        for (i64 l = 0; l < count - full; ++l) {
            const i64 j = full + l;
            sum[l] += exp_f32(x[i * 16384 + j]);
        }
        partial[i] = sum_lanes_f32(sum);
    }
}

// fused_0, in blocks on several threads where there is enough to do.
struct fused_0_arguments {
    i64 extent;
    i64 block;
    i64 n;
    const f32* x;
    f32* partial;
};

static void fused_0_block(void* context, i64 block)
{
    struct fused_0_arguments* arguments = (struct fused_0_arguments*)context;
    const i64 begin = block * arguments->block;
    const i64 rest = arguments->extent - begin;
    const i64 end = begin + (rest < arguments->block ? rest : arguments->block);
    fused_0(begin, end, arguments->n, arguments->x, arguments->partial);
}

CT_KERNEL void
all_fused_0(const struct ct_runtime* rt, i64 extent, i64 n, const f32* x, f32* partial)
{
    // Operations of an iteration, and iterations of a block.
    const i64 cost = min_i64(16384, n) * 23;
    const i64 block = block_of(cost);
    if (extent <= block || cost * extent < 200000 || !rt || !rt->parallel_for) {
        fused_0(0, extent, n, x, partial);
        return;
    }
    struct fused_0_arguments arguments;
    arguments.extent = extent;
    arguments.block = block;
    arguments.n = n;
    arguments.x = x;
    arguments.partial = partial;
    rt->parallel_for(rt, fused_0_block, &arguments, block_count(extent, block));
}

// fused_1: total = sum_i partial[i]        golden_structured.cpp:25
//
//   partial  f32 (ceil(n / 16384))  read
//   total    f32 ()                 written
//
// One call: ceil(n / 16384) flops; reads 4 ceil(n / 16384), writes 4 bytes.

CT_KERNEL void fused_1(i64 n, const f32* CT_RESTRICT partial, f32* CT_RESTRICT total)
{
    const i64 count = floor_div_i64(n + 16383, 16384);
    f32 sum[32] = {0};
    const i64 full = count - count % 32;
    for (i64 part = 0; part < full; part += 16384) {
        const i64 part_end = min_i64(part + 16384, full);
        f32 part_sum[32] = {0};
        for (i64 i0 = part; i0 < part_end; i0 += 32) {
            for (i64 l = 0; l < 32; ++l) {
                const i64 i = i0 + l;
                part_sum[l] += partial[i];
            }
        }
        CT_LANES
        for (i64 l = 0; l < 32; ++l)
            sum[l] += part_sum[l];
    }
    for (i64 l = 0; l < count - full; ++l) {
        const i64 i = full + l;
        sum[l] += partial[i];
    }
    total[0] = sum_lanes_f32(sum);
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
    const f32* x = (const f32*)in[0];
    f32* total = (f32*)out[0];
    char* const work = (char*)workspace;
    f32* partial = (f32*)(work + 0);
    all_fused_0(rt, floor_div_i64(n + 16383, 16384), n, x, partial);
    fused_1(n, partial, total);
    (void)report;
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    const i64 n = extents[0];
    const i64 end0 = 0 + align_64(floor_div_i64(n + 16383, 16384) * 4);
    return end0;
}
