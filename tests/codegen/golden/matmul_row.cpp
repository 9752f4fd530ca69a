// matmul_0: y[i] = sum_j x[j] * w[j, i]        golden_structured.cpp:119
//
//   x  f32 (784)       read
//   w  f32 (784, 512)  read
//   y  f32 (512)       written
//
// One call: 802816 flops; reads 1608768, writes 2048 bytes.

struct matmul_0_parts {
    const f32* x;
    const f32* w;
    f32* y;
};

static void matmul_0_tile(void* context, i64 t)
{
    const struct matmul_0_parts* s = (const struct matmul_0_parts*)context;
    (void)t;
    const i64 j0 = 0;
    const i64 j1 = 512;
    const f32* CT_RESTRICT a = s->x;
    const f32* CT_RESTRICT b = s->w + j0;
    f32* CT_RESTRICT out = s->y + j0;
    const i64 width = j1 - j0;
    for (i64 c = 0; c < width; ++c)
        out[c] = 0;
    for (i64 first = 0; first < 784; first += 384) {
        const i64 last = first + 384 < 784 ? first + 384 : 784;
        f32 sums[512];
        for (i64 c = 0; c < width; ++c)
            sums[c] = 0;
        i64 p = first;
        for (; p + 8 <= last; p += 8) {
            for (i64 c = 0; c < width; ++c) {
                f32 total = sums[c];
                total = fma_f32(a[p], b[p * 512 + c], total);
                total = fma_f32(a[p + 1], b[(p + 1) * 512 + c], total);
                total = fma_f32(a[p + 2], b[(p + 2) * 512 + c], total);
                total = fma_f32(a[p + 3], b[(p + 3) * 512 + c], total);
                total = fma_f32(a[p + 4], b[(p + 4) * 512 + c], total);
                total = fma_f32(a[p + 5], b[(p + 5) * 512 + c], total);
                total = fma_f32(a[p + 6], b[(p + 6) * 512 + c], total);
                total = fma_f32(a[p + 7], b[(p + 7) * 512 + c], total);
                sums[c] = total;
            }
        }
        for (i64 c = 0; c < width; ++c)
            out[c] += sums[c];
    }
}

CT_KERNEL void matmul_0(const struct ct_runtime* rt, const f32* x, const f32* w, f32* y)
{
    struct matmul_0_parts s;
    s.x = x;
    s.w = w;
    s.y = y;
    const i64 cost = 802816;
    for_each_block(rt, matmul_0_tile, &s, 1, cost);
}

// Checks extents, then calls the kernels in order. Returns 0, or what failed.
CT_EXPORT i32 run(const struct ct_runtime* rt,
                  const void* const* in,
                  void* const* out,
                  const i64* extents,
                  void* workspace,
                  struct ct_report* report)
{
    if (extents[0] != 784) return guard_failed(report, 1, extents[0], 784);
    if (extents[1] != 784) return guard_failed(report, 2, extents[1], 784);
    if (extents[2] != 512) return guard_failed(report, 3, extents[2], 512);
    if (extents[3] != 512) return guard_failed(report, 4, extents[3], 512);
    const f32* x = (const f32*)in[0];
    const f32* w = (const f32*)in[1];
    f32* y = (f32*)out[0];
    matmul_0(0, x, w, y);
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
