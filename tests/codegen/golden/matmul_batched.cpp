typedef f32 row_f32 CT_ROW_OF(f32);

// A block of sums in registers: sums[r][c] += a[r][p] * b[p][c], p in sequence from 0.
CT_MATH void product_block_f32(i64 rows,
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
    row_f32 acc[CT_BLOCK_ROWS] = {{0}};
    CT_ROLLED
    for (i64 p = 0; p < depth; ++p) {
        const row_f32 row = *(const row_f32*)b;
        CT_UNROLL
        for (i64 r = 0; r < rows; ++r)
            CT_FMA_ROW(f32, fma_f32, a[r * a_row], row, acc[r]);
        a += a_step;
        b += b_step;
    }
    if (begun) {
        CT_UNROLL
        for (i64 r = 0; r < rows; ++r)
            acc[r] += *(const row_f32*)(sums + r * sums_row);
    }
    CT_UNROLL
    for (i64 r = 0; r < rows; ++r)
        *(row_f32*)(sums + r * sums_row) = acc[r];
}

// The same for up to CT_BLOCK_ROWS rows and a part of a block's columns.
CT_KERNEL void product_rows_f32(i64 rows,
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
        for (i64 r = 0; r < rows; ++r) {
            CT_ROLLED
            for (i64 c = 0; c < CT_BLOCK_COLUMNS(f32); ++c)
                edge[r * CT_BLOCK_COLUMNS(f32) + c] = begun && c < width ? out[r * out_row + c] : 0;
        }
        sums = edge;
        sums_row = CT_BLOCK_COLUMNS(f32);
    }
    i64 r = 0;
    if (rows == CT_BLOCK_ROWS) {
        product_block_f32(CT_BLOCK_ROWS, depth, begun, a, a_row, a_step, b, b_step, sums, sums_row);
        r = rows;
    }
    for (; r + 4 <= rows; r += 4) {
        product_block_f32(4, depth, begun, a + r * a_row, a_row, a_step, b, b_step,
                          sums + r * sums_row, sums_row);
    }
    for (; r < rows; ++r) {
        product_block_f32(1, depth, begun, a + r * a_row, a_row, a_step, b, b_step,
                          sums + r * sums_row, sums_row);
    }
    if (width == CT_BLOCK_COLUMNS(f32)) return;
    for (r = 0; r < rows; ++r) {
        CT_ROLLED
        for (i64 c = 0; c < width; ++c)
            out[r * out_row + c] = edge[r * CT_BLOCK_COLUMNS(f32) + c];
    }
}

// Rows first .. first + 32 of k x n elements, of which `from` is the first, in panels,
// each in one piece and filled up with zeros, of CT_BLOCK_COLUMNS(f32) columns.
CT_MATH void product_panels_b_f32(const f32* CT_RESTRICT from,
                                  i64 row,
                                  i64 column,
                                  i64 k,
                                  i64 n,
                                  i64 first,
                                  f32* CT_RESTRICT packed)
{
    const i64 last = first + 32 < k ? first + 32 : k;
    for (i64 j = 0; j < n; j += CT_BLOCK_COLUMNS(f32)) {
        for (i64 p = first; p < last; ++p) {
            const f32* x = from + (p - first) * row + j * column;
            f32* to = packed + j * k + p * CT_BLOCK_COLUMNS(f32);
            if (n - j >= CT_BLOCK_COLUMNS(f32)) {
                for (i64 c = 0; c < CT_BLOCK_COLUMNS(f32); ++c)
                    to[c] = x[c * column];
            } else {
                CT_ROLLED
                for (i64 c = 0; c < CT_BLOCK_COLUMNS(f32); ++c)
                    to[c] = c < n - j ? x[c * column] : 0;
            }
        }
    }
}

typedef f32 line_f32 __attribute__((vector_size(32), aligned(4), may_alias));

// 8 columns of 8 elements, each in one piece, become rows.
CT_MATH void product_turn_f32(const f32* CT_RESTRICT from, i64 column, f32* CT_RESTRICT to)
{
    line_f32 v[8];
    CT_UNROLL
    for (i64 i = 0; i < 8; ++i)
        v[i] = *(const line_f32*)(from + i * column);
    CT_UNROLL
    for (i64 h = 0; h < 4; ++h) {
        const i64 i = 2 * h;
        const line_f32 x = v[i];
        v[i] = __builtin_shufflevector(x, v[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        v[i + 1] = __builtin_shufflevector(x, v[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    CT_UNROLL
    for (i64 h = 0; h < 4; ++h) {
        const i64 i = 2 * h - h % 2;
        const line_f32 x = v[i];
        v[i] = __builtin_shufflevector(x, v[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        v[i + 2] = __builtin_shufflevector(x, v[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
    CT_UNROLL
    for (i64 h = 0; h < 4; ++h) {
        const i64 i = 2 * h - h % 4;
        const line_f32 x = v[i];
        v[i] = __builtin_shufflevector(x, v[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        v[i + 4] = __builtin_shufflevector(x, v[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
    CT_UNROLL
    for (i64 i = 0; i < 8; ++i)
        *(line_f32*)(to + i * CT_BLOCK_COLUMNS(f32)) = v[i];
}

CT_KERNEL CT_APART void
product_pack_b_f32(const f32* from, i64 row, i64 column, i64 k, i64 n, i64 first, f32* packed)
{
    if (column == 1) {
        product_panels_b_f32(from, row, 1, k, n, first, packed);
    } else if (row == 1 && n % CT_BLOCK_COLUMNS(f32) == 0 && k % 8 == 0) {
        const i64 count = first + 32 < k ? 32 : k - first;
        for (i64 j = 0; j < n; j += 8) {
            const i64 within = j % CT_BLOCK_COLUMNS(f32);
            f32* to = packed + (j - within) * k + within + first * CT_BLOCK_COLUMNS(f32);
            for (i64 p = 0; p < count; p += 8)
                product_turn_f32(from + p + j * column, column, to + p * CT_BLOCK_COLUMNS(f32));
        }
    } else {
        product_panels_b_f32(from, row, column, k, n, first, packed);
    }
}

// matmul_0        golden_structured.cpp:160
//
//   score[i, j, p] = sum_r(q[i, j, r] * k[i, p, r]) * 0.125
//
//   q         f32 (heads, n, 64)                 read
//   k         f32 (heads, n, 64)                 read
//   score     f32 (heads, n, n)                  written
//   packed_k  f32 (2048 * heads * ceil(n / 32))  scratch
//
// One call: 129 n n heads flops; reads 512 n heads, writes 4 n n heads bytes.

// What follows from the sums of rows i0 .. i1 and columns j0 .. j1.
CT_MATH void matmul_0_finish(i64 h,
                             i64 i0,
                             i64 i1,
                             i64 j0,
                             i64 j1,
                             const f32* CT_RESTRICT sums,
                             i64 n,
                             f32* CT_RESTRICT score)
{
    for (i64 i = i0; i < i1; ++i) {
        for (i64 j = j0; j < j1; ++j) {
            score[h * n * n + i * n + j] = sums[(i - i0) * CT_BLOCK_COLUMNS(f32) + j - j0] * 0.125f;
        }
    }
}

struct matmul_0_parts {
    i64 heads;
    i64 n;
    const f32* q;
    const f32* k;
    f32* score;
    f32* packed_k;
};

CT_CALLED void matmul_0_pack_b(void* context, i64 t)
{
    const struct matmul_0_parts* s = (const struct matmul_0_parts*)context;
    const i64 pieces = 2;
    const i64 h = t / pieces;
    const i64 p0 = t % pieces * 32;
    const f32* from = s->k + h * s->n * 64 + p0;
    f32* to = s->packed_k + h * round_up(s->n, CT_BLOCK_COLUMNS(f32)) * 64;
    product_pack_b_f32(from, 1, 64, 64, s->n, p0, to);
}

// One of the parts of the product: 256 columns of some rows.
CT_CALLED void matmul_0_tile(void* context, i64 t)
{
    const struct matmul_0_parts* s = (const struct matmul_0_parts*)context;
    const i64 across = (s->n + 255) / 256;
    const i64 tall = s->n >= 768 ? 192 : s->n >= 384 ? 96 : 48;
    const i64 down = (s->n + tall - 1) / tall;
    const i64 h = t / (across * down);
    const i64 i0 = t / across % down * tall;
    const i64 i1 = i0 + tall < s->n ? i0 + tall : s->n;
    const i64 j0 = t % across * 256;
    const i64 j1 = j0 + 256 < s->n ? j0 + 256 : s->n;
    const f32* a = s->q + h * s->n * 64;
    const i64 a_first = 64;
    const i64 a_row = 64;
    const i64 a_step = 1;
    const f32* b = s->packed_k + h * round_up(s->n, CT_BLOCK_COLUMNS(f32)) * 64;
    const i64 b_first = 64;
    const i64 b_step = CT_BLOCK_COLUMNS(f32);
    f32 sums[192 * CT_BLOCK_COLUMNS(f32)];
    for (i64 j = j0; j < j1; j += CT_BLOCK_COLUMNS(f32)) {
        const i64 width = j1 - j < CT_BLOCK_COLUMNS(f32) ? j1 - j : CT_BLOCK_COLUMNS(f32);
        i64 rows = 0;
        for (i64 i = i0; i < i1; i += rows) {
            rows = product_block_rows(i1 - i, a_row);
            product_rows_f32(rows, width, 64, 0, a + i * a_first, a_row, a_step, b + j * b_first,
                             b_step, sums + (i - i0) * CT_BLOCK_COLUMNS(f32),
                             CT_BLOCK_COLUMNS(f32));
        }
        if (width == CT_BLOCK_COLUMNS(f32))
            matmul_0_finish(h, i0, i1, j, j + CT_BLOCK_COLUMNS(f32), sums, s->n, s->score);
        if (width < CT_BLOCK_COLUMNS(f32)) matmul_0_finish(h, i0, i1, j, j1, sums, s->n, s->score);
    }
}

CT_KERNEL void matmul_0(const struct ct_runtime* rt,
                        i64 heads,
                        i64 n,
                        const f32* q,
                        const f32* k,
                        f32* score,
                        f32* packed_k)
{
    struct matmul_0_parts s;
    s.heads = heads;
    s.n = n;
    s.q = q;
    s.k = k;
    s.score = score;
    s.packed_k = packed_k;
    for_each_block(rt, matmul_0_pack_b, &s, heads * 2, n * heads * 128);
    const i64 cost = n * n * heads * 128;
    const i64 tall = n >= 768 ? 192 : n >= 384 ? 96 : 48;
    const i64 down = (n + tall - 1) / tall;
    for_each_block(rt, matmul_0_tile, &s, heads * down * ((n + 255) / 256), cost);
}

// Checks extents, then calls the kernels in order. Returns 0, or what failed.
CT_EXPORT i32 run(const struct ct_runtime* rt,
                  const void* const* in,
                  void* const* out,
                  const i64* extents,
                  void* workspace,
                  struct ct_report* report)
{
    const i64 heads = extents[0];
    const i64 n = extents[1];
    if (extents[2] != 64) return guard_failed(report, 1, extents[2], 64);
    if (extents[3] != heads) return guard_failed(report, 2, extents[3], heads);
    if (extents[4] != n) return guard_failed(report, 3, extents[4], n);
    if (extents[5] != 64) return guard_failed(report, 4, extents[5], 64);
    if (floor_div_i64(281474976710656, max_i64(n * heads, 1)) < n)
        return guard_failed(report, 5, n, floor_div_i64(281474976710656, max_i64(n * heads, 1)));
    if (extents[6] != heads) return guard_failed(report, 6, extents[6], heads);
    if (extents[7] != n) return guard_failed(report, 7, extents[7], n);
    if (extents[8] != n) return guard_failed(report, 8, extents[8], n);
    const f32* q = (const f32*)in[0];
    const f32* k = (const f32*)in[1];
    f32* score = (f32*)out[0];
    char* const work = (char*)workspace;
    f32* packed = (f32*)(work + 0);
    matmul_0(rt, heads, n, q, k, score, packed);
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    const i64 heads = extents[0];
    const i64 n = extents[1];
    if (floor_div_i64(281474976710656, max_i64(n * heads, 1)) < n) return 0;
    const i64 end0 = 0 + align_64(heads * floor_div_i64(n + 31, 32) * 8192);
    return end0;
}
