/* What a program's `run` gets besides its buffers. i32, i64, u32, f32 and f64 are the prelude's.
 *
 * Structs begin with version and size and only grow. A program reads a field only if it was built
 * for a version that has it. Everything it calls outside itself is reached through ct_runtime. */

/* Matrices of a batch: element (i, j) of matrix h is data[h * batch + i * row + j * column]. */
struct ct_matrix {
    const void* data;
    i64 batch;
    i64 row;
    i64 column;
};

struct ct_runtime {
    u32 version; /* 2 */
    u32 size;    /* of this struct, in bytes */
    /* Runs fn(context, block) once for each block in [0, blocks), on any threads, and returns when
     * all are done. */
    void (*parallel_for)(const struct ct_runtime* runtime,
                         void (*fn)(void* context, i64 block),
                         void* context,
                         i64 blocks);
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
    /* Before and after each kernel of a program made to be measured; null: not. */
    void (*mark)(const struct ct_runtime* runtime, i32 kernel, i32 ends);
    /* Since version 2: products by a library, of a program made for one; else null. For each
     * matrix of the batch out (m x n, row-major, one behind the other) = a (m x k) * b (k x n). */
    const void* library;
    void (*gemm_f32)(const struct ct_runtime* runtime,
                     i64 batch,
                     i64 m,
                     i64 n,
                     i64 k,
                     const struct ct_matrix* a,
                     const struct ct_matrix* b,
                     f32* out);
    void (*gemm_f64)(const struct ct_runtime* runtime,
                     i64 batch,
                     i64 m,
                     i64 n,
                     i64 k,
                     const struct ct_matrix* a,
                     const struct ct_matrix* b,
                     f64* out);
};

/* Why a run stopped. Filled in only if `run` returns something else than 0. */
struct ct_report {
    i32 code;      /* what `run` returned */
    u32 apply;     /* number of the Apply in the program's table */
    i64 values[4]; /* what the message shows, such as an index and its bound */
};
