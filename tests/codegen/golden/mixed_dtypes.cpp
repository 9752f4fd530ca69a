// fused_0: y[i] = f64(f32(count[i]) * weight[i]) + offset[i]        golden_pointwise.cpp:158
//
//   count   i32 (n)  read
//   weight  f32 (n)  read
//   offset  f64 (n)  read
//   y       f64 (n)  written
//
// One call: 6 n flops; reads 16 n, writes 8 n bytes.

CT_KERNEL void fused_0(i64 begin,
                       i64 end,
                       const i32* CT_RESTRICT count,
                       const f32* CT_RESTRICT weight,
                       const f64* CT_RESTRICT offset,
                       f64* CT_RESTRICT y)
{
    for (i64 i = begin; i < end; ++i) {
        y[i] = (f64)((f32)count[i] * weight[i]) + offset[i];
    }
}

// Outputs larger than the caches are written past them, by way of blocks on the stack.
CT_KERNEL void stream_fused_0(i64 begin,
                              i64 end,
                              i64 extent,
                              const i32* count,
                              const f32* weight,
                              const f64* offset,
                              f64* y)
{
    if (!passes_caches(y, extent * 8)) {
        fused_0(begin, end, count, weight, offset, y);
        return;
    }
    CT_ALIGNED char y_memory[1024];
    const u64 y_block = (u64)y_memory;
    for (i64 i = begin; i < end; i += 128) {
        const i64 stop = end - i < 128 ? end : i + 128;
        fused_0(i, stop, count, weight, offset, (f64*)(y_block - i * 8));
        stream_bytes((char*)y + i * 8, y_memory, (stop - i) * 8);
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
    const i32* count = (const i32*)in[0];
    const f32* weight = (const f32*)in[1];
    const f64* offset = (const f64*)in[2];
    f64* y = (f64*)out[0];
    stream_fused_0(0, n, n, count, weight, offset, y);
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
