// fused_0        golden_pointwise.cpp:137
//
//   u0[i] = (key[i] ^ right_shift(key[i], 15)) * 739982445
//   slot[i] = mod(u0[i] ^ right_shift(u0[i], 12), 1024)
//
//   key   u32 (n)  read
//   slot  u32 (n)  written
//
// One call: 19 n flops; reads 4 n, writes 4 n bytes.

CT_KERNEL void fused_0(i64 begin, i64 end, const u32* CT_RESTRICT key, u32* CT_RESTRICT slot)
{
    for (i64 i = begin; i < end; ++i) {
        const u32 key_i = key[i];
        const u32 t0 = mul_u32(key_i ^ right_shift_u32(key_i, 15U), 739982445U);
        slot[i] = mod_u32(t0 ^ right_shift_u32(t0, 12U), 1024U);
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
    const u32* key = (const u32*)in[0];
    u32* slot = (u32*)out[0];
    fused_0(0, n, key, slot);
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
