// matmul_0: c[i, j] = sum_k a[i, k] * b[k, j]        golden_structured.cpp:113
//
//   a         f32 (n0, n2)                                read
//   b         f32 (n2, n1)                                read
//   c         f32 (n0, n1)                                written
//   packed_b  f32 (n2 * floor_div_i64(n1 + 31, 32) * 32)  scratch
//   packed_a  f32 (n2 * floor_div_i64(n0 + 11, 12) * 12)  scratch
//
// One call: 2 n0 n2 n1 flops; reads 4 n0 n2 + 4 n2 n1, writes 4 n0 n1 bytes.

struct matmul_0_parts {
    i64 n0;
    i64 n1;
    i64 n2;
    const f32* a;
    const f32* b;
    f32* c;
    f32* packed_b;
    f32* packed_a;
    b8 packs_a;
    b8 packs_b;
};

// A block of sums in registers: sums[r][c] += a[r][p] * b[p][c], p in sequence.
CT_MATH void matmul_0_block(i64 rows,
                            i64 depth,
                            b8 begun,
                            const f32* CT_RESTRICT a,
                            i64 a_row,
                            i64 a_step,
                            const f32* CT_RESTRICT b,
                            i64 b_step,
                            f32* CT_RESTRICT sums,
                            i64 sums_row)
{
    f32 acc[CT_BLOCK_ROWS][CT_BLOCK_COLUMNS(f32)];
    if (begun) {
        CT_UNROLL
        for (i64 r = 0; r < rows; ++r)
            for (i64 c = 0; c < CT_BLOCK_COLUMNS(f32); ++c)
                acc[r][c] = sums[r * sums_row + c];
    } else {
        CT_UNROLL
        for (i64 r = 0; r < rows; ++r)
            for (i64 c = 0; c < CT_BLOCK_COLUMNS(f32); ++c)
                acc[r][c] = 0;
    }
    for (i64 p = 0; p < depth; ++p) {
        CT_UNROLL
        for (i64 r = 0; r < rows; ++r) {
            const f32 x = a[r * a_row + p * a_step];
            for (i64 c = 0; c < CT_BLOCK_COLUMNS(f32); ++c)
                acc[r][c] = fma_f32(x, b[p * b_step + c], acc[r][c]);
        }
    }
    CT_UNROLL
    for (i64 r = 0; r < rows; ++r)
        for (i64 c = 0; c < CT_BLOCK_COLUMNS(f32); ++c)
            sums[r * sums_row + c] = acc[r][c];
}

// The same for up to CT_BLOCK_ROWS rows and a part of a block's columns.
static void matmul_0_rows(i64 rows,
                          i64 width,
                          i64 depth,
                          b8 begun,
                          const f32* a,
                          i64 a_row,
                          i64 a_step,
                          const f32* b,
                          i64 b_step,
                          f32* sums,
                          i64 sums_row)
{
    f32 edge[CT_BLOCK_ROWS * CT_BLOCK_COLUMNS(f32)];
    f32* const out = sums;
    const i64 out_row = sums_row;
    if (width < CT_BLOCK_COLUMNS(f32)) {
        for (i64 r = 0; r < rows; ++r)
            for (i64 c = 0; c < CT_BLOCK_COLUMNS(f32); ++c)
                edge[r * CT_BLOCK_COLUMNS(f32) + c] = begun && c < width ? out[r * out_row + c] : 0;
        sums = edge;
        sums_row = CT_BLOCK_COLUMNS(f32);
    }
    i64 r = 0;
    if (rows == CT_BLOCK_ROWS) {
        matmul_0_block(CT_BLOCK_ROWS, depth, begun, a, a_row, a_step, b, b_step, sums, sums_row);
        r = rows;
    }
    for (; r + 4 <= rows; r += 4) {
        matmul_0_block(4, depth, begun, a + r * a_row, a_row, a_step, b, b_step,
                       sums + r * sums_row, sums_row);
    }
    for (; r < rows; ++r) {
        matmul_0_block(1, depth, begun, a + r * a_row, a_row, a_step, b, b_step,
                       sums + r * sums_row, sums_row);
    }
    if (width < CT_BLOCK_COLUMNS(f32))
        for (r = 0; r < rows; ++r)
            for (i64 c = 0; c < width; ++c)
                out[r * out_row + c] = edge[r * CT_BLOCK_COLUMNS(f32) + c];
}

// Rows first .. first + 32 of k x n elements, `width` columns at a time, each such panel in one
// piece, filled up with zeros.
CT_MATH void matmul_0_pack(const f32* CT_RESTRICT from,
                           i64 row,
                           i64 column,
                           i64 k,
                           i64 n,
                           i64 first,
                           i64 width,
                           f32* CT_RESTRICT packed)
{
    const i64 last = first + 32 < k ? first + 32 : k;
    for (i64 j = 0; j < n; j += width) {
        for (i64 p = first; p < last; ++p) {
            const f32* x = from + p * row + j * column;
            f32* to = packed + j * k + p * width;
            if (n - j >= width)
                for (i64 c = 0; c < width; ++c)
                    to[c] = x[c * column];
            else
                for (i64 c = 0; c < width; ++c)
                    to[c] = c < n - j ? x[c * column] : 0;
        }
    }
}

static void matmul_0_pack_a(void* context, i64 t)
{
    const struct matmul_0_parts* s = (const struct matmul_0_parts*)context;
    const f32* from = s->a;
    f32* to = s->packed_a;
    matmul_0_pack(from, 1, s->n2, s->n2, s->n0, t * 32, CT_BLOCK_ROWS, to);
}

static void matmul_0_pack_b(void* context, i64 t)
{
    const struct matmul_0_parts* s = (const struct matmul_0_parts*)context;
    const f32* from = s->b;
    f32* to = s->packed_b;
    matmul_0_pack(from, s->n1, 1, s->n2, s->n1, t * 32, CT_BLOCK_COLUMNS(f32), to);
}

// One of the parts of the product: 256 columns of some rows.
static void matmul_0_tile(void* context, i64 t)
{
    const struct matmul_0_parts* s = (const struct matmul_0_parts*)context;
    const i64 across = (s->n1 + 255) / 256;
    const i64 tall = s->n0 >= 768 ? 192 : s->n0 >= 384 ? 96 : 48;
    const i64 i0 = t / across * tall;
    const i64 i1 = i0 + tall < s->n0 ? i0 + tall : s->n0;
    const i64 j0 = t % across * 256;
    const i64 j1 = j0 + 256 < s->n1 ? j0 + 256 : s->n1;
    const f32* a = s->a;
    i64 a_first = s->n2;
    i64 a_row = s->n2;
    i64 a_step = 1;
    if (s->packs_a) {
        a = s->packed_a;
        a_first = s->n2;
        a_row = 1;
        a_step = CT_BLOCK_ROWS;
    }
    const f32* b = s->b;
    i64 b_first = 1;
    i64 b_step = s->n1;
    if (s->packs_b) {
        b = s->packed_b;
        b_first = s->n2;
        b_step = CT_BLOCK_COLUMNS(f32);
    }
    f32* out = s->c;
    i64 p = 0;
    do {
        i64 depth = s->n2 - p;
        if (depth > 384) depth = depth < 768 ? (depth / 2 + 15) / 16 * 16 : 384;
        for (i64 i = i0; i < i1; i += CT_BLOCK_ROWS) {
            const i64 rows = i1 - i < CT_BLOCK_ROWS ? i1 - i : CT_BLOCK_ROWS;
            for (i64 j = j0; j < j1; j += CT_BLOCK_COLUMNS(f32)) {
                const i64 width = j1 - j < CT_BLOCK_COLUMNS(f32) ? j1 - j : CT_BLOCK_COLUMNS(f32);
                matmul_0_rows(rows, width, depth, p > 0, a + i * a_first + p * a_step, a_row,
                              a_step, b + j * b_first + p * b_step, b_step, out + i * s->n1 + j,
                              s->n1);
            }
        }
        p += depth;
    } while (p < s->n2);
}

CT_KERNEL void matmul_0(const struct ct_runtime* rt,
                        i64 n0,
                        i64 n1,
                        i64 n2,
                        const f32* a,
                        const f32* b,
                        f32* c,
                        f32* packed_b,
                        f32* packed_a)
{
    struct matmul_0_parts s;
    s.n0 = n0;
    s.n1 = n1;
    s.n2 = n2;
    s.a = a;
    s.b = b;
    s.c = c;
    s.packed_b = packed_b;
    s.packed_a = packed_a;
    s.packs_a = n2 * 4 % 4096 == 0;
    if (s.packs_a)
        for_each_block(rt, matmul_0_pack_a, &s, ((n2 + 31) / 32), n0 * n2 * 2);
    s.packs_b = n1 % CT_BLOCK_COLUMNS(f32) != 0 || (n1 > 128 && n0 > 16);
    if (s.packs_b)
        for_each_block(rt, matmul_0_pack_b, &s, ((n2 + 31) / 32), n2 * n1 * 2);
    const i64 cost = n0 * n2 * n1 * 2;
    const i64 tall = n0 >= 768 ? 192 : n0 >= 384 ? 96 : 48;
    const i64 down = (n0 + tall - 1) / tall;
    for_each_block(rt, matmul_0_tile, &s, down * ((n1 + 255) / 256), cost);
}

// Checks extents, then calls the kernels in order. Returns 0, or what failed.
CT_EXPORT i32 run(const struct ct_runtime* rt, const void* const* in, void* const* out,
                  const i64* extents, void* workspace, struct ct_report* report)
{
    const i64 n0 = extents[0];
    const i64 n1 = extents[1];
    const i64 n2 = extents[3];
    if (extents[2] != n1) return guard_failed(report, 1, extents[2], n1);
    if (extents[4] != n0) return guard_failed(report, 2, extents[4], n0);
    if (extents[5] != n2) return guard_failed(report, 3, extents[5], n2);
    const f32* a = (const f32*)in[0];
    const f32* b = (const f32*)in[1];
    f32* c = (f32*)out[0];
    char* const work = (char*)workspace;
    const i64 end0 = 0 + align_64(n1 * floor_div_i64(n2 + 31, 32) * 128);
    const i64 end1 = end0 + align_64(n1 * floor_div_i64(n0 + 11, 12) * 48);
    f32* packed = (f32*)(work + 0);
    f32* packed_0 = (f32*)(work + end0);
    matmul_0(rt, n0, n2, n1, a, b, c, packed, packed_0);
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    const i64 n0 = extents[0];
    const i64 n1 = extents[1];
    const i64 n2 = extents[3];
    const i64 end0 = 0 + align_64(n1 * floor_div_i64(n2 + 31, 32) * 128);
    const i64 end1 = end0 + align_64(n1 * floor_div_i64(n0 + 11, 12) * 48);
    return end1;
}
