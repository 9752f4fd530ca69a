// fused_0        golden_pointwise.cpp:137
//
//   u0[i] = (key[i] ^ right_shift(key[i], 15)) * 739982445
//   slot[i] = mod(u0[i] ^ right_shift(u0[i], 12), 1024)
//
//   key   u32 (n)  read
//   slot  u32 (n)  written
//
// One call: 18 n flops; reads 4 n, writes 4 n bytes.

CT_KERNEL void fused_0(i64 begin, i64 end, const u32* CT_RESTRICT key, u32* CT_RESTRICT slot)
{
    for (i64 i = begin; i < end; ++i) {
        const u32 key_i = key[i];
        const u32 t0 = mul_u32(key_i ^ right_shift_u32(key_i, 15U), 739982445U);
        slot[i] = mod_u32(t0 ^ right_shift_u32(t0, 12U), 1024U);
    }
}

// Outputs larger than the caches are written past them, by way of blocks on the stack.
CT_KERNEL void stream_fused_0(i64 begin, i64 end, i64 extent, const u32* key, u32* slot)
{
    if (!passes_caches(slot, extent * 4)) {
        fused_0(begin, end, key, slot);
        return;
    }
    CT_ALIGNED char slot_memory[1024];
    const u64 slot_block = (u64)slot_memory;
    for (i64 i = begin; i < end; i += 256) {
        const i64 stop = end - i < 256 ? end : i + 256;
        fused_0(i, stop, key, (u32*)(slot_block - i * 4));
        stream_bytes((char*)slot + i * 4, slot_memory, (stop - i) * 4);
    }
    stream_end();
}

// fused_0, in blocks on several threads where there is enough to do.
struct fused_0_arguments {
    i64 extent;
    i64 block;
    const u32* key;
    u32* slot;
};

static void fused_0_block(void* context, i64 block)
{
    struct fused_0_arguments* arguments = (struct fused_0_arguments*)context;
    const i64 begin = block * arguments->block;
    const i64 rest = arguments->extent - begin;
    const i64 end = begin + (rest < arguments->block ? rest : arguments->block);
    stream_fused_0(begin, end, arguments->extent, arguments->key, arguments->slot);
}

CT_KERNEL void all_fused_0(const struct ct_runtime* rt, i64 extent, const u32* key, u32* slot)
{
    // Operations of an iteration, and iterations of a block.
    const i64 cost = 19;
    const i64 block = block_of(cost);
    if (extent <= block || cost * extent < 200000 || !rt || !rt->parallel_for) {
        stream_fused_0(0, extent, extent, key, slot);
        return;
    }
    struct fused_0_arguments arguments;
    arguments.extent = extent;
    arguments.block = block;
    arguments.key = key;
    arguments.slot = slot;
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
    if (extents[1] != n) return guard_failed(report, 1, extents[1], n);
    const u32* key = (const u32*)in[0];
    u32* slot = (u32*)out[0];
    all_fused_0(rt, n, key, slot);
    (void)workspace;
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    (void)extents;
    return 0;
}
