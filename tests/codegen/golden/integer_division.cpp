// fused_0        golden_pointwise.cpp:143
//
//   quotient[i] = floor_div(a[i], b[i])
//   rest[i] = mod(a[i], b[i])
//
//   a         i64 (n)  read
//   b         i64 (n)  read
//   quotient  i64 (n)  written
//   rest      i64 (n)  written
//
// One call: 13 n flops; reads 16 n, writes 16 n bytes.

CT_KERNEL void fused_0(i64 begin,
                       i64 end,
                       const i64* CT_RESTRICT a,
                       const i64* CT_RESTRICT b,
                       i64* CT_RESTRICT quotient,
                       i64* CT_RESTRICT rest)
{
    for (i64 i = begin; i < end; ++i) {
        const i64 a_i = a[i];
        const i64 b_i = b[i];
        quotient[i] = floor_div_i64(a_i, b_i);
        rest[i] = mod_i64(a_i, b_i);
    }
}

// Outputs larger than the caches are written past them, by way of blocks on the stack.
CT_KERNEL void
stream_fused_0(i64 begin, i64 end, i64 extent, const i64* a, const i64* b, i64* quotient, i64* rest)
{
    if (!passes_caches(quotient, extent * 8) || !passes_caches(rest, extent * 8)) {
        fused_0(begin, end, a, b, quotient, rest);
        return;
    }
    CT_ALIGNED char quotient_memory[512];
    CT_ALIGNED char rest_memory[512];
    const u64 quotient_block = (u64)quotient_memory;
    const u64 rest_block = (u64)rest_memory;
    for (i64 i = begin; i < end; i += 64) {
        const i64 stop = end - i < 64 ? end : i + 64;
        fused_0(i, stop, a, b, (i64*)(quotient_block - i * 8), (i64*)(rest_block - i * 8));
        stream_bytes((char*)quotient + i * 8, quotient_memory, (stop - i) * 8);
        stream_bytes((char*)rest + i * 8, rest_memory, (stop - i) * 8);
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
    const i64* a = (const i64*)in[0];
    const i64* b = (const i64*)in[1];
    i64* quotient = (i64*)out[0];
    i64* rest = (i64*)out[1];
    stream_fused_0(0, n, n, a, b, quotient, rest);
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
