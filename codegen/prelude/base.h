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
#if defined(__CUDACC__) || defined(__CUDA__)
#define CT_CUDA
#define CT_DEVICE __device__
#else
#define CT_DEVICE
typedef f32 ct_vector __attribute__((vector_size(32), may_alias)); /* of memory that is copied */
typedef f32 eight_f32 __attribute__((vector_size(32)));
typedef f64 eight_f64 __attribute__((vector_size(64)));
#if defined(__clang__) || __GNUC__ >= 12
#define CT_SHUFFLE __builtin_shufflevector
#endif
#endif
#ifdef CT_CUDA
#define CT_PREFETCH(address) (void)(address)
#else
/* Into the second cache; of any address, also where nothing lies. */
#define CT_PREFETCH(address) __builtin_prefetch(address, 0, 2)
#endif

#if defined(__x86_64__) && !defined(__FMA__) && !defined(CT_CUDA)
#error "croton: this program needs fused multiply-add: compile with -march=x86-64-v3"
#endif

#ifdef __cplusplus
#define CT_EXTERN_C extern "C"
#else
#define CT_EXTERN_C extern
#endif
/* A kernel is called from this program alone, perhaps from another of its translation units. */
#define CT_KERNEL CT_EXTERN_C __attribute__((visibility("hidden")))
#define CT_APART __attribute__((noinline)) /* of which its callers take no copies */
#define CT_EXPORT CT_EXTERN_C __attribute__((visibility("default")))
#define CT_RESTRICT __restrict__
#define CT_ALIGNED __attribute__((aligned(64)))
#define CT_NOINLINE static CT_DEVICE CT_APART __attribute__((cold, unused))
/* A long function that is called: what calls it takes no copy of it. */
#define CT_CALLED static CT_DEVICE CT_APART __attribute__((unused))
/* Numbers that functions read. */
#ifdef CT_CUDA
#define CT_TABLE static __constant__ const
#define CT_MATH static CT_DEVICE __forceinline__ __attribute__((unused))
#else
#define CT_TABLE static const
#define CT_MATH static inline __attribute__((always_inline, unused))
#endif
/* A loop of few iterations, unrolled whole; one that stays the loop that it is; one that does a
   single vector at a time, where several, as Clang takes for sums, would not stay in registers; and
   one over 8, 16 or 32 lanes, all at once: so few iterations Clang would write out as scalars, and
   then make vectors of two of them. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wpass-failed" /* a loop that needs calls is left as it is */
#define CT_UNROLL _Pragma("clang loop unroll(full)")
#define CT_ROLLED _Pragma("clang loop unroll(disable) vectorize(disable)")
#define CT_ONE_VECTOR _Pragma("clang loop interleave(disable)")
#define CT_LANES _Pragma("clang loop unroll(disable) vectorize_width(16)")
#define CT_LANES_8 _Pragma("clang loop unroll(disable) vectorize_width(8)")
#elif defined(__CUDACC__)
#define CT_UNROLL _Pragma("unroll")
#define CT_ROLLED _Pragma("unroll 1")
#define CT_ONE_VECTOR
#define CT_LANES
#define CT_LANES_8
#elif defined(__GNUC__)
#define CT_UNROLL _Pragma("GCC unroll 16")
#define CT_ROLLED _Pragma("GCC unroll 1")
#define CT_ONE_VECTOR
#define CT_LANES
#define CT_LANES_8
#else
#define CT_UNROLL
#define CT_ROLLED
#define CT_ONE_VECTOR
#define CT_LANES
#define CT_LANES_8
#endif
/* An extremum, with the question that Clang before 22 wants first: of the others it makes calls of
   fmaxf in 16-bit floats. */
#if defined(__clang__) && __clang_major__ < 22
#define CT_NAN_FIRST(a, better, b) ((a) != (a) ? (a) : (a)better(b) ? (a) : (b))
#endif
/* The sums of a matrix product that are kept in registers: rows, and elements in a row. */
#ifdef __AVX512F__
#define CT_BLOCK_ROWS 12
#define CT_ROW_BYTES 128
#else
#define CT_BLOCK_ROWS 6
#define CT_ROW_BYTES 64
#endif
#define CT_BLOCK_COLUMNS(t) ((i64)(CT_ROW_BYTES / sizeof(t)))
/* The type of such a row, anywhere in memory; and sum_ += x_ * y_ of a row, fused. */
#ifdef __clang__
#if __has_builtin(__builtin_elementwise_fma)
#define CT_VECTOR_FMA
#endif
#endif
#ifdef CT_VECTOR_FMA
#define CT_ROW_OF(t)                                                                               \
    __attribute__((ext_vector_type(CT_ROW_BYTES / sizeof(t)), aligned(sizeof(t)), may_alias))
#define CT_FMA_ROW(t, fma, x_, y_, sum_) (sum_) = __builtin_elementwise_fma((row_##t)(x_), y_, sum_)
#else
#define CT_ROW_OF(t) __attribute__((vector_size(CT_ROW_BYTES), aligned(sizeof(t)), may_alias))
#define CT_FMA_ROW(t, fma, x_, y_, sum_)                                                           \
    for (i64 c_ = 0; c_ < CT_BLOCK_COLUMNS(t); ++c_)                                               \
    (sum_)[c_] = fma(x_, (y_)[c_], (sum_)[c_])
#endif
