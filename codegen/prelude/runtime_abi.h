/* What a program's `run` gets besides its buffers.
 *
 * Structs begin with version and size and only grow. A program reads a field only if it was built
 * for a version that has it. Everything it calls outside itself is reached through ct_runtime. */

/* Matrices of a batch: element (i, j) of matrix h is
 * elements[h * per_matrix + i * per_row + j * per_column]. */
struct ct_matrix {
    const void* elements;
    i64 per_matrix;
    i64 per_row;
    i64 per_column;
};

struct ct_runtime {
    u32 version; /* 3 */
    u32 size;    /* of this struct, in bytes */
    /* Runs fn(context, block) once for each block in [0, blocks), on any threads, and returns when
     * all are done. */
    void (*parallel_for)(const struct ct_runtime* runtime,
                         void (*fn)(void* context, i64 block),
                         void* context,
                         i64 blocks);
    void* context; /* the caller's, for the functions below */
    i32 threads;   /* for parallel_for: at most this many; 0: all */
    i32 reserved;
    /* Devices; null on a CPU. */
    void* launch;
    void* copy;
    void* wait;
    /* Before and after each kernel of a program made to be measured; null: not. */
    void (*mark)(const struct ct_runtime* runtime, i32 kernel, i32 ends);
    /* Products by a library, of a program made for one; else null. The numbers
     * are batch, m, n and k: for each matrix of the batch the last argument (m x n, row-major, one
     * behind the other) = the first matrix (m x k) * the second (k x n). */
    const void* library;
    void (*gemm_f32)(const struct ct_runtime*,
                     i64,
                     i64,
                     i64,
                     i64,
                     const struct ct_matrix*,
                     const struct ct_matrix*,
                     f32*);
    void (*gemm_f64)(const struct ct_runtime*,
                     i64,
                     i64,
                     i64,
                     i64,
                     const struct ct_matrix*,
                     const struct ct_matrix*,
                     f64*);
};

/* Why a run stopped. Filled in only if `run` returns something else than 0. */
struct ct_report {
    i32 code;      /* what `run` returned */
    u32 apply;     /* number of the Apply in the program's table */
    i64 values[4]; /* what the message shows, such as an index and its bound */
};
