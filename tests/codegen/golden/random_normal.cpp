// fused_0: noisy[i] = x[i] + 0.1 * philox_normal(i, u64(key))        golden_structured.cpp:168
//
//   x      f32 (n)  read
//   key    i64 ()   read
//   noisy  f32 (n)  written
//
// One call: 67 n + 2 flops; reads 4 n + 8, writes 4 n bytes.

CT_KERNEL void fused_0(i64 begin,
                       i64 end,
                       const f32* CT_RESTRICT x,
                       const i64* CT_RESTRICT key,
                       f32* CT_RESTRICT noisy)
{
    const u64 t0 = (u64)key[0];
    for (i64 i = begin; i < end; ++i) {
        noisy[i] = x[i] + 0.1f * philox_normal_f32((u64)i, t0);
    }
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
    const i64* key = (const i64*)in[0];
    const f32* x = (const f32*)in[1];
    f32* noisy = (f32*)out[0];
    fused_0(0, n, x, key, noisy);
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
