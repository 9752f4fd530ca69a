// matmul_0: y[i] = sum_j a[i, j] * x[j]        golden_structured.cpp:125
//
//   a  f32 (n, m)  read
//   x  f32 (m)     read
//   y  f32 (n)     written
//
// One call: 2 n m flops; reads 4 n m + 4 m, writes 4 n bytes.

struct matmul_0_parts {
    i64 n;
    i64 m;
    const f32* a;
    const f32* x;
    f32* y;
};

CT_MATH f32 matmul_0_dot(const f32* CT_RESTRICT a, const f32* CT_RESTRICT b, i64 n)
{
    f32 total = 0;
    for (i64 first = 0; first < n; first += 4096) {
        const i64 last = first + 4096 < n ? first + 4096 : n;
        f32 acc[32] = {0};
        i64 p = first;
        for (; p + 32 <= last; p += 32)
            for (i64 l = 0; l < 32; ++l)
                acc[l] = fma_f32(a[p + l], b[p + l], acc[l]);
        for (i64 l = 0; l < last - p; ++l)
            acc[l] = fma_f32(a[p + l], b[p + l], acc[l]);
        total += sum_lanes_f32(acc);
    }
    return total;
}

static void matmul_0_tile(void* context, i64 t)
{
    const struct matmul_0_parts* s = (const struct matmul_0_parts*)context;
    const i64 j0 = t * 64;
    const i64 j1 = j0 + 64 < s->n ? j0 + 64 : s->n;
    for (i64 j = j0; j < j1; ++j) {
        s->y[j] = matmul_0_dot(s->a + j * s->m, s->x, s->m);
    }
}

CT_KERNEL void
matmul_0(const struct ct_runtime* rt, i64 n, i64 m, const f32* a, const f32* x, f32* y)
{
    struct matmul_0_parts s;
    s.n = n;
    s.m = m;
    s.a = a;
    s.x = x;
    s.y = y;
    const i64 cost = n * m * 2;
    for_each_block(rt, matmul_0_tile, &s, (n + 63) / 64, cost);
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
    const i64 m = extents[1];
    if (extents[2] != m) return guard_failed(report, 1, extents[2], m);
    if (extents[3] != n) return guard_failed(report, 2, extents[3], n);
    const f32* a = (const f32*)in[0];
    const f32* x = (const f32*)in[1];
    f32* y = (f32*)out[0];
    matmul_0(0, n, m, a, x, y);
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
