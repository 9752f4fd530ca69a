// fused_0: distance[i] = sqrt(sum_j(square(points[i, j])))        golden_structured.cpp:43
//
//   points    f64 (n, 3)  read
//   distance  f64 (n)     written
//
// One call: 7 n flops; reads 24 n, writes 8 n bytes.

CT_KERNEL void fused_0(i64 begin, i64 end, const f64* CT_RESTRICT points, f64* CT_RESTRICT distance)
{
    for (i64 i = begin; i < end; ++i) {
        f64 sum0 = 0.0;
        CT_UNROLL
        for (i64 j = 0; j < 3; ++j) {
            sum0 += square_f64(points[i * 3 + j]);
        }
        distance[i] = sqrt_f64(sum0);
    }
}

// Outputs larger than the caches are written past them, by way of blocks on the stack.
CT_KERNEL void stream_fused_0(i64 begin, i64 end, i64 extent, const f64* points, f64* distance)
{
    if (!passes_caches(distance, extent * 8)) {
        fused_0(begin, end, points, distance);
        return;
    }
    CT_ALIGNED char distance_memory[1024];
    const u64 distance_block = (u64)distance_memory;
    for (i64 i = begin; i < end; i += 128) {
        const i64 stop = end - i < 128 ? end : i + 128;
        fused_0(i, stop, points, (f64*)(distance_block - i * 8));
        stream_bytes((char*)distance + i * 8, distance_memory, (stop - i) * 8);
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
    if (extents[1] != 3) return guard_failed(report, 1, extents[1], 3);
    if (extents[2] != n) return guard_failed(report, 2, extents[2], n);
    const f64* points = (const f64*)in[0];
    f64* distance = (f64*)out[0];
    stream_fused_0(0, n, n, points, distance);
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
