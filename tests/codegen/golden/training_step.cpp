// fused_0: v0[0, 0] = -1 / f32(n)        golden_structured.cpp:237
//
//   v0  f32 (1, 1)  written
//
// One call: 6 flops; writes 4 bytes.

CT_KERNEL void fused_0(i64 n, f32* CT_RESTRICT v0) { v0[0] = -1.0f / (f32)n; }

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

// matmul_1: v0[i, j] = sum_k x[i, k] * w[k, j]        golden_structured.cpp:236
//
//   x         f32 (n, 64)   read
//   w         f32 (64, 10)  read
//   v0        f32 (n, 10)   written
//   packed_w  f32 (2048)    scratch
//
// One call: 1280 n flops; reads 256 n + 2560, writes 40 n bytes.

struct matmul_1_parts {
    i64 n;
    const f32* x;
    const f32* w;
    f32* v0;
    f32* packed_w;
    b8 packs_b;
};

CT_CALLED void matmul_1_pack_b(void* context, i64 t)
{
    const struct matmul_1_parts* s = (const struct matmul_1_parts*)context;
    const i64 p0 = t * 32;
    const f32* from = s->w + p0 * 10;
    f32* to = s->packed_w;
    product_pack_b_f32(from, 10, 1, 64, 10, p0, to);
}

// One of the parts of the product: 256 columns of some rows.
CT_CALLED void matmul_1_tile(void* context, i64 t)
{
    const struct matmul_1_parts* s = (const struct matmul_1_parts*)context;
    const i64 tall = s->n >= 768 ? 192 : s->n >= 384 ? 96 : 48;
    const i64 i0 = t * tall;
    const i64 i1 = i0 + tall < s->n ? i0 + tall : s->n;
    const i64 j0 = 0;
    const i64 j1 = 10;
    const f32* a = s->x;
    const i64 a_first = 64;
    const i64 a_row = 64;
    const i64 a_step = 1;
    const f32* b = s->w;
    i64 b_first = 1;
    i64 b_step = 10;
    if (s->packs_b) {
        b = s->packed_w;
        b_first = 64;
        b_step = CT_BLOCK_COLUMNS(f32);
    }
    f32* out = s->v0;
    i64 p = 0;
    do {
        i64 depth = 64 - p;
        if (depth > 384) depth = depth < 768 ? (depth / 2 + 15) / 16 * 16 : 384;
        for (i64 j = j0; j < j1; j += CT_BLOCK_COLUMNS(f32)) {
            const i64 width = j1 - j < CT_BLOCK_COLUMNS(f32) ? j1 - j : CT_BLOCK_COLUMNS(f32);
            i64 rows = 0;
            for (i64 i = i0; i < i1; i += rows) {
                rows = product_block_rows(i1 - i, a_row);
                product_rows_f32(rows, width, depth, p > 0, a + i * a_first + p * a_step, a_row,
                                 a_step, b + j * b_first + p * b_step, b_step, out + i * 10 + j,
                                 10);
            }
        }
        p += depth;
    } while (p < 64);
}

CT_KERNEL void
matmul_1(const struct ct_runtime* rt, i64 n, const f32* x, const f32* w, f32* v0, f32* packed_w)
{
    struct matmul_1_parts s;
    s.n = n;
    s.x = x;
    s.w = w;
    s.v0 = v0;
    s.packed_w = packed_w;
    s.packs_b = 10 % CT_BLOCK_COLUMNS(f32) != 0;
    if (s.packs_b) for_each_block(rt, matmul_1_pack_b, &s, 2, 1280);
    const i64 cost = n * 1280;
    const i64 tall = n >= 768 ? 192 : n >= 384 ? 96 : 48;
    const i64 down = (n + tall - 1) / tall;
    for_each_block(rt, matmul_1_tile, &s, down, cost);
}

// fused_2        golden_structured.cpp:236
//
//   v0[i, j] = v0[i, j] - where(-inf < max_number_k(v0[i, k]), max_number_k(v0[i, k]), 0)
//   v1[i, j] = exp(v0[i, j])
//   u0[i] = where(sum_j(v1[i, j]) == 0, 1, sum_j(v1[i, j]))
//   v2[i, 0] = log(u0[i])
//   v3[i, 0] = 1 / u0[i]
//
//   v0  f32 (n, 10)  read and written
//   v1  f32 (n, 10)  written
//   v2  f32 (n, 1)   written
//   v3  f32 (n, 1)   written
//
// One call: 284 n flops; reads 40 n, writes 88 n bytes.

CT_KERNEL void fused_2(i64 begin,
                       i64 end,
                       f32* CT_RESTRICT v0,
                       f32* CT_RESTRICT v1,
                       f32* CT_RESTRICT v2,
                       f32* CT_RESTRICT v3)
{
    for (i64 i = begin; i < end; ++i) {
        f32 max_number0 = -__builtin_inff();
        CT_UNROLL
        for (i64 j = 0; j < 10; ++j) {
            const f32 v0_ij = v0[i * 10 + j];
            max_number0 = max_number_f32(max_number0, v0_ij);
        }
        const f32 t0 = -__builtin_inff() < max_number0 ? max_number0 : 0.0f;
        f32 sum0 = 0.0f;
        CT_UNROLL
        for (i64 j = 0; j < 10; ++j) {
            const f32 v0_ij_0 = v0[i * 10 + j];
            const f32 t1 = v0_ij_0 - t0;
            v0[i * 10 + j] = t1;
            const f32 t2 = exp_f32(t1);
            v1[i * 10 + j] = t2;
            sum0 += t2;
        }
        const f32 t3 = sum0 == 0.0f ? 1.0f : sum0;
        v2[i] = log_f32(t3);
        v3[i] = 1.0f / t3;
    }
}

// fused_2, in blocks on several threads where there is enough to do.
struct fused_2_arguments {
    i64 extent;
    i64 block;
    f32* v0;
    f32* v1;
    f32* v2;
    f32* v3;
};

static void fused_2_block(void* context, i64 block)
{
    struct fused_2_arguments* arguments = (struct fused_2_arguments*)context;
    const i64 begin = block * arguments->block;
    const i64 rest = arguments->extent - begin;
    const i64 end = begin + (rest < arguments->block ? rest : arguments->block);
    fused_2(begin, end, arguments->v0, arguments->v1, arguments->v2, arguments->v3);
}

CT_KERNEL void
all_fused_2(const struct ct_runtime* rt, i64 extent, f32* v0, f32* v1, f32* v2, f32* v3)
{
    // Operations of an iteration, and iterations of a block.
    const i64 cost = 580;
    const i64 block = block_of(cost);
    if (extent <= block || cost * extent < 200000 || !rt || !rt->parallel_for) {
        fused_2(0, extent, v0, v1, v2, v3);
        return;
    }
    struct fused_2_arguments arguments;
    arguments.extent = extent;
    arguments.block = block;
    arguments.v0 = v0;
    arguments.v1 = v1;
    arguments.v2 = v2;
    arguments.v3 = v3;
    rt->parallel_for(rt, fused_2_block, &arguments, block_count(extent, block));
}

// fused_3        golden_structured.cpp:237
//
//   partial[b] = sum_i(v0[i, label[i]] - v1[i, 0]) of block b
//
//   label    i64 (n)                read
//   v0       f32 (n, 10)            read
//   v1       f32 (n, 1)             read
//   partial  f32 (ceil(n / 16384))  written
//
// One call: 2 n flops; reads 52 n, writes 4 ceil(n / 16384) bytes.

CT_KERNEL i32 fused_3(i64 begin,
                      i64 end,
                      i64 n,
                      const i64* CT_RESTRICT label,
                      const f32* CT_RESTRICT v0,
                      const f32* CT_RESTRICT v1,
                      f32* CT_RESTRICT partial)
{
    i64 bad = 0;
    for (i64 i = begin; i < end; ++i) {
        const i64 count = min_i64(16384, n - i * 16384);
        f32 sum[32] = {0};
        const i64 full = count - count % 32;
        for (i64 j0 = 0; j0 < full; j0 += 32) {
            for (i64 l = 0; l < 32; ++l) {
                const i64 j = j0 + l;
                const i64 at0 = checked_index(label[i * 16384 + j], 10, &bad);
                sum[l] += v0[i * 163840 + j * 10 + at0] - v1[i * 16384 + j];
            }
        }
        for (i64 l = 0; l < count - full; ++l) {
            const i64 j = full + l;
            const i64 at0 = checked_index(label[i * 16384 + j], 10, &bad);
            sum[l] += v0[i * 163840 + j * 10 + at0] - v1[i * 16384 + j];
        }
        partial[i] = sum_lanes_f32(sum);
    }
    return bad != 0;
}

// fused_3, in blocks on several threads where there is enough to do.
struct fused_3_arguments {
    i64 extent;
    i64 block;
    i64 n;
    const i64* label;
    const f32* v0;
    const f32* v1;
    f32* partial;
    i32 bad;
};

static void fused_3_block(void* context, i64 block)
{
    struct fused_3_arguments* arguments = (struct fused_3_arguments*)context;
    const i64 begin = block * arguments->block;
    const i64 rest = arguments->extent - begin;
    const i64 end = begin + (rest < arguments->block ? rest : arguments->block);
    if (fused_3(begin, end, arguments->n, arguments->label, arguments->v0, arguments->v1,
                arguments->partial))
        __atomic_store_n(&arguments->bad, 1, __ATOMIC_RELAXED);
}

CT_KERNEL i32 all_fused_3(const struct ct_runtime* rt,
                          i64 extent,
                          i64 n,
                          const i64* label,
                          const f32* v0,
                          const f32* v1,
                          f32* partial)
{
    // Operations of an iteration, and iterations of a block.
    const i64 cost = min_i64(16384, n) * 2;
    const i64 block = block_of(cost);
    if (extent <= block || cost * extent < 200000 || !rt || !rt->parallel_for) {
        return fused_3(0, extent, n, label, v0, v1, partial);
    }
    struct fused_3_arguments arguments;
    arguments.extent = extent;
    arguments.block = block;
    arguments.n = n;
    arguments.label = label;
    arguments.v0 = v0;
    arguments.v1 = v1;
    arguments.partial = partial;
    arguments.bad = 0;
    rt->parallel_for(rt, fused_3_block, &arguments, block_count(extent, block));
    return arguments.bad;
}

// fused_4: loss = -(sum_i(partial[i]) / f32(n))        golden_structured.cpp:237
//
//   partial  f32 (ceil(n / 16384))  read
//   loss     f32 ()                 written
//
// One call: ceil(n / 16384) + 7 flops; reads 4 ceil(n / 16384), writes 4 bytes.

CT_KERNEL void fused_4(i64 n, const f32* CT_RESTRICT partial, f32* CT_RESTRICT loss)
{
    const i64 count = floor_div_i64(n + 16383, 16384);
    f32 sum[32] = {0};
    const i64 full = count - count % 32;
    for (i64 part = 0; part < full; part += 16384) {
        const i64 part_end = min_i64(part + 16384, full);
        f32 part_sum[32] = {0};
        for (i64 i0 = part; i0 < part_end; i0 += 32) {
            for (i64 l = 0; l < 32; ++l) {
                const i64 i = i0 + l;
                part_sum[l] += partial[i];
            }
        }
        CT_LANES
        for (i64 l = 0; l < 32; ++l)
            sum[l] += part_sum[l];
    }
    for (i64 l = 0; l < count - full; ++l) {
        const i64 i = full + l;
        sum[l] += partial[i];
    }
    loss[0] = -(sum_lanes_f32(sum) / (f32)n);
}

// fused_5: v0[i, j] = 0        golden_structured.cpp:236
//
//   v0  f32 (n, 10)  written
//
// One call writes 40 n bytes.

CT_KERNEL void fused_5(i64 begin, i64 end, f32* CT_RESTRICT v0)
{
    for (i64 i = begin; i < end; ++i) {
        v0[i] = 0.0f;
    }
}

// fused_5, in blocks on several threads where there is enough to do.
struct fused_5_arguments {
    i64 extent;
    i64 block;
    f32* v0;
};

static void fused_5_block(void* context, i64 block)
{
    struct fused_5_arguments* arguments = (struct fused_5_arguments*)context;
    const i64 begin = block * arguments->block;
    const i64 rest = arguments->extent - begin;
    const i64 end = begin + (rest < arguments->block ? rest : arguments->block);
    fused_5(begin, end, arguments->v0);
}

CT_KERNEL void all_fused_5(const struct ct_runtime* rt, i64 extent, f32* v0)
{
    // Operations of an iteration, and iterations of a block.
    const i64 cost = 1;
    const i64 block = block_of(cost);
    if (extent <= block || cost * extent < 200000 || !rt || !rt->parallel_for) {
        fused_5(0, extent, v0);
        return;
    }
    struct fused_5_arguments arguments;
    arguments.extent = extent;
    arguments.block = block;
    arguments.v0 = v0;
    rt->parallel_for(rt, fused_5_block, &arguments, block_count(extent, block));
}

// scatter_6: v0[i, label[i]] += v1[0, 0]        golden_structured.cpp:237
//
//   v0     f32 (n, 10)  read and written
//   label  i64 (n)      read
//   v1     f32 (1, 1)   read
//
// One call: n flops; reads 48 n + 4, writes 40 n bytes.

CT_KERNEL i32 scatter_6(i64 n,
                        f32* CT_RESTRICT v0,
                        const i64* CT_RESTRICT label,
                        const f32* CT_RESTRICT v1)
{
    i64 bad = 0;
    const f32 v1_0 = v1[0];
    for (i64 j = 0; j < n; ++j) {
        for (i64 k = 0; k < 1; ++k) {
            const i64 at0 = checked_index(label[j + k], 10, &bad);
            v0[j * 10 + at0] += v1_0;
        }
    }
    return bad != 0;
}

// fused_7        golden_structured.cpp:236
//
//   v2[i, j] = v0[i, j] - v2[i, j] * v1[i, 0] * sum_k(v0[i, k])
//
//   v0  f32 (n, 10)  read
//   v1  f32 (n, 1)   read
//   v2  f32 (n, 10)  read and written
//
// One call: 40 n flops; reads 84 n, writes 40 n bytes.

CT_KERNEL void fused_7(i64 begin,
                       i64 end,
                       const f32* CT_RESTRICT v0,
                       const f32* CT_RESTRICT v1,
                       f32* CT_RESTRICT v2)
{
    for (i64 i = begin; i < end; ++i) {
        f32 sum0 = 0.0f;
        CT_UNROLL
        for (i64 j = 0; j < 10; ++j) {
            sum0 += v0[i * 10 + j];
        }
        const f32 v1_i = v1[i];
        CT_UNROLL
        for (i64 j = 0; j < 10; ++j) {
            const f32 v2_ij = v2[i * 10 + j];
            v2[i * 10 + j] = v0[i * 10 + j] - v2_ij * v1_i * sum0;
        }
    }
}

// fused_7, in blocks on several threads where there is enough to do.
struct fused_7_arguments {
    i64 extent;
    i64 block;
    const f32* v0;
    const f32* v1;
    f32* v2;
};

static void fused_7_block(void* context, i64 block)
{
    struct fused_7_arguments* arguments = (struct fused_7_arguments*)context;
    const i64 begin = block * arguments->block;
    const i64 rest = arguments->extent - begin;
    const i64 end = begin + (rest < arguments->block ? rest : arguments->block);
    fused_7(begin, end, arguments->v0, arguments->v1, arguments->v2);
}

CT_KERNEL void
all_fused_7(const struct ct_runtime* rt, i64 extent, const f32* v0, const f32* v1, f32* v2)
{
    // Operations of an iteration, and iterations of a block.
    const i64 cost = 40;
    const i64 block = block_of(cost);
    if (extent <= block || cost * extent < 200000 || !rt || !rt->parallel_for) {
        fused_7(0, extent, v0, v1, v2);
        return;
    }
    struct fused_7_arguments arguments;
    arguments.extent = extent;
    arguments.block = block;
    arguments.v0 = v0;
    arguments.v1 = v1;
    arguments.v2 = v2;
    rt->parallel_for(rt, fused_7_block, &arguments, block_count(extent, block));
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

// matmul_8        golden_structured.cpp:236, 240
//
//   v1[i, j] = w[i, j] - 0.1 * sum_k(x[k, i] * v0[k, j])
//
//   x          f32 (n, 64)   read
//   v0         f32 (n, 10)   read
//   v1         f32 (64, 10)  written
//   packed_v0  f32 (32 * n)  scratch
//   packed_x   f32 (72 * n)  scratch
//   w          f32 (64, 10)  read
//
// One call: 1280 n + 1280 flops; reads 296 n + 2560, writes 2560 bytes.

// What follows from the sums of rows i0 .. i1 and columns j0 .. j1.
CT_MATH void
matmul_8_finish(i64 i0, i64 i1, i64 j0, i64 j1, f32* CT_RESTRICT v1, const f32* CT_RESTRICT w)
{
    for (i64 i = i0; i < i1; ++i) {
        for (i64 j = j0; j < j1; ++j) {
            const f32 v1_ij = v1[i * 10 + j];
            v1[i * 10 + j] = w[i * 10 + j] - 0.1f * v1_ij;
        }
    }
}

struct matmul_8_parts {
    i64 n;
    const f32* x;
    const f32* v0;
    f32* v1;
    f32* packed_v0;
    f32* packed_x;
    const f32* w;
    b8 packs_b;
};

CT_CALLED void matmul_8_pack_a(void* context, i64 t)
{
    const struct matmul_8_parts* s = (const struct matmul_8_parts*)context;
    const i64 p0 = t * 32;
    const f32* from = s->x + p0 * 64;
    f32* to = s->packed_x;
    product_pack_a_f32(from, 64, 1, s->n, 64, p0, to);
}

CT_CALLED void matmul_8_pack_b(void* context, i64 t)
{
    const struct matmul_8_parts* s = (const struct matmul_8_parts*)context;
    const i64 p0 = t * 32;
    const f32* from = s->v0 + p0 * 10;
    f32* to = s->packed_v0;
    product_pack_b_f32(from, 10, 1, s->n, 10, p0, to);
}

// One of the parts of the product: 256 columns of some rows.
CT_CALLED void matmul_8_tile(void* context, i64 t)
{
    const struct matmul_8_parts* s = (const struct matmul_8_parts*)context;
    const i64 tall = 48;
    const i64 i0 = t * tall;
    const i64 i1 = i0 + tall < 64 ? i0 + tall : 64;
    const i64 j0 = 0;
    const i64 j1 = 10;
    const f32* a = s->packed_x;
    i64 a_first = s->n;
    i64 a_row = 1;
    i64 a_step = CT_BLOCK_ROWS;
    const f32* b = s->v0;
    i64 b_first = 1;
    i64 b_step = 10;
    if (s->packs_b) {
        b = s->packed_v0;
        b_first = s->n;
        b_step = CT_BLOCK_COLUMNS(f32);
    }
    if (s->n == 0) a_first = a_row = b_first = 0;
    f32* out = s->v1;
    i64 p = 0;
    do {
        i64 depth = s->n - p;
        if (depth > 384) depth = depth < 768 ? (depth / 2 + 15) / 16 * 16 : 384;
        for (i64 j = j0; j < j1; j += CT_BLOCK_COLUMNS(f32)) {
            const i64 width = j1 - j < CT_BLOCK_COLUMNS(f32) ? j1 - j : CT_BLOCK_COLUMNS(f32);
            i64 rows = 0;
            for (i64 i = i0; i < i1; i += rows) {
                rows = product_block_rows(i1 - i, a_row);
                product_rows_f32(rows, width, depth, p > 0, a + i * a_first + p * a_step, a_row,
                                 a_step, b + j * b_first + p * b_step, b_step, out + i * 10 + j,
                                 10);
            }
        }
        if (p + depth == s->n) matmul_8_finish(i0, i1, j0, j1, s->v1, s->w);
        p += depth;
    } while (p < s->n);
}

CT_KERNEL void matmul_8(const struct ct_runtime* rt,
                        i64 n,
                        const f32* x,
                        const f32* v0,
                        f32* v1,
                        f32* packed_v0,
                        f32* packed_x,
                        const f32* w)
{
    struct matmul_8_parts s;
    s.n = n;
    s.x = x;
    s.v0 = v0;
    s.v1 = v1;
    s.packed_v0 = packed_v0;
    s.packed_x = packed_x;
    s.w = w;
    for_each_block(rt, matmul_8_pack_a, &s, (n + 31) / 32, n * 128);
    s.packs_b = 10 % CT_BLOCK_COLUMNS(f32) != 0;
    if (s.packs_b) for_each_block(rt, matmul_8_pack_b, &s, (n + 31) / 32, n * 20);
    const i64 cost = n * 1280;
    for_each_block(rt, matmul_8_tile, &s, 2, cost);
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
    if (extents[1] != 64) return guard_failed(report, 1, extents[1], 64);
    if (extents[2] != n) return guard_failed(report, 2, extents[2], n);
    if (extents[3] != 64) return guard_failed(report, 3, extents[3], 64);
    if (extents[4] != 10) return guard_failed(report, 4, extents[4], 10);
    if (extents[5] != 64) return guard_failed(report, 5, extents[5], 64);
    if (extents[6] != 10) return guard_failed(report, 6, extents[6], 10);
    const f32* x = (const f32*)in[0];
    const i64* label = (const i64*)in[1];
    const f32* w = (const f32*)in[2];
    f32* loss = (f32*)out[0];
    f32* y0 = (f32*)out[1];
    char* const work = (char*)workspace;
    const i64 end0 = 8256 + align_64(n * 128);
    const i64 end1 = end0 + align_64(n * 40);
    const i64 end2 = end1 + align_64(n * 288);
    const i64 end3 = end2 + align_64(n * 4);
    f32* v0 = (f32*)(work + 8192);
    f32* v1 = (f32*)(work + 8256);
    f32* packed = (f32*)(work + 0);
    f32* v2 = (f32*)(work + end0);
    f32* v3 = (f32*)(work + end1);
    f32* v4 = (f32*)(work + end2);
    f32* partial = (f32*)(work + end3);
    f32* v5 = (f32*)(work + 8256);
    f32* packed_0 = (f32*)(work + 8256);
    f32* packed_1 = (f32*)(work + end1);
    fused_0(n, v0);
    matmul_1(rt, n, x, w, v1, packed);
    all_fused_2(rt, n, v1, v2, v3, v4);
    if (all_fused_3(rt, floor_div_i64(n + 16383, 16384), n, label, v1, v3, partial))
        return index_failed(report, 1048576, 0);
    fused_4(n, partial, loss);
    all_fused_5(rt, n * 10, v5);
    if (scatter_6(n, v5, label, v0)) return index_failed(report, 1048576, 1);
    all_fused_7(rt, n, v5, v4, v2);
    matmul_8(rt, n, x, v2, y0, packed_0, packed_1, w);
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    const i64 n = extents[0];
    const i64 end0 = 8256 + align_64(n * 128);
    const i64 end1 = end0 + align_64(n * 40);
    const i64 end2 = end1 + align_64(n * 288);
    const i64 end3 = end2 + align_64(n * 4);
    const i64 end4 = end3 + align_64(floor_div_i64(n + 16383, 16384) * 4);
    return end4;
}
