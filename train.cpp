/* Types and macros of every emitted program, which is C11, C++20 and CUDA C++ at once and includes
   nothing. It is compiled with -O2 -ffp-contract=off -fno-math-errno -fno-trapping-math. */
typedef __INT8_TYPE__ i8;
typedef __INT16_TYPE__ i16;
typedef __INT32_TYPE__ i32;
typedef __INT64_TYPE__ i64;
typedef __UINT8_TYPE__ u8;
typedef __UINT16_TYPE__ u16;
typedef __UINT32_TYPE__ u32;
typedef __UINT64_TYPE__ u64;
typedef float f32;
typedef double f64;
typedef __UINT8_TYPE__ b8; /* an element of a bool array: 0 or 1 */

#if defined(__x86_64__) && !defined(__FMA__)
#error "croton: this program needs fused multiply-add: compile with -march=x86-64-v3"
#endif

#ifdef __cplusplus
#define CT_EXTERN_C extern "C"
#else
#define CT_EXTERN_C extern
#endif
/* A kernel is called from this program alone, perhaps from another of its translation units. */
#define CT_KERNEL CT_EXTERN_C __attribute__((visibility("hidden")))
#define CT_EXPORT CT_EXTERN_C __attribute__((visibility("default")))
#define CT_RESTRICT __restrict__
#define CT_NOINLINE static __attribute__((noinline, cold, unused))
#ifdef __CUDACC__
#define CT_MATH static __device__ __forceinline__ __attribute__((unused))
#else
#define CT_MATH static inline __attribute__((always_inline, unused))
#endif

/* What a program's `run` gets besides its buffers. i32, i64 and u32 are the prelude's.
 *
 * Structs begin with version and size and only grow. A program reads a field only if it was built
 * for a version that has it. Everything it calls outside itself is reached through ct_runtime. */
struct ct_runtime {
    u32 version; /* 1 */
    u32 size;    /* of this struct, in bytes */
    /* Runs fn(context, block) once for each block in [0, blocks), on any threads, and returns when
     * all are done. */
    void (*parallel_for)(const struct ct_runtime* runtime, void (*fn)(void* context, i64 block),
                         void* context, i64 blocks);
    void* context; /* the caller's, for the functions below */
    /* Around the stores into shared variables, which come last. Not 0: give up, nothing stored. */
    i32 (*commit_begin)(const struct ct_runtime* runtime);
    void (*commit_end)(const struct ct_runtime* runtime);
    const void* const* routines; /* library routines, in the order the program names them */
    i32 threads;                 /* for parallel_for: at most this many; 0: all */
    i32 reserved;
    /* Devices; null on a CPU. */
    void* launch;
    void* copy;
    void* wait;
};

/* Why a run stopped. Filled in only if `run` returns something else than 0. */
struct ct_report {
    i32 code;      /* what `run` returned */
    u32 apply;     /* number of the Apply in the program's table */
    i64 values[4]; /* what the message shows, such as an index and its bound */
};

/* Indices that a kernel read from memory, and partial results of its reductions. */

/* A negative index counts from the end. Out of range: sets *bad and gives an index that is safe to
   read, as long as the axis has an element; code after the loop reports it. */
CT_MATH i64 checked_index(i64 raw, i64 extent, i32* bad)
{
    const i64 at = raw < 0 ? raw + extent : raw;
    const i32 outside = (i32)((u64)at >= (u64)extent);
    *bad |= outside;
    return outside ? 0 : at;
}

/* The lanes of a reduction combined by halving: lane l with lane l + 16, then l + 8, and so on. The
   order is the same on every CPU. */
CT_MATH f32 sum_lanes_f32(f32* lanes)
{
    for (i64 half = 16; half > 0; half /= 2)
        for (i64 l = 0; l < half; ++l) lanes[l] += lanes[l + half];
    return lanes[0];
}

/* Bits, signs, classes, minima and rounding of floats. Exact, so without an error bound. */

/* A NaN operand is the result (the first, if both are); of equal operands the second is. */
CT_MATH f32 max_f32(f32 a, f32 b) { return a != a ? a : a > b ? a : b; }

CT_MATH f32 max_lanes_f32(f32* lanes)
{
    for (i64 half = 16; half > 0; half /= 2)
        for (i64 l = 0; l < half; ++l) lanes[l] = max_f32(lanes[l], lanes[l + half]);
    return lanes[0];
}

/* Sizes and places of values in the workspace are multiples of a cache line. */
CT_MATH i64 align_64(i64 bytes) { return (bytes + 63) / 64 * 64; }

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

/* Integer division rounded down, and its remainder, which has the divisor's sign. By zero both are
   0; the smallest number by -1 is itself, remainder 0. */

CT_MATH i64 floor_div_i64(i64 a, i64 b)
{
    i64 smallest = (i64)(-(i64)(~(u64)0 >> 1) - 1);
    i64 d = b == 0 || (b == -1 && a == smallest) ? 1 : b;
    i64 q = a / d;
    q = q * d != a && (a < 0) != (d < 0) ? q - 1 : q;
    return b == 0 ? 0 : q;
}

/* a * b + c rounded once. */
CT_MATH f32 fma_f32(f32 a, f32 b, f32 c) { return __builtin_fmaf(a, b, c); }

/* Exponentials. x = n ln 2 + r with |r| <= ln(2)/2 and e^r = 1 + p, p = r + r^2 q(r), q a minimax
   polynomial (tools/minimax.py). Adding 1.5 * 2^23 (f32) or 1.5 * 2^52 (f64) rounds to an integer
   and leaves it in the low bits of the sum, here called t. */

/* The sum whose low bits are n = x / ln 2 rounded. */
CT_MATH f32 exp_shift_f32(f32 x) { return fma_f32(x, 0x1.715476p+0f, 0x1.8p+23f); }

/* x - n ln 2, ln 2 in two parts of which the first times n is exact. */
CT_MATH f32 exp_rest_f32(f32 x, f32 t)
{
    f32 n = t - 0x1.8p+23f;
    f32 r = fma_f32(n, -0x1.62e4p-1f, x);
    return fma_f32(n, -0x1.7f7d1cp-20f, r);
}

CT_MATH u32 bits_f32(f32 x)
{
    u32 bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    return bits;
}

CT_MATH f32 from_bits_f32(u32 bits)
{
    f32 x;
    __builtin_memcpy(&x, &bits, sizeof x);
    return x;
}

/* y 2^n rounded once, subnormals and overflow included, for 0.5 < y < 2 and |n| < 250. */
CT_MATH f32 exp_scale_f32(f32 y, f32 t)
{
    u32 n = bits_f32(t) - 0x4b400000u;
#if defined(__clang__) && __clang_major__ >= 22 && defined(__AVX512F__)
    return __builtin_ldexpf(y, (i32)n);
#else
    u32 a = (n + 256u) >> 1;
    u32 b = n + 256u - a;
    return y * from_bits_f32((a - 1u) << 23) * from_bits_f32((b - 1u) << 23);
#endif
}

/* e^r - 1 for |r| <= ln(2)/2, to 2^-28.2 (f32) and 2^-57.9 (f64) of e^r. */
CT_MATH f32 exp_poly_f32(f32 r)
{
    f32 q = 0x1.6ad156p-10f;
    q = fma_f32(q, r, 0x1.123f3p-7f);
    q = fma_f32(q, r, 0x1.55584ep-5f);
    q = fma_f32(q, r, 0x1.55548ap-3f);
    q = fma_f32(q, r, 0x1.fffffcp-2f);
    return fma_f32(r * r, q, r);
}

CT_MATH f32 exp_f32(f32 x)
{
    f32 c = x < -104.0f ? -104.0f : x > 89.0f ? 89.0f : x; /* a NaN stays */
    f32 t = exp_shift_f32(c);
    return exp_scale_f32(1.0f + exp_poly_f32(exp_rest_f32(c, t)), t);
}

CT_MATH f32 abs_f32(f32 x) { return from_bits_f32(bits_f32(x) & 0x7fffffffu); }

/* Signed integers that wrap, without a trap or undefined behaviour for any operands. Written for 64
   bits; the other widths are this text with i64 and u64 renamed. `0u +` keeps narrow unsigned
   operands from becoming int, whose overflow is undefined. */

CT_MATH i64 min_i64(i64 a, i64 b) { return a < b ? a : b; }

/* Logarithms. x = 2^k (1 + f); f32: log(1 + f) = f + f^2 q(f) with 2/3 <= 1 + f < 4/3;
   f64: with s = f / (2 + f), log(1 + f) = 2 atanh(s) = f - s (f - s^2 q(s^2)) and
   sqrt(1/2) <= 1 + f < sqrt(2). The polynomials are minimax (tools/minimax.py). */

/* k 2^23 for positive normal x, as bits. */
CT_MATH u32 log_exponent_f32(f32 x) { return (bits_f32(x) - 0x3f2aaaabu) & 0xff800000u; }

/* log(1 + f), 2/3 <= 1 + f < 4/3, to 2^-27.6 of itself. */
CT_MATH f32 log_poly_f32(f32 f)
{
    f32 q = -0x1.ff99ap-4f;
    q = fma_f32(q, f, 0x1.1ff462p-3f);
    q = fma_f32(q, f, -0x1.f6b6dep-4f);
    q = fma_f32(q, f, 0x1.1e824cp-3f);
    q = fma_f32(q, f, -0x1.557e24p-3f);
    q = fma_f32(q, f, 0x1.99d58cp-3f);
    q = fma_f32(q, f, -0x1.ffff94p-3f);
    q = fma_f32(q, f, 0x1.5554fap-2f);
    q = fma_f32(q, f, -0x1p-1f);
    return fma_f32(f * f, q, f);
}

/* k ln 2 + log(1 + f). */
CT_MATH f32 log_sum_f32(f32 k, f32 f) { return fma_f32(k, 0x1.62e43p-1f, log_poly_f32(f)); }

/* The result y where 0 < x < inf; else inf, -inf at 0, NaN below. */
CT_MATH f32 log_special_f32(f32 x, f32 y)
{
    f32 edge = x == 0 ? -__builtin_inff() : __builtin_nanf("");
    y = x < __builtin_inff() ? y : x;
    return x > 0 ? y : edge;
}

CT_MATH f32 log_f32(f32 x)
{
    b8 small = x < 0x1p-126f;
    f32 a = small ? x * 0x1p+24f : x;
    u32 e = log_exponent_f32(a);
    f32 f = from_bits_f32(bits_f32(a) - e) - 1.0f;
    f32 k = (f32)((i32)e >> 23) - (small ? 24.0f : 0.0f);
    return log_special_f32(x, log_sum_f32(k, f));
}

/* Conversions as C has them; integers wrap. */

CT_MATH f32 cast_f32_i64(i64 x) { return (f32)x; }

/* ---- program ---- */

// matmul_0: contract        digits.cpp:28
//
//   images  f32 (n, 64)
//   weights1  f32 (64, 64)
//   v0  f32 (n, 64)  written

CT_KERNEL void matmul_0(i64 n, const f32* CT_RESTRICT images, const f32* CT_RESTRICT weights1,
                        f32* CT_RESTRICT v0)
{
    for (i64 h = 0; h < 1; ++h) {
        for (i64 i = 0; i < n; ++i) {
            f32* out = v0 + (h * n + i) * 64;
            for (i64 j = 0; j < 64; ++j) out[j] = 0;
            for (i64 k = 0; k < 64; ++k) {
                const f32 a = images[h * 0 + i * 64 + k * 1];
                for (i64 j = 0; j < 64; ++j) {
                    const f32 b = weights1[h * 0 + k * 64 + j * 1];
                    out[j] = fma_f32(a, b, out[j]);
                }
            }
        }
    }
}

// fused_1: relu        digits.cpp:72
//
//   v0  f32 (n, 64)
//   bias1  f32 (64)
//   v1  f32 (n, 64)  written

CT_KERNEL void fused_1(i64 begin, i64 end, const f32* CT_RESTRICT v0, const f32* CT_RESTRICT bias1,
                       f32* CT_RESTRICT v1)
{
    for (i64 i = begin; i < end; ++i) {
        for (i64 j = 0; j < 64; ++j) {
            v1[i * 64 + j] = max_f32(v0[i * 64 + j] + bias1[j], 0);
        }
    }
}

struct fused_1_arguments {
    i64 extent, block;
    const f32* v0;
    const f32* bias1;
    f32* v1;
};

static void fused_1_block(void* context, i64 block)
{
    struct fused_1_arguments* a = (struct fused_1_arguments*)context;
    const i64 begin = block * a->block;
    const i64 end = begin + a->block < a->extent ? begin + a->block : a->extent;
    fused_1(begin, end, a->v0, a->bias1, a->v1);
}

static void all_fused_1(const struct ct_runtime* rt, i64 extent, const f32* v0, const f32* bias1,
                        f32* v1)
{
    const i64 cost = 384; // operations of an iteration
    const i64 block = block_of(cost);
    if (extent <= block || cost * extent < 200000 || !rt || !rt->parallel_for) {
        fused_1(0, extent, v0, bias1, v1);
        return;
    }
    struct fused_1_arguments a = {extent, block, v0, bias1, v1};
    rt->parallel_for(rt, fused_1_block, &a, block_count(extent, block));
}

// matmul_2: contract        digits.cpp:28
//
//   v0  f32 (n, 64)
//   weights2  f32 (64, 10)
//   v1  f32 (n, 10)  written

CT_KERNEL void matmul_2(i64 n, const f32* CT_RESTRICT v0, const f32* CT_RESTRICT weights2,
                        f32* CT_RESTRICT v1)
{
    for (i64 h = 0; h < 1; ++h) {
        for (i64 i = 0; i < n; ++i) {
            f32* out = v1 + (h * n + i) * 10;
            for (i64 j = 0; j < 10; ++j) out[j] = 0;
            for (i64 k = 0; k < 64; ++k) {
                const f32 a = v0[h * 0 + i * 64 + k * 1];
                for (i64 j = 0; j < 10; ++j) {
                    const f32 b = weights2[h * 0 + k * 10 + j * 1];
                    out[j] = fma_f32(a, b, out[j]);
                }
            }
        }
    }
}

// fused_3: max, exp, sum, div        digits.cpp:73
//
//   v0  f32 (n, 10)
//   bias2  f32 (10)
//   v1  f32 (n, 10)  read and written

CT_KERNEL void fused_3(i64 begin, i64 end, const f32* CT_RESTRICT v0, const f32* CT_RESTRICT bias2,
                       f32* CT_RESTRICT v1)
{
    for (i64 i = begin; i < end; ++i) {
        f32 max0[32];
        for (i64 l = 0; l < 32; ++l) max0[l] = -__builtin_inff();
        for (i64 j = 0; j < 10; ++j) {
            max0[j] = max_f32(max0[j], v0[i * 10 + j] + bias2[j]);
        }
        const f32 t0 = max_lanes_f32(max0);
        const f32 t1 = (abs_f32(t0) < __builtin_inff()) ? t0 : 0.0f;
        f32 sum0[32] = {0};
        for (i64 j = 0; j < 10; ++j) {
            const f32 t2 = exp_f32((v0[i * 10 + j] + bias2[j]) - t1);
            v1[i * 10 + j] = t2;
            sum0[j] = sum0[j] + t2;
        }
        const f32 t3 = sum_lanes_f32(sum0);
        const f32 t4 = (t3 == 0.0f) ? 1.0f : t3;
        for (i64 j = 0; j < 10; ++j) {
            const f32 t5 = v1[i * 10 + j];
            v1[i * 10 + j] = t5 / t4;
        }
    }
}

struct fused_3_arguments {
    i64 extent, block;
    const f32* v0;
    const f32* bias2;
    f32* v1;
};

static void fused_3_block(void* context, i64 block)
{
    struct fused_3_arguments* a = (struct fused_3_arguments*)context;
    const i64 begin = block * a->block;
    const i64 end = begin + a->block < a->extent ? begin + a->block : a->extent;
    fused_3(begin, end, a->v0, a->bias2, a->v1);
}

static void all_fused_3(const struct ct_runtime* rt, i64 extent, const f32* v0, const f32* bias2,
                        f32* v1)
{
    const i64 cost = 780; // operations of an iteration
    const i64 block = block_of(cost);
    if (extent <= block || cost * extent < 200000 || !rt || !rt->parallel_for) {
        fused_3(0, extent, v0, bias2, v1);
        return;
    }
    struct fused_3_arguments a = {extent, block, v0, bias2, v1};
    rt->parallel_for(rt, fused_3_block, &a, block_count(extent, block));
}

// fused_4: sum        digits.cpp:75
//
//   labels  i64 (n)
//   v0  f32 (n, 10)
//   partial  f32 (floor_div_i64(n + 16383, 16384))  written

CT_KERNEL i32 fused_4(i64 begin, i64 end, i64 n, const i64* CT_RESTRICT labels,
                      const f32* CT_RESTRICT v0, f32* CT_RESTRICT partial)
{
    i32 bad = 0;
    for (i64 i = begin; i < end; ++i) {
        f32 sum0[32] = {0};
        const i64 count0 = min_i64(16384, -i * 16384 + n);
        for (i64 j0 = 0; j0 < count0; j0 += 32) {
            const i64 lanes = count0 - j0 < 32 ? count0 - j0 : 32;
            for (i64 l = 0; l < lanes; ++l) {
                const i64 j = j0 + l;
                const i64 at0 = checked_index(labels[i * 16384 + j], 10, &bad);
                sum0[l] = sum0[l] + log_f32(v0[i * 163840 + j * 10 + at0]);
            }
        }
        const f32 t0 = sum_lanes_f32(sum0);
        partial[i] = t0;
    }
    return bad;
}

struct fused_4_arguments {
    i64 extent, block;
    i64 n0;
    const i64* labels;
    const f32* v0;
    f32* partial;
    i32 bad;
};

static void fused_4_block(void* context, i64 block)
{
    struct fused_4_arguments* a = (struct fused_4_arguments*)context;
    const i64 begin = block * a->block;
    const i64 end = begin + a->block < a->extent ? begin + a->block : a->extent;
    if (fused_4(begin, end, a->n0, a->labels, a->v0, a->partial))
        __atomic_store_n(&a->bad, 1, __ATOMIC_RELAXED);
}

static i32 all_fused_4(const struct ct_runtime* rt, i64 extent, i64 n0, const i64* labels,
                       const f32* v0, f32* partial)
{
    const i64 cost = min_i64(16384, n0) * 95; // operations of an iteration
    const i64 block = block_of(cost);
    if (extent <= block || cost * extent < 200000 || !rt || !rt->parallel_for) {
        return fused_4(0, extent, n0, labels, v0, partial);
    }
    struct fused_4_arguments a = {extent, block, n0, labels, v0, partial, 0};
    rt->parallel_for(rt, fused_4_block, &a, block_count(extent, block));
    return a.bad;
}

// fused_5: sum, neg        digits.cpp:75
//
//   partial  f32 (floor_div_i64(n + 16383, 16384))
//   v0  f32 ()  written

CT_KERNEL void fused_5(i64 n, const f32* CT_RESTRICT partial, f32* CT_RESTRICT v0)
{
    f32 sum0[32] = {0};
    const i64 count0 = floor_div_i64(n + 16383, 16384);
    for (i64 i0 = 0; i0 < count0; i0 += 32) {
        const i64 lanes = count0 - i0 < 32 ? count0 - i0 : 32;
        for (i64 l = 0; l < lanes; ++l) {
            const i64 i = i0 + l;
            sum0[l] = sum0[l] + partial[i];
        }
    }
    const f32 t0 = sum_lanes_f32(sum0);
    v0[0] = -(t0 / cast_f32_i64(n));
}

// fused_6: broadcast_to        digits.cpp:73
//
//   v0  f32 (n, 10)  written

CT_KERNEL void fused_6(i64 begin, i64 end, f32* CT_RESTRICT v0)
{
    for (i64 i = begin; i < end; ++i) {
        for (i64 j = 0; j < 10; ++j) {
            v0[i * 10 + j] = 0.0f;
        }
    }
}

struct fused_6_arguments {
    i64 extent, block;
    f32* v0;
};

static void fused_6_block(void* context, i64 block)
{
    struct fused_6_arguments* a = (struct fused_6_arguments*)context;
    const i64 begin = block * a->block;
    const i64 end = begin + a->block < a->extent ? begin + a->block : a->extent;
    fused_6(begin, end, a->v0);
}

static void all_fused_6(const struct ct_runtime* rt, i64 extent, f32* v0)
{
    const i64 cost = 10; // operations of an iteration
    const i64 block = block_of(cost);
    if (extent <= block || cost * extent < 200000 || !rt || !rt->parallel_for) {
        fused_6(0, extent, v0);
        return;
    }
    struct fused_6_arguments a = {extent, block, v0};
    rt->parallel_for(rt, fused_6_block, &a, block_count(extent, block));
}

// fused_7: reshape        digits.cpp:75
//
//   v0  f32 (1, 1)  written

CT_KERNEL void fused_7(i64 n, f32* CT_RESTRICT v0)
{
    v0[0] = (-1.0f) / cast_f32_i64(n);
}

// scatter_8: add_along_axis        digits.cpp:75
//
//   v0  f32 (n, 10)
//   v1  f32 (n, 10)  read and written
//   labels  i64 (n)
//   v2  f32 (1, 1)
//   v3  f32 (n, 10)

CT_KERNEL i32 scatter_8(i64 n, const f32* CT_RESTRICT v0, f32* CT_RESTRICT v1,
                        const i64* CT_RESTRICT labels, const f32* CT_RESTRICT v2,
                        const f32* CT_RESTRICT v3)
{
    i32 bad = 0;
    for (i64 i = 0; i < n * 10; ++i) {
        v1[i] = v0[i];
    }
    const f32 t0 = v2[0];
    for (i64 j = 0; j < n; ++j) {
        for (i64 k = 0; k < 1; ++k) {
            const i64 labels_0 = labels[j + k];
            const i64 at0 = checked_index(labels_0, 10, &bad);
            const i64 at1 = checked_index(labels_0, 10, &bad);
            v1[j * 10 + at0] = v1[j * 10 + at0] + t0 / v3[j * 10 + at1];
        }
    }
    return bad;
}

// fused_9: sum, mul        digits.cpp:73
//
//   v0  f32 (n, 10)
//   v1  f32 (n, 10)
//   v2  f32 (n, 10)  written

CT_KERNEL void fused_9(i64 begin, i64 end, const f32* CT_RESTRICT v0, const f32* CT_RESTRICT v1,
                       f32* CT_RESTRICT v2)
{
    for (i64 i = begin; i < end; ++i) {
        f32 sum0[32] = {0};
        for (i64 j = 0; j < 10; ++j) {
            sum0[j] = sum0[j] + v0[i * 10 + j] * v1[i * 10 + j];
        }
        const f32 t0 = sum_lanes_f32(sum0);
        for (i64 j = 0; j < 10; ++j) {
            v2[i * 10 + j] = v1[i * 10 + j] * (v0[i * 10 + j] - t0);
        }
    }
}

struct fused_9_arguments {
    i64 extent, block;
    const f32* v0;
    const f32* v1;
    f32* v2;
};

static void fused_9_block(void* context, i64 block)
{
    struct fused_9_arguments* a = (struct fused_9_arguments*)context;
    const i64 begin = block * a->block;
    const i64 end = begin + a->block < a->extent ? begin + a->block : a->extent;
    fused_9(begin, end, a->v0, a->v1, a->v2);
}

static void all_fused_9(const struct ct_runtime* rt, i64 extent, const f32* v0, const f32* v1,
                        f32* v2)
{
    const i64 cost = 40; // operations of an iteration
    const i64 block = block_of(cost);
    if (extent <= block || cost * extent < 200000 || !rt || !rt->parallel_for) {
        fused_9(0, extent, v0, v1, v2);
        return;
    }
    struct fused_9_arguments a = {extent, block, v0, v1, v2};
    rt->parallel_for(rt, fused_9_block, &a, block_count(extent, block));
}

// matmul_10: contract        digits.cpp:73
//
//   v0  f32 (n, 10)
//   weights2  f32 (64, 10)
//   v1  f32 (n, 64)  written

CT_KERNEL void matmul_10(i64 n, const f32* CT_RESTRICT v0, const f32* CT_RESTRICT weights2,
                         f32* CT_RESTRICT v1)
{
    for (i64 h = 0; h < 1; ++h) {
        for (i64 i = 0; i < n; ++i) {
            f32* out = v1 + (h * n + i) * 64;
            for (i64 j = 0; j < 64; ++j) out[j] = 0;
            for (i64 k = 0; k < 10; ++k) {
                const f32 a = v0[h * 0 + i * 10 + k * 1];
                for (i64 j = 0; j < 64; ++j) {
                    const f32 b = weights2[h * 0 + k * 1 + j * 10];
                    out[j] = fma_f32(a, b, out[j]);
                }
            }
        }
    }
}

// fused_11: where        digits.cpp:72
//
//   v0  f32 (n, 64)
//   bias1  f32 (64)
//   v1  f32 (n, 64)
//   v2  f32 (n, 64)  written

CT_KERNEL void fused_11(i64 begin, i64 end, const f32* CT_RESTRICT v0, const f32* CT_RESTRICT bias1,
                        const f32* CT_RESTRICT v1, f32* CT_RESTRICT v2)
{
    for (i64 i = begin; i < end; ++i) {
        for (i64 j = 0; j < 64; ++j) {
            const f32 t0 = (0.0f < (v0[i * 64 + j] + bias1[j])) ? v1[i * 64 + j] : 0.0f;
            v2[i * 64 + j] = t0;
        }
    }
}

struct fused_11_arguments {
    i64 extent, block;
    const f32* v0;
    const f32* bias1;
    const f32* v1;
    f32* v2;
};

static void fused_11_block(void* context, i64 block)
{
    struct fused_11_arguments* a = (struct fused_11_arguments*)context;
    const i64 begin = block * a->block;
    const i64 end = begin + a->block < a->extent ? begin + a->block : a->extent;
    fused_11(begin, end, a->v0, a->bias1, a->v1, a->v2);
}

static void all_fused_11(const struct ct_runtime* rt, i64 extent, const f32* v0, const f32* bias1,
                         const f32* v1, f32* v2)
{
    const i64 cost = 256; // operations of an iteration
    const i64 block = block_of(cost);
    if (extent <= block || cost * extent < 200000 || !rt || !rt->parallel_for) {
        fused_11(0, extent, v0, bias1, v1, v2);
        return;
    }
    struct fused_11_arguments a = {extent, block, v0, bias1, v1, v2};
    rt->parallel_for(rt, fused_11_block, &a, block_count(extent, block));
}

// matmul_12: contract        digits.cpp:72
//
//   v0  f32 (n, 64)
//   images  f32 (n, 64)
//   v1  f32 (64, 64)  written

CT_KERNEL void matmul_12(i64 n, const f32* CT_RESTRICT v0, const f32* CT_RESTRICT images,
                         f32* CT_RESTRICT v1)
{
    for (i64 h = 0; h < 1; ++h) {
        for (i64 i = 0; i < 64; ++i) {
            f32* out = v1 + (h * 64 + i) * 64;
            for (i64 j = 0; j < 64; ++j) out[j] = 0;
            for (i64 k = 0; k < n; ++k) {
                const f32 a = v0[h * 0 + i * 1 + k * 64];
                for (i64 j = 0; j < 64; ++j) {
                    const f32 b = images[h * 0 + k * 64 + j * 1];
                    out[j] = fma_f32(a, b, out[j]);
                }
            }
        }
    }
}

// fused_13: add, sub        digits.cpp:83, digits.cpp:85
//
//   weights1_velocity  f32 (64, 64)
//   v0  f32 (64, 64)
//   v1  f32 (64, 64)  written
//   weights1  f32 (64, 64)
//   v2  f32 (64, 64)  written

CT_KERNEL void fused_13(i64 begin, i64 end, const f32* CT_RESTRICT weights1_velocity,
                        const f32* CT_RESTRICT v0, f32* CT_RESTRICT v1,
                        const f32* CT_RESTRICT weights1, f32* CT_RESTRICT v2)
{
    for (i64 i = begin; i < end; ++i) {
        for (i64 j = 0; j < 64; ++j) {
            const f32 t0 = (0.9f * weights1_velocity[i * 64 + j]) + v0[i + j * 64];
            v1[i * 64 + j] = t0;
            v2[i * 64 + j] = weights1[i * 64 + j] - (0.05f * t0);
        }
    }
}

CT_MATH f32 columns_14_term(i64 j, i64 k, i64 n, const f32* CT_RESTRICT v0,
                            const f32* CT_RESTRICT bias1, const f32* CT_RESTRICT v1)
{
    (void)n;
    const f32 t0 = (0.0f < (v0[j * 64 + k] + bias1[k])) ? v1[j * 64 + k] : 0.0f;
    return t0;
}

// columns_14: sum        digits.cpp:28
//
//   v0  f32 (n, 64)
//   bias1  f32 (64)
//   v1  f32 (n, 64)
//   v2  f32 (64)  written

CT_KERNEL void columns_14(i64 n, const f32* CT_RESTRICT v0, const f32* CT_RESTRICT bias1,
                          const f32* CT_RESTRICT v1, f32* CT_RESTRICT v2)
{
    for (i64 k = 0; k < 64; ++k) v2[k] = 0.0f;
     {
        i64 j = 0;
        for (; j + 8 <= n; j += 8) {
            for (i64 k = 0; k < 64; ++k) {
                const f32 s0 = columns_14_term(j, k, n, v0, bias1, v1) + columns_14_term(j + 1, k, n, v0, bias1, v1);
                const f32 s1 = columns_14_term(j + 2, k, n, v0, bias1, v1) + columns_14_term(j + 3, k, n, v0, bias1, v1);
                const f32 s2 = columns_14_term(j + 4, k, n, v0, bias1, v1) + columns_14_term(j + 5, k, n, v0, bias1, v1);
                const f32 s3 = columns_14_term(j + 6, k, n, v0, bias1, v1) + columns_14_term(j + 7, k, n, v0, bias1, v1);
                const f32 s01 = s0 + s1;
                const f32 s23 = s2 + s3;
                v2[k] = v2[k] + (s01 + s23);
            }
        }
        for (; j < n; ++j) {
            for (i64 k = 0; k < 64; ++k) {
                v2[k] = v2[k] + columns_14_term(j, k, n, v0, bias1, v1);
            }
        }
    }
}

// fused_15: add, sub        digits.cpp:83, digits.cpp:85
//
//   bias1_velocity  f32 (64)
//   v0  f32 (64)
//   v1  f32 (64)  written
//   bias1  f32 (64)
//   v2  f32 (64)  written

CT_KERNEL void fused_15(i64 begin, i64 end, const f32* CT_RESTRICT bias1_velocity,
                        const f32* CT_RESTRICT v0, f32* CT_RESTRICT v1,
                        const f32* CT_RESTRICT bias1, f32* CT_RESTRICT v2)
{
    for (i64 i = begin; i < end; ++i) {
        const f32 t0 = (0.9f * bias1_velocity[i]) + v0[i];
        v1[i] = t0;
        v2[i] = bias1[i] - (0.05f * t0);
    }
}

// matmul_16: contract        digits.cpp:73
//
//   v0  f32 (n, 10)
//   v1  f32 (n, 64)
//   v2  f32 (10, 64)  written

CT_KERNEL void matmul_16(i64 n, const f32* CT_RESTRICT v0, const f32* CT_RESTRICT v1,
                         f32* CT_RESTRICT v2)
{
    for (i64 h = 0; h < 1; ++h) {
        for (i64 i = 0; i < 10; ++i) {
            f32* out = v2 + (h * 10 + i) * 64;
            for (i64 j = 0; j < 64; ++j) out[j] = 0;
            for (i64 k = 0; k < n; ++k) {
                const f32 a = v0[h * 0 + i * 1 + k * 10];
                for (i64 j = 0; j < 64; ++j) {
                    const f32 b = v1[h * 0 + k * 64 + j * 1];
                    out[j] = fma_f32(a, b, out[j]);
                }
            }
        }
    }
}

// fused_17: add, sub        digits.cpp:83, digits.cpp:85
//
//   weights2_velocity  f32 (64, 10)
//   v0  f32 (10, 64)
//   v1  f32 (64, 10)  written
//   weights2  f32 (64, 10)
//   v2  f32 (64, 10)  written

CT_KERNEL void fused_17(i64 begin, i64 end, const f32* CT_RESTRICT weights2_velocity,
                        const f32* CT_RESTRICT v0, f32* CT_RESTRICT v1,
                        const f32* CT_RESTRICT weights2, f32* CT_RESTRICT v2)
{
    for (i64 i = begin; i < end; ++i) {
        for (i64 j = 0; j < 10; ++j) {
            const f32 t0 = (0.9f * weights2_velocity[i * 10 + j]) + v0[i + j * 64];
            v1[i * 10 + j] = t0;
            v2[i * 10 + j] = weights2[i * 10 + j] - (0.05f * t0);
        }
    }
}

CT_MATH f32 columns_18_term(i64 j, i64 k, i64 n, const f32* CT_RESTRICT v0)
{
    (void)n;
    return v0[j * 10 + k];
}

// columns_18: sum        digits.cpp:28
//
//   v0  f32 (n, 10)
//   v1  f32 (10)  written

CT_KERNEL void columns_18(i64 n, const f32* CT_RESTRICT v0, f32* CT_RESTRICT v1)
{
    for (i64 k = 0; k < 10; ++k) v1[k] = 0.0f;
     {
        i64 j = 0;
        for (; j + 8 <= n; j += 8) {
            for (i64 k = 0; k < 10; ++k) {
                const f32 s0 = columns_18_term(j, k, n, v0) + columns_18_term(j + 1, k, n, v0);
                const f32 s1 = columns_18_term(j + 2, k, n, v0) + columns_18_term(j + 3, k, n, v0);
                const f32 s2 = columns_18_term(j + 4, k, n, v0) + columns_18_term(j + 5, k, n, v0);
                const f32 s3 = columns_18_term(j + 6, k, n, v0) + columns_18_term(j + 7, k, n, v0);
                const f32 s01 = s0 + s1;
                const f32 s23 = s2 + s3;
                v1[k] = v1[k] + (s01 + s23);
            }
        }
        for (; j < n; ++j) {
            for (i64 k = 0; k < 10; ++k) {
                v1[k] = v1[k] + columns_18_term(j, k, n, v0);
            }
        }
    }
}

// fused_19: add, sub        digits.cpp:83, digits.cpp:85
//
//   bias2_velocity  f32 (10)
//   v0  f32 (10)
//   v1  f32 (10)  written
//   bias2  f32 (10)
//   v2  f32 (10)  written

CT_KERNEL void fused_19(i64 begin, i64 end, const f32* CT_RESTRICT bias2_velocity,
                        const f32* CT_RESTRICT v0, f32* CT_RESTRICT v1,
                        const f32* CT_RESTRICT bias2, f32* CT_RESTRICT v2)
{
    for (i64 i = begin; i < end; ++i) {
        const f32 t0 = (0.9f * bias2_velocity[i]) + v0[i];
        v1[i] = t0;
        v2[i] = bias2[i] - (0.05f * t0);
    }
}

// Checks extents, then calls the kernels in order. Returns 0, or what failed.
CT_EXPORT i32 run(const struct ct_runtime* rt, const void* const* in, void* const* out,
                  const i64* extents, void* workspace, struct ct_report* report)
{
    const i64 n = extents[0];
    if (extents[1] != 64) return guard_failed(report, 1, extents[1], 64);
    if (extents[2] != n) return guard_failed(report, 2, extents[2], n);
    if (extents[3] != 64) return guard_failed(report, 3, extents[3], 64);
    if (extents[4] != 64) return guard_failed(report, 4, extents[4], 64);
    if (extents[5] != 64) return guard_failed(report, 5, extents[5], 64);
    if (extents[6] != 64) return guard_failed(report, 6, extents[6], 64);
    if (extents[7] != 10) return guard_failed(report, 7, extents[7], 10);
    if (extents[8] != 10) return guard_failed(report, 8, extents[8], 10);
    if (extents[9] != 64) return guard_failed(report, 9, extents[9], 64);
    if (extents[10] != 64) return guard_failed(report, 10, extents[10], 64);
    if (extents[11] != 64) return guard_failed(report, 11, extents[11], 64);
    if (extents[12] != 64) return guard_failed(report, 12, extents[12], 64);
    if (extents[13] != 10) return guard_failed(report, 13, extents[13], 10);
    if (extents[14] != 10) return guard_failed(report, 14, extents[14], 10);
    if (extents[15] != 64) return guard_failed(report, 15, extents[15], 64);
    if (extents[16] != 64) return guard_failed(report, 16, extents[16], 64);
    if (extents[17] != 64) return guard_failed(report, 17, extents[17], 64);
    if (extents[18] != 64) return guard_failed(report, 18, extents[18], 64);
    if (extents[19] != 64) return guard_failed(report, 19, extents[19], 64);
    if (extents[20] != 64) return guard_failed(report, 20, extents[20], 64);
    if (extents[21] != 64) return guard_failed(report, 21, extents[21], 64);
    if (extents[22] != 10) return guard_failed(report, 22, extents[22], 10);
    if (extents[23] != 64) return guard_failed(report, 23, extents[23], 64);
    if (extents[24] != 10) return guard_failed(report, 24, extents[24], 10);
    if (extents[25] != 10) return guard_failed(report, 25, extents[25], 10);
    if (extents[26] != 10) return guard_failed(report, 26, extents[26], 10);
    const f32* images = (const f32*)in[0];
    const i64* labels = (const i64*)in[1];
    const f32* weights1 = (const f32*)in[2];
    const f32* bias1 = (const f32*)in[3];
    const f32* weights2 = (const f32*)in[4];
    const f32* bias2 = (const f32*)in[5];
    const f32* weights1_velocity = (const f32*)in[6];
    const f32* bias1_velocity = (const f32*)in[7];
    const f32* weights2_velocity = (const f32*)in[8];
    const f32* bias2_velocity = (const f32*)in[9];
    f32* y0 = (f32*)out[0];
    f32* y1 = (f32*)out[1];
    f32* y2 = (f32*)out[2];
    f32* y3 = (f32*)out[3];
    f32* y4 = (f32*)out[4];
    f32* y5 = (f32*)out[5];
    f32* y6 = (f32*)out[6];
    f32* y7 = (f32*)out[7];
    f32* y8 = (f32*)out[8];
    char* const work = (char*)workspace;
    const i64 end0 = 0 + align_64(n * 256);
    const i64 end1 = end0 + align_64(n * 256);
    const i64 end2 = end1 + align_64(n * 40);
    const i64 end3 = end2 + align_64(n * 40);
    const i64 end4 = end3 + align_64(floor_div_i64(n + 16383, 16384) * 4);
    const i64 end5 = end4 + align_64(16384);
    const i64 end6 = end5 + align_64(n * 40);
    const i64 end7 = end6 + align_64(n * 256);
    const i64 end8 = end7 + align_64(n * 256);
    f32* v0 = (f32*)(work + 0);
    f32* v1 = (f32*)(work + end0);
    f32* v2 = (f32*)(work + end1);
    f32* v3 = (f32*)(work + end2);
    f32* v4 = (f32*)(work + end1);
    f32* v5 = (f32*)(work + end4);
    f32* v6 = (f32*)(work + end5);
    f32* v7 = (f32*)(work + end1);
    f32* v8 = (f32*)(work + end6);
    f32* v9 = (f32*)(work + end7);
    f32* v10 = (f32*)(work + end4);
    f32* v11 = (f32*)(work + end4);
    f32* v12 = (f32*)(work + end4);
    f32* v13 = (f32*)(work + end4);
    f32* partial = (f32*)(work + end3);
    matmul_0(n, images, weights1, v0);
    all_fused_1(rt, n, v0, bias1, v1);
    matmul_2(n, v1, weights2, v2);
    all_fused_3(rt, n, v2, bias2, v3);
    if (all_fused_4(rt, floor_div_i64(n + 16383, 16384), n, labels, v3, partial))
        return index_failed(report, 1048576, 0);
    fused_5(n, partial, y0);
    all_fused_6(rt, n, v4);
    fused_7(n, v5);
    if (scatter_8(n, v4, v6, labels, v5, v3))
        return index_failed(report, 1048576, 1);
    all_fused_9(rt, n, v6, v3, v7);
    matmul_10(n, v7, weights2, v8);
    all_fused_11(rt, n, v0, bias1, v8, v9);
    matmul_12(n, v9, images, v10);
    fused_13(0, 64, weights1_velocity, v10, y1, weights1, y2);
    columns_14(n, v0, bias1, v8, v11);
    fused_15(0, 64, bias1_velocity, v11, y3, bias1, y4);
    matmul_16(n, v7, v1, v12);
    fused_17(0, 64, weights2_velocity, v12, y5, weights2, y6);
    columns_18(n, v7, v13);
    fused_19(0, 10, bias2_velocity, v13, y7, bias2, y8);
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    const i64 n = extents[0];
    const i64 end0 = 0 + align_64(n * 256);
    const i64 end1 = end0 + align_64(n * 256);
    const i64 end2 = end1 + align_64(n * 40);
    const i64 end3 = end2 + align_64(n * 40);
    const i64 end4 = end3 + align_64(floor_div_i64(n + 16383, 16384) * 4);
    const i64 end5 = end4 + align_64(16384);
    const i64 end6 = end5 + align_64(n * 40);
    const i64 end7 = end6 + align_64(n * 256);
    const i64 end8 = end7 + align_64(n * 256);
    return end8;
}
