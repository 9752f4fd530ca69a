// matmul_0: c[i, j] = sum_k a[i, k] * b[k, j]        golden_structured.cpp:113
//
//   a  f64 (3, 3)  read
//   b  f64 (3, 3)  read
//   c  f64 (3, 3)  written
//
// One call: 54 flops; reads 144, writes 72 bytes.

struct matmul_0_parts {
    const f64* a;
    const f64* b;
    f64* c;
};

static void matmul_0_tile(void* context, i64 t)
{
    const struct matmul_0_parts* s = (const struct matmul_0_parts*)context;
    (void)t;
    f64 acc[3][3] = {{0}};
    for (i64 p = 0; p < 3; ++p) {
        for (i64 r = 0; r < 3; ++r) {
            const f64 x = s->a[r * 3 + p];
            for (i64 j = 0; j < 3; ++j)
                acc[r][j] = fma_f64(x, s->b[p * 3 + j], acc[r][j]);
        }
    }
    for (i64 r = 0; r < 3; ++r)
        for (i64 j = 0; j < 3; ++j)
            s->c[r * 3 + j] = acc[r][j];
}

CT_KERNEL void matmul_0(const struct ct_runtime* rt, const f64* a, const f64* b, f64* c)
{
    struct matmul_0_parts s;
    s.a = a;
    s.b = b;
    s.c = c;
    const i64 cost = 54;
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
    if (extents[0] != 3) return guard_failed(report, 1, extents[0], 3);
    if (extents[1] != 3) return guard_failed(report, 2, extents[1], 3);
    if (extents[2] != 3) return guard_failed(report, 3, extents[2], 3);
    if (extents[3] != 3) return guard_failed(report, 4, extents[3], 3);
    if (extents[4] != 3) return guard_failed(report, 5, extents[4], 3);
    if (extents[5] != 3) return guard_failed(report, 6, extents[5], 3);
    const f64* a = (const f64*)in[0];
    const f64* b = (const f64*)in[1];
    f64* c = (f64*)out[0];
    matmul_0(0, a, b, c);
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
