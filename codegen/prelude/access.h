/* Indices that a kernel read from memory, partial results of reductions, rows of products. */

/* Out of range: *bad is no longer 0, and what is given is safe to read, as long as the axis has an
   element; code after the loop reports it. As wide as the index and without a comparison of its
   own, the flag costs a vector loop two operations. */
CT_MATH i64 checked_index_u64(u64 raw, i64 extent, i64* bad)
{
    const u64 last = extent > 0 ? (u64)extent - 1 : 0;
    const u64 at = raw < last ? raw : last;
    *bad |= (i64)(at ^ raw) | (extent <= 0);
    return (i64)at;
}

/* The same where a negative index counts from the end, which a u64 from 2^63 on does not. */
CT_MATH i64 checked_index(i64 raw, i64 extent, i64* bad)
{
    return checked_index_u64((u64)(raw < 0 ? raw + extent : raw), extent, bad);
}

/* The lanes of a reduction combined by halving: lane l with lane l + 16, then l + 8, and so on. The
   order is the same on every CPU. */
CT_MATH f32 sum_lanes_f32(f32* lanes)
{
    for (i64 half = 16; half > 0; half /= 2)
        for (i64 l = 0; l < half; ++l)
            lanes[l] += lanes[l + half];
    return lanes[0];
}

CT_MATH f64 sum_lanes_f64(f64* lanes)
{
    for (i64 half = 8; half > 0; half /= 2)
        for (i64 l = 0; l < half; ++l)
            lanes[l] += lanes[l + half];
    return lanes[0];
}

CT_MATH f32 prod_lanes_f32(f32* lanes)
{
    for (i64 half = 16; half > 0; half /= 2)
        for (i64 l = 0; l < half; ++l)
            lanes[l] *= lanes[l + half];
    return lanes[0];
}

CT_MATH f64 prod_lanes_f64(f64* lanes)
{
    for (i64 half = 8; half > 0; half /= 2)
        for (i64 l = 0; l < half; ++l)
            lanes[l] *= lanes[l + half];
    return lanes[0];
}

CT_MATH f32 max_lanes_f32(f32* lanes)
{
    for (i64 half = 16; half > 0; half /= 2)
        for (i64 l = 0; l < half; ++l)
            lanes[l] = max_f32(lanes[l], lanes[l + half]);
    return lanes[0];
}

CT_MATH f64 max_lanes_f64(f64* lanes)
{
    for (i64 half = 8; half > 0; half /= 2)
        for (i64 l = 0; l < half; ++l)
            lanes[l] = max_f64(lanes[l], lanes[l + half]);
    return lanes[0];
}

CT_MATH f32 max_number_lanes_f32(f32* lanes)
{
    for (i64 half = 16; half > 0; half /= 2)
        for (i64 l = 0; l < half; ++l)
            lanes[l] = max_number_f32(lanes[l], lanes[l + half]);
    return lanes[0];
}

CT_MATH f64 max_number_lanes_f64(f64* lanes)
{
    for (i64 half = 8; half > 0; half /= 2)
        for (i64 l = 0; l < half; ++l)
            lanes[l] = max_number_f64(lanes[l], lanes[l + half]);
    return lanes[0];
}

CT_MATH f32 min_lanes_f32(f32* lanes)
{
    for (i64 half = 16; half > 0; half /= 2)
        for (i64 l = 0; l < half; ++l)
            lanes[l] = min_f32(lanes[l], lanes[l + half]);
    return lanes[0];
}

CT_MATH f64 min_lanes_f64(f64* lanes)
{
    for (i64 half = 8; half > 0; half /= 2)
        for (i64 l = 0; l < half; ++l)
            lanes[l] = min_f64(lanes[l], lanes[l + half]);
    return lanes[0];
}

/* The place of the best of the lanes' values, each the first of its lane: of those that are as good
   the least place. */
CT_MATH i64 argmax_lanes_i64(const i64* best, const i64* at)
{
    const i64 behind = 0x7fffffffffffffff;
    i64 largest = best[0], first = behind;
    CT_LANES
    for (i64 l = 0; l < 16; ++l)
        largest = best[l] > largest ? best[l] : largest;
    CT_LANES
    for (i64 l = 0; l < 16; ++l) {
        const i64 place = best[l] == largest ? at[l] : behind;
        first = place < first ? place : first;
    }
    return first;
}

CT_MATH i64 argmin_lanes_i64(const i64* best, const i64* at)
{
    i64 opposite[16];
    CT_LANES
    for (i64 l = 0; l < 16; ++l)
        opposite[l] = ~best[l];
    return argmax_lanes_i64(opposite, at);
}

CT_MATH i64 argmax_lanes_u64(const u64* best, const i64* at)
{
    i64 ordered[16];
    CT_LANES
    for (i64 l = 0; l < 16; ++l)
        ordered[l] = (i64)(best[l] ^ 0x8000000000000000u);
    return argmax_lanes_i64(ordered, at);
}

CT_MATH i64 argmin_lanes_u64(const u64* best, const i64* at)
{
    i64 opposite[16];
    CT_LANES
    for (i64 l = 0; l < 16; ++l)
        opposite[l] = (i64)(~best[l] ^ 0x8000000000000000u);
    return argmax_lanes_i64(opposite, at);
}

/* An integer for each float, in their order: zeros are equal, and NaN is the largest. */
CT_MATH i64 ordered_f64(f64 x)
{
    const i64 bits = (i64)bits_f64(x + 0.0); /* -0 + 0 is 0 */
    const i64 order = bits < 0 ? bits ^ 0x7fffffffffffffff : bits;
    return x == x ? order : 0x7fffffffffffffff;
}

CT_MATH i64 argmax_lanes_f64(const f64* best, const i64* at)
{
    i64 ordered[16];
    CT_LANES
    for (i64 l = 0; l < 16; ++l)
        ordered[l] = ordered_f64(best[l]);
    return argmax_lanes_i64(ordered, at);
}

CT_MATH i64 argmin_lanes_f64(const f64* best, const i64* at)
{
    i64 opposite[16];
    CT_LANES
    for (i64 l = 0; l < 16; ++l)
        opposite[l] = ordered_f64(-best[l]);
    return argmax_lanes_i64(opposite, at);
}

CT_MATH i64 argmax_lanes_f32(const f32* best, const i64* at)
{
    i64 ordered[16];
    CT_LANES
    for (i64 l = 0; l < 16; ++l)
        ordered[l] = ordered_f64((f64)best[l]);
    return argmax_lanes_i64(ordered, at);
}

CT_MATH i64 argmin_lanes_f32(const f32* best, const i64* at)
{
    i64 opposite[16];
    CT_LANES
    for (i64 l = 0; l < 16; ++l)
        opposite[l] = ordered_f64(-(f64)best[l]);
    return argmax_lanes_i64(opposite, at);
}

/* Sizes and places of values in the workspace are multiples of a cache line. */
CT_MATH i64 align_64(i64 bytes) { return (bytes + 63) / 64 * 64; }

/* The next multiple of `to`. */
CT_MATH i64 round_up(i64 n, i64 to) { return (n + to - 1) / to * to; }

/* Something that had to be equal is not: what it is, and what it should be. */
CT_NOINLINE i32 guard_failed(struct ct_report* report, i32 guard, i64 found, i64 expected)
{
    report->code = guard;
    report->values[0] = found;
    report->values[1] = expected;
    return guard;
}

CT_NOINLINE i32 index_failed(struct ct_report* report, i32 code, u32 apply)
{
    report->code = code;
    report->apply = apply;
    return code;
}

/* Blocks of a parallel loop depend on extents alone, never on the number of threads. */
CT_MATH i64 block_count(i64 extent, i64 block) { return (extent + block - 1) / block; }

/* Iterations in a block: about 50 us of work, a multiple of 32 so that lanes stay whole. */
CT_MATH i64 block_of(i64 cost)
{
    const i64 n = 500000 / (cost > 0 ? cost : 1);
    return n < 1 ? 1 : n < 32 ? n : n / 32 * 32;
}

/* An output of 32 MiB or more would push out of the caches what is read again. */
CT_MATH b8 passes_caches(const void* to, i64 bytes)
{
    return bytes >= 33554432 && (u64)to % 32 == 0;
}

/* Copies a block past the caches; both begin at a multiple of 32 bytes. */
CT_MATH void stream_bytes(char* to, const char* from, i64 bytes)
{
    i64 i = 0;
#if defined(__clang__) && !defined(CT_CUDA)
    for (; i + (i64)sizeof(ct_vector) <= bytes; i += (i64)sizeof(ct_vector))
        __builtin_nontemporal_store(*(const ct_vector*)(from + i), (ct_vector*)(to + i));
#endif
    for (; i < bytes; ++i)
        to[i] = from[i];
}

/* What was streamed is seen by whoever sees what is stored after. */
CT_MATH void stream_end(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

CT_CALLED void copy_bytes(char* to, const char* from, i64 bytes)
{
    for (i64 i = 0; i < bytes; ++i)
        to[i] = from[i];
}

CT_CALLED void zero_bytes(char* to, i64 bytes)
{
    for (i64 i = 0; i < bytes; ++i)
        to[i] = 0;
}

/* The next buffer of a pool, from `*at` on, in which none of `taken` lies. All without bytes lie in
   one place. */
CT_CALLED char* free_buffer(char* pool, i64 bytes, i64* at, const void* const* taken, i64 count)
{
    for (;;) {
        char* const buffer = pool + (*at)++ * bytes;
        i64 k = 0;
        while (k < count && taken[k] != (const void*)buffer)
            ++k;
        if (k == count || bytes == 0) return buffer;
    }
}

/* Rows of a product's next block, of `left`: where a block has 6, two of 4 are faster than one and
   2 single rows. Packed rows, which lie side by side, come in whole blocks. */
CT_MATH i64 product_block_rows(i64 left, i64 a_row)
{
    if (CT_BLOCK_ROWS < 8 && left == 8 && a_row != 1) return 4;
    return left < CT_BLOCK_ROWS ? left : CT_BLOCK_ROWS;
}

/* Calls fn for each block, on several threads where `cost` operations are worth it. */
CT_MATH void for_each_block(const struct ct_runtime* rt,
                            void (*fn)(void* context, i64 block),
                            void* context,
                            i64 blocks,
                            i64 cost)
{
    if (rt && rt->parallel_for && blocks > 1 && cost > 200000)
        rt->parallel_for(rt, fn, context, blocks);
    else
        for (i64 block = 0; block < blocks; ++block)
            fn(context, block);
}
