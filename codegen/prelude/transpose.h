/* Rows of members side by side: a strip of them is read along the rows, and lies across.
   Written for f64; f32 is this text renamed. */

/* Eight rows of eight elements, as columns of `to`. */
CT_MATH void transpose_8_f64(const f64* from, i64 per_row, f64* to, i64 per_column)
{
#ifdef CT_SHUFFLE
    eight_f64 r[8];
    eight_f64 t[8];
    CT_UNROLL
    for (i64 i = 0; i < 8; ++i)
        __builtin_memcpy(&r[i], from + i * per_row, sizeof r[i]);
    CT_UNROLL
    for (i64 i = 0; i < 8; i += 2) {
        t[i] = CT_SHUFFLE(r[i], r[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        t[i + 1] = CT_SHUFFLE(r[i], r[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    CT_UNROLL
    for (i64 k = 0; k < 4; ++k) {
        const i64 i = k / 2 * 4 + k % 2;
        r[i] = CT_SHUFFLE(t[i], t[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        r[i + 2] = CT_SHUFFLE(t[i], t[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
    CT_UNROLL
    for (i64 i = 0; i < 4; ++i) {
        t[i] = CT_SHUFFLE(r[i], r[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        t[i + 4] = CT_SHUFFLE(r[i], r[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
    CT_UNROLL
    for (i64 i = 0; i < 8; ++i)
        __builtin_memcpy(to + i * per_column, &t[i], sizeof t[i]);
#else
    for (i64 i = 0; i < 8; ++i)
        for (i64 j = 0; j < 8; ++j)
            to[j * per_column + i] = from[i * per_row + j];
#endif
}

/* to[j * width + i] = from[i * apart + j], for all rows i and columns j. */
CT_MATH void transpose_f64(const f64* from, i64 apart, i64 rows, i64 columns, f64* to, i64 width)
{
    for (i64 i0 = 0; i0 < rows; i0 += 8) {
        i64 done = 0;
        for (; i0 + 8 <= rows && done + 8 <= columns; done += 8)
            transpose_8_f64(from + i0 * apart + done, apart, to + done * width + i0, width);
        for (i64 i = i0; i < rows && i < i0 + 8; ++i)
            for (i64 j = done; j < columns; ++j)
                to[j * width + i] = from[i * apart + j];
    }
}

/* While a loop of `columns` steps computes `width` rows, the next rows come from memory, a part of
   one at step j: all at once they would wait for each other. */
CT_MATH void prefetch_rows_f64(const f64* next, i64 apart, i64 width, i64 j)
{
    const f64* part = next + j % width * apart + (j - j % width);
    CT_UNROLL
    for (i64 i = 0; i < width; i += 64 / (i64)sizeof(f64))
        CT_PREFETCH(part + i);
}
