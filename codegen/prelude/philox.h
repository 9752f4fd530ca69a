/* Random numbers by counter: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers, as
   easy as 1, 2, 3, 2011). Element `index` of a draw is a function of index and key alone, so draws
   are the same in any order, on any number of threads, on every machine. */

/* Words 0 and 1 (words 2 and 3 if `second`) of the block that belongs to an index, low word first.
   Every word sits in 64 bits, so that the products vectorise. */
CT_MATH u64 philox_words(u64 index, u64 key, i32 second)
{
    u64 x0 = index & 0xffffffffu;
    u64 x1 = index >> 32;
    u64 x2 = 0;
    u64 x3 = 0;
    u64 k0 = key & 0xffffffffu;
    u64 k1 = key >> 32;
    for (i32 round = 0; round < 10; ++round) {
        u64 p0 = (u64)0xd2511f53u * x0;
        u64 p1 = (u64)0xcd9e8d57u * x2;
        x0 = (p1 >> 32) ^ x1 ^ k0;
        x1 = p1 & 0xffffffffu;
        x2 = (p0 >> 32) ^ x3 ^ k1;
        x3 = p0 & 0xffffffffu;
        k0 = (k0 + 0x9e3779b9u) & 0xffffffffu;
        k1 = (k1 + 0xbb67ae85u) & 0xffffffffu;
    }
    return second ? x2 | x3 << 32 : x0 | x1 << 32;
}

/* In [0, 1), from 24 (f32) or 52 (f64) bits. */
CT_MATH f32 unit_from_word_f32(u64 word) { return (f32)(i32)((u32)word >> 8) * 0x1p-24f; }
CT_MATH f64 unit_from_words_f64(u64 words)
{
    return from_bits_f64(words >> 12 | 0x3ff0000000000000u) - 1.0;
}

CT_MATH f32 philox_uniform_f32(u64 index, u64 key)
{
    return unit_from_word_f32(philox_words(index, key, 0));
}
CT_MATH f64 philox_uniform_f64(u64 index, u64 key)
{
    return unit_from_words_f64(philox_words(index, key, 0));
}

/* Box and Muller's sqrt(-2 log u) cos(2 pi v) with u in (0, 1]: within 5.8 (f32) and 8.5 (f64). */
CT_MATH f32 philox_normal_f32(u64 index, u64 key)
{
    u64 words = philox_words(index, key, 0);
    f32 u = 1.0f - unit_from_word_f32(words);
    f32 v = unit_from_word_f32(words >> 32);
    return sqrt_f32(-2.0f * log_f32(u)) * cos_fast_f32(0x1.921fb6p+2f * v);
}
CT_MATH f64 philox_normal_f64(u64 index, u64 key)
{
    f64 u = 1.0 - unit_from_words_f64(philox_words(index, key, 0));
    f64 v = unit_from_words_f64(philox_words(index, key, 1));
    return sqrt_f64(-2.0 * log_f64(u)) * cos_fast_f64(0x1.921fb54442d18p+2 * v);
}
