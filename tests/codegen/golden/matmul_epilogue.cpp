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

// matmul_0: hidden[i, j] = relu(sum_k(x[i, k] * w[k, j]) + b[j])        golden_structured.cpp:138
//
//   x         f32 (n, 784)    read
//   w         f32 (784, 512)  read
//   hidden    f32 (n, 512)    written
//   packed_w  f32 (401408)    scratch
//   b         f32 (512)       read
//
// One call: 804352 n flops; reads 3136 n + 1607680, writes 2048 n bytes.

// What follows from the sums of rows i0 .. i1 and columns j0 .. j1.
CT_MATH void
matmul_0_finish(i64 i0, i64 i1, i64 j0, i64 j1, f32* CT_RESTRICT hidden, const f32* CT_RESTRICT b)
{
    for (i64 i = i0; i < i1; ++i) {
        for (i64 j = j0; j < j1; ++j) {
            const f32 hidden_ij = hidden[i * 512 + j];
            hidden[i * 512 + j] = max_f32(hidden_ij + b[j], 0);
        }
    }
}

struct matmul_0_parts {
    i64 n;
    const f32* x;
    const f32* w;
    f32* hidden;
    f32* packed_w;
    const f32* b;
    b8 packs_b;
};

CT_CALLED void matmul_0_pack_b(void* context, i64 t)
{
    const struct matmul_0_parts* s = (const struct matmul_0_parts*)context;
    const i64 p0 = t * 32;
    const f32* from = s->w + p0 * 512;
    f32* to = s->packed_w;
    product_pack_b_f32(from, 512, 1, 784, 512, p0, to);
}

// One of the parts of the product: 256 columns of some rows.
CT_CALLED void matmul_0_tile(void* context, i64 t)
{
    const struct matmul_0_parts* s = (const struct matmul_0_parts*)context;
    const i64 across = 2;
    const i64 tall = s->n >= 768 ? 192 : s->n >= 384 ? 96 : 48;
    const i64 i0 = t / across * tall;
    const i64 i1 = i0 + tall < s->n ? i0 + tall : s->n;
    const i64 j0 = t % across * 256;
    const i64 j1 = j0 + 256 < 512 ? j0 + 256 : 512;
    const f32* a = s->x;
    const i64 a_first = 784;
    const i64 a_row = 784;
    const i64 a_step = 1;
    const f32* b = s->w;
    i64 b_first = 1;
    i64 b_step = 512;
    if (s->packs_b) {
        b = s->packed_w;
        b_first = 784;
        b_step = CT_BLOCK_COLUMNS(f32);
    }
    f32* out = s->hidden;
    i64 p = 0;
    do {
        i64 depth = 784 - p;
        if (depth > 384) depth = depth < 768 ? (depth / 2 + 15) / 16 * 16 : 384;
        for (i64 j = j0; j < j1; j += CT_BLOCK_COLUMNS(f32)) {
            const i64 width = j1 - j < CT_BLOCK_COLUMNS(f32) ? j1 - j : CT_BLOCK_COLUMNS(f32);
            i64 rows = 0;
            for (i64 i = i0; i < i1; i += rows) {
                rows = product_block_rows(i1 - i, a_row);
                product_rows_f32(rows, width, depth, p > 0, a + i * a_first + p * a_step, a_row,
                                 a_step, b + j * b_first + p * b_step, b_step, out + i * 512 + j,
                                 512);
            }
        }
        if (p + depth == 784) matmul_0_finish(i0, i1, j0, j1, s->hidden, s->b);
        p += depth;
    } while (p < 784);
}

CT_KERNEL void matmul_0(const struct ct_runtime* rt,
                        i64 n,
                        const f32* x,
                        const f32* w,
                        f32* hidden,
                        f32* packed_w,
                        const f32* b)
{
    struct matmul_0_parts s;
    s.n = n;
    s.x = x;
    s.w = w;
    s.hidden = hidden;
    s.packed_w = packed_w;
    s.b = b;
    s.packs_b = n > 16;
    if (s.packs_b) for_each_block(rt, matmul_0_pack_b, &s, 25, 802816);
    const i64 cost = n * 802816;
    const i64 tall = n >= 768 ? 192 : n >= 384 ? 96 : 48;
    const i64 down = (n + tall - 1) / tall;
    for_each_block(rt, matmul_0_tile, &s, down * 2, cost);
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
    char* const work = (char*)workspace;
    f32* packed = (f32*)(work + 0);
    matmul_0(rt, n, x, w, hidden, packed, b);
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    (void)extents;
    return 1605632;
}
