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

// matmul_0: y[i, j] = sum_k exp(x[i, k]) * (f32(q[k, j]) * 0.02)        golden_structured.cpp:145
//
//   y         f32 (n, 512)   written
//   packed_b  f32 (401408)   scratch
//   x         f32 (n, 784)   read
//   q         i8 (784, 512)  read
//
// One call: 820064 n + 1204224 flops; reads 3136 n + 401408, writes 2048 n bytes.

// Of the left operand, rows from i0 on and terms from p0 on.
CT_MATH void matmul_0_values_a(i64 i0,
                               i64 rows,
                               i64 p0,
                               i64 terms,
                               f32* CT_RESTRICT values,
                               const f32* CT_RESTRICT x)
{
    for (i64 i = 0; i < rows; ++i) {
        for (i64 p = 0; p < terms; ++p) {
            values[i * 384 + p] = exp_f32(x[i * 784 + p + i0 * 784 + p0]);
        }
    }
}

// Of the right operand, columns from j0 on and terms from p0 on.
CT_MATH void matmul_0_values_b(i64 j0,
                               i64 columns,
                               i64 p0,
                               i64 terms,
                               f32* CT_RESTRICT values,
                               const i8* CT_RESTRICT q)
{
    for (i64 p = 0; p < terms; ++p) {
        for (i64 j = 0; j < columns; ++j) {
            values[j + p * 64] = (f32)q[j + p * 512 + j0 + p0 * 512] * 0.02f;
        }
    }
}

struct matmul_0_parts {
    i64 n;
    f32* y;
    f32* packed_b;
    const f32* x;
    const i8* q;
};

CT_CALLED void matmul_0_pack_b(void* context, i64 t)
{
    const struct matmul_0_parts* s = (const struct matmul_0_parts*)context;
    const i64 p0 = t * 32;
    const i64 terms = 784 - p0 < 32 ? 784 - p0 : 32;
    f32* to = s->packed_b;
    f32 values[64 * 32];
    for (i64 j0 = 0; j0 < 512; j0 += 64) {
        const i64 columns = 512 - j0 < 64 ? 512 - j0 : 64;
        matmul_0_values_b(j0, columns, p0, terms, values, s->q);
        product_pack_b_f32(values, 64, 1, 784, columns, p0, to + j0 * 784);
    }
}

// One of the parts of the product: 1024 columns of some rows.
CT_CALLED void matmul_0_tile(void* context, i64 t)
{
    const struct matmul_0_parts* s = (const struct matmul_0_parts*)context;
    const i64 tall = 48;
    const i64 i0 = t * tall;
    const i64 i1 = i0 + tall < s->n ? i0 + tall : s->n;
    const i64 j0 = 0;
    const i64 j1 = 512;
    f32 values[48 * 384];
    const i64 a_row = 384;
    const i64 a_step = 1;
    const f32* b = s->packed_b;
    const i64 b_first = 784;
    const i64 b_step = CT_BLOCK_COLUMNS(f32);
    f32* out = s->y;
    i64 p = 0;
    do {
        i64 depth = 784 - p;
        if (depth > 384) depth = depth < 768 ? (depth / 2 + 15) / 16 * 16 : 384;
        matmul_0_values_a(i0, i1 - i0, p, depth, values, s->x);
        for (i64 j = j0; j < j1; j += CT_BLOCK_COLUMNS(f32)) {
            const i64 width = j1 - j < CT_BLOCK_COLUMNS(f32) ? j1 - j : CT_BLOCK_COLUMNS(f32);
            i64 rows = 0;
            for (i64 i = i0; i < i1; i += rows) {
                rows = product_block_rows(i1 - i, a_row);
                product_rows_f32(rows, width, depth, p > 0, values + (i - i0) * a_row, a_row,
                                 a_step, b + j * b_first + p * b_step, b_step, out + i * 512 + j,
                                 512);
            }
        }
        p += depth;
    } while (p < 784);
}

CT_KERNEL void
matmul_0(const struct ct_runtime* rt, i64 n, f32* y, f32* packed_b, const f32* x, const i8* q)
{
    struct matmul_0_parts s;
    s.n = n;
    s.y = y;
    s.packed_b = packed_b;
    s.x = x;
    s.q = q;
    for_each_block(rt, matmul_0_pack_b, &s, 25, 2007040);
    const i64 cost = n * 820064;
    const i64 tall = 48;
    const i64 down = (n + tall - 1) / tall;
    for_each_block(rt, matmul_0_tile, &s, down, cost);
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
    if (extents[4] != n) return guard_failed(report, 4, extents[4], n);
    if (extents[5] != 512) return guard_failed(report, 5, extents[5], 512);
    const f32* x = (const f32*)in[0];
    const i8* q = (const i8*)in[1];
    f32* y = (f32*)out[0];
    char* const work = (char*)workspace;
    f32* packed = (f32*)(work + 0);
    matmul_0(rt, n, y, packed, x, q);
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    (void)extents;
    return 1605632;
}
