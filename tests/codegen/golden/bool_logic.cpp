// fused_0: inside[i] = keep[i] & !((x[i] < 0) | (x[i] <= y[i]))        golden_pointwise.cpp:150
//
//   keep    bool (n)  read
//   x       f32 (n)   read
//   y       f32 (n)   read
//   inside  bool (n)  written
//
// One call: 2 n flops; reads 9 n, writes n bytes.

CT_KERNEL void fused_0(i64 begin,
                       i64 end,
                       const b8* CT_RESTRICT keep,
                       const f32* CT_RESTRICT x,
                       const f32* CT_RESTRICT y,
                       b8* CT_RESTRICT inside)
{
    for (i64 i = begin; i < end; ++i) {
        const f32 x_i = x[i];
        inside[i] = keep[i] & !((x_i < 0.0f) | (x_i <= y[i]));
    }
}

// Outputs larger than the caches are written past them, by way of blocks on the stack.
CT_KERNEL void stream_fused_0(i64 begin,
                              i64 end,
                              i64 extent,
                              const b8* keep,
                              const f32* x,
                              const f32* y,
                              b8* inside)
{
    if (!passes_caches(inside, extent * 1)) {
        fused_0(begin, end, keep, x, y, inside);
        return;
    }
    CT_ALIGNED char inside_memory[1024];
    const u64 inside_block = (u64)inside_memory;
    for (i64 i = begin; i < end; i += 1024) {
        const i64 stop = end - i < 1024 ? end : i + 1024;
        fused_0(i, stop, keep, x, y, (b8*)(inside_block - i * 1));
        stream_bytes((char*)inside + i * 1, inside_memory, (stop - i) * 1);
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
    if (extents[1] != n) return guard_failed(report, 1, extents[1], n);
    if (extents[2] != n) return guard_failed(report, 2, extents[2], n);
    if (extents[3] != n) return guard_failed(report, 3, extents[3], n);
    const f32* x = (const f32*)in[0];
    const f32* y = (const f32*)in[1];
    const b8* keep = (const b8*)in[2];
    b8* inside = (b8*)out[0];
    stream_fused_0(0, n, n, keep, x, y, inside);
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
