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
// each in one piece and filled up with zeros, of CT_BLOCK_ROWS columns.
CT_MATH void product_panels_a_f32(const f32* CT_RESTRICT from,
                                  i64 row,
                                  i64 column,
                                  i64 k,
                                  i64 n,
                                  i64 first,
                                  f32* CT_RESTRICT packed)
{
    const i64 last = first + 32 < k ? first + 32 : k;
    for (i64 j = 0; j < n; j += CT_BLOCK_ROWS) {
        for (i64 p = first; p < last; ++p) {
            const f32* x = from + (p - first) * row + j * column;
            f32* to = packed + j * k + p * CT_BLOCK_ROWS;
            if (n - j >= CT_BLOCK_ROWS) {
                for (i64 c = 0; c < CT_BLOCK_ROWS; ++c)
                    to[c] = x[c * column];
            } else {
                CT_ROLLED
                for (i64 c = 0; c < CT_BLOCK_ROWS; ++c)
                    to[c] = c < n - j ? x[c * column] : 0;
            }
        }
    }
}

CT_KERNEL CT_APART void
product_pack_a_f32(const f32* from, i64 row, i64 column, i64 k, i64 n, i64 first, f32* packed)
{
    if (column == 1) {
        product_panels_a_f32(from, row, 1, k, n, first, packed);
    } else {
        product_panels_a_f32(from, row, column, k, n, first, packed);
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

// matmul_0        golden_structured.cpp:248, 251
//
//   v0[i, j] = 0.9 * v0[i, j] - 0.1 * sum_k(x[k, i] * error[k, j])
//   v1[i, j] = v1[i, j] + v0[i, j]
//
//   x             f32 (128, 64)  read
//   error         f32 (128, 10)  read
//   v0            f32 (64, 10)   read and written
//   packed_error  f32 (4096)     scratch
//   packed_x      f32 (9216)     scratch
//   v1            f32 (64, 10)   read and written
//
// One call: 166400 flops; reads 43008, writes 5120 bytes.

// What follows from the sums of rows i0 .. i1 and columns j0 .. j1.
CT_MATH void matmul_0_finish(i64 i0,
                             i64 i1,
                             i64 j0,
                             i64 j1,
                             const f32* CT_RESTRICT sums,
                             f32* CT_RESTRICT v0,
                             f32* CT_RESTRICT v1)
{
    for (i64 i = i0; i < i1; ++i) {
        for (i64 j = j0; j < j1; ++j) {
            const f32 v0_ij = v0[i * 10 + j];
            const f32 t0 = 0.1f * sums[(i - i0) * CT_BLOCK_COLUMNS(f32) + j - j0];
            const f32 t1 = 0.9f * v0_ij - t0;
            v0[i * 10 + j] = t1;
            const f32 v1_ij = v1[i * 10 + j];
            v1[i * 10 + j] = v1_ij + t1;
        }
    }
}

struct matmul_0_parts {
    const f32* x;
    const f32* error;
    f32* v0;
    f32* packed_error;
    f32* packed_x;
    f32* v1;
    b8 packs_b;
};

CT_CALLED void matmul_0_pack_a(void* context, i64 t)
{
    const struct matmul_0_parts* s = (const struct matmul_0_parts*)context;
    const i64 p0 = t * 32;
    const f32* from = s->x + p0 * 64;
    f32* to = s->packed_x;
    product_pack_a_f32(from, 64, 1, 128, 64, p0, to);
}

CT_CALLED void matmul_0_pack_b(void* context, i64 t)
{
    const struct matmul_0_parts* s = (const struct matmul_0_parts*)context;
    const i64 p0 = t * 32;
    const f32* from = s->error + p0 * 10;
    f32* to = s->packed_error;
    product_pack_b_f32(from, 10, 1, 128, 10, p0, to);
}

// One of the parts of the product: 256 columns of some rows.
CT_CALLED void matmul_0_tile(void* context, i64 t)
{
    const struct matmul_0_parts* s = (const struct matmul_0_parts*)context;
    const i64 tall = 48;
    const i64 i0 = t * tall;
    const i64 i1 = i0 + tall < 64 ? i0 + tall : 64;
    const i64 j0 = 0;
    const i64 j1 = 10;
    const f32* a = s->packed_x;
    const i64 a_first = 128;
    const i64 a_row = 1;
    const i64 a_step = CT_BLOCK_ROWS;
    const f32* b = s->error;
    i64 b_first = 1;
    i64 b_step = 10;
    if (s->packs_b) {
        b = s->packed_error;
        b_first = 128;
        b_step = CT_BLOCK_COLUMNS(f32);
    }
    f32 sums[48 * CT_BLOCK_COLUMNS(f32)];
    for (i64 j = j0; j < j1; j += CT_BLOCK_COLUMNS(f32)) {
        const i64 width = j1 - j < CT_BLOCK_COLUMNS(f32) ? j1 - j : CT_BLOCK_COLUMNS(f32);
        i64 rows = 0;
        for (i64 i = i0; i < i1; i += rows) {
            rows = product_block_rows(i1 - i, a_row);
            product_rows_f32(rows, width, 128, 0, a + i * a_first, a_row, a_step, b + j * b_first,
                             b_step, sums + (i - i0) * CT_BLOCK_COLUMNS(f32),
                             CT_BLOCK_COLUMNS(f32));
        }
        if (width == CT_BLOCK_COLUMNS(f32))
            matmul_0_finish(i0, i1, j, j + CT_BLOCK_COLUMNS(f32), sums, s->v0, s->v1);
        if (width < CT_BLOCK_COLUMNS(f32)) matmul_0_finish(i0, i1, j, j1, sums, s->v0, s->v1);
    }
}

CT_KERNEL void matmul_0(const struct ct_runtime* rt,
                        const f32* x,
                        const f32* error,
                        f32* v0,
                        f32* packed_error,
                        f32* packed_x,
                        f32* v1)
{
    struct matmul_0_parts s;
    s.x = x;
    s.error = error;
    s.v0 = v0;
    s.packed_error = packed_error;
    s.packed_x = packed_x;
    s.v1 = v1;
    for_each_block(rt, matmul_0_pack_a, &s, 4, 16384);
    s.packs_b = 10 % CT_BLOCK_COLUMNS(f32) != 0;
    if (s.packs_b) for_each_block(rt, matmul_0_pack_b, &s, 4, 2560);
    const i64 cost = 163840;
    for_each_block(rt, matmul_0_tile, &s, 2, cost);
}

// Checks extents, then calls the kernels in order. Returns 0, or what failed.
CT_EXPORT i32 run(const struct ct_runtime* rt,
                  const void* const* in,
                  void* const* out,
                  const i64* extents,
                  void* workspace,
                  struct ct_report* report)
{
    if (extents[0] != 128) return guard_failed(report, 1, extents[0], 128);
    if (extents[1] != 64) return guard_failed(report, 2, extents[1], 64);
    if (extents[2] != 128) return guard_failed(report, 3, extents[2], 128);
    if (extents[3] != 10) return guard_failed(report, 4, extents[3], 10);
    if (extents[4] != 64) return guard_failed(report, 5, extents[4], 64);
    if (extents[5] != 10) return guard_failed(report, 6, extents[5], 10);
    if (extents[6] != 64) return guard_failed(report, 7, extents[6], 64);
    if (extents[7] != 10) return guard_failed(report, 8, extents[7], 10);
    if (extents[8] != 64) return guard_failed(report, 9, extents[8], 64);
    if (extents[9] != 10) return guard_failed(report, 10, extents[9], 10);
    if (extents[10] != 64) return guard_failed(report, 11, extents[10], 64);
    if (extents[11] != 10) return guard_failed(report, 12, extents[11], 10);
    const f32* x = (const f32*)in[0];
    const f32* error = (const f32*)in[1];
    f32* v = (f32*)out[0];
    if (in[2] != v) copy_bytes((char*)v, (const char*)in[2], 2560);
    f32* w = (f32*)out[1];
    if (in[3] != w) copy_bytes((char*)w, (const char*)in[3], 2560);
    char* const work = (char*)workspace;
    f32* packed = (f32*)(work + 36864);
    f32* packed_0 = (f32*)(work + 0);
    matmul_0(rt, x, error, v, packed, packed_0, w);
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    (void)extents;
    return 53248;
}
