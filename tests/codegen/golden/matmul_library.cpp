// matmul_0: v0[i, j] = sum_k x[i, k] * w[k, j]        golden_structured.cpp:138
//
//   x   f32 (n, 784)    read
//   w   f32 (784, 512)  read
//   v0  f32 (n, 512)    written
//
// One call: 802816 n flops; reads 3136 n + 1605632, writes 2048 n bytes.

CT_KERNEL void matmul_0(const struct ct_runtime* rt, i64 n, const f32* x, const f32* w, f32* v0)
{
    const struct ct_matrix left = {x, 0, 784, 1};
    const struct ct_matrix right = {w, 0, 512, 1};
    rt->gemm_f32(rt, 1, n, 512, 784, &left, &right, v0);
}

// fused_1: hidden[i, j] = relu(hidden[i, j] + b[j])        golden_structured.cpp:138
//
//   b       f32 (512)     read
//   hidden  f32 (n, 512)  read and written
//
// One call: 1536 n flops; reads 2048 n + 2048, writes 2048 n bytes.

CT_KERNEL void fused_1(i64 begin, i64 end, const f32* CT_RESTRICT b, f32* CT_RESTRICT hidden)
{
    for (i64 i = begin; i < end; ++i) {
        for (i64 j = 0; j < 512; ++j) {
            const f32 hidden_ij = hidden[i * 512 + j];
            hidden[i * 512 + j] = max_f32(hidden_ij + b[j], 0);
        }
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
    if (extents[1] != 784) return guard_failed(report, 1, extents[1], 784);
    if (extents[2] != 784) return guard_failed(report, 2, extents[2], 784);
    if (extents[3] != 512) return guard_failed(report, 3, extents[3], 512);
    if (extents[4] != 512) return guard_failed(report, 4, extents[4], 512);
    if (extents[5] != n) return guard_failed(report, 5, extents[5], n);
    if (extents[6] != 512) return guard_failed(report, 6, extents[6], 512);
    const f32* x = (const f32*)in[0];
    const f32* w = (const f32*)in[1];
    const f32* b = (const f32*)in[2];
    f32* hidden = (f32*)out[0];
    matmul_0(rt, n, x, w, hidden);
    fused_1(0, n, b, hidden);
    (void)workspace;
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    (void)extents;
    return 0;
}
