// fused_0: y[i, j] = x[i, 7 - j]        golden_pointwise.cpp:66
//
//   x  f32 (n, 8)  read
//   y  f32 (n, 8)  written
//
// One call reads 32 n, writes 32 n bytes.

CT_KERNEL void fused_0(i64 begin, i64 end, const f32* CT_RESTRICT x, f32* CT_RESTRICT y)
{
    for (i64 i = begin; i < end; ++i) {
        for (i64 j = 0; j < 8; ++j) {
            y[i * 8 + j] = x[i * 8 - j + 7];
        }
    }
}

// Outputs larger than the caches are written past them, by way of blocks on the stack.
CT_KERNEL void stream_fused_0(i64 begin, i64 end, i64 extent, const f32* x, f32* y)
{
    if (!passes_caches(y, extent * 32)) {
        fused_0(begin, end, x, y);
        return;
    }
    CT_ALIGNED char y_memory[1024];
    const u64 y_block = (u64)y_memory;
    for (i64 i = begin; i < end; i += 32) {
        const i64 stop = end - i < 32 ? end : i + 32;
        fused_0(i, stop, x, (f32*)(y_block - i * 32));
        stream_bytes((char*)y + i * 32, y_memory, (stop - i) * 32);
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
    if (extents[1] != 8) return guard_failed(report, 1, extents[1], 8);
    if (extents[2] != n) return guard_failed(report, 2, extents[2], n);
    if (extents[3] != 8) return guard_failed(report, 3, extents[3], 8);
    const f32* x = (const f32*)in[0];
    f32* y = (f32*)out[0];
    stream_fused_0(0, n, n, x, y);
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
