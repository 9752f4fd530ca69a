/* The C ABI between croton::runtime and the module croton_jit, which holds Clang, LLVM and LLD.
 *
 * The module exports one function, croton_jit_table_v1. Everything crosses as pointers and lengths;
 * no C++ type, exception or allocation does, so the two sides may be built by different compilers.
 * Structs begin with their size and only grow: a side reads a field only if the size covers it.
 */
#ifndef CROTON_JIT_ABI_H
#define CROTON_JIT_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CROTON_JIT_ABI_VERSION 1u
#define CROTON_JIT_ENTRY "croton_jit_table_v1"

struct croton_jit_text {
    const char* data;
    uint64_t size_bytes;
};

/* Receives results. Called on the calling thread only, before the call returns; may not throw. */
struct croton_jit_sink {
    uint32_t size;
    void* context;
    /* The object or shared object, once, when it is complete. */
    void (*bytes)(void* context, const void* data, uint64_t size_bytes);
    /* A loop that LLVM did not vectorise, and why. Line and column count from 1; 0 if unknown. */
    void (*remark)(void* context,
                   struct croton_jit_text file,
                   uint32_t line,
                   uint32_t column,
                   struct croton_jit_text message);
    /* Diagnostics of the compiler or linker as a person reads them. */
    void (*log)(void* context, struct croton_jit_text text);
};

struct croton_jit_unit {
    uint32_t size;
    int32_t opt_level;             /* 0 .. 3 */
    int32_t debug_info;            /* 0: none, 1: line tables with the text embedded */
    int32_t remarks;               /* 1: report loops that were not vectorised */
    struct croton_jit_text text;   /* C++20, includes nothing */
    struct croton_jit_text file;   /* the name debuggers and diagnostics show */
    struct croton_jit_text folder; /* where debuggers find it; may be empty */
    struct croton_jit_text cpu;    /* an LLVM CPU name; empty: this machine's */
    /* "address", "undefined", "thread", separated by commas: what checks the code; may be empty */
    struct croton_jit_text sanitize;
};

struct croton_jit_times {
    uint32_t size;
    double frontend_ms; /* parsing and LLVM IR */
    double backend_ms;  /* optimisation and machine code */
};

struct croton_jit_table {
    uint32_t version; /* CROTON_JIT_ABI_VERSION of the module */
    uint32_t size;
    const char* compiler; /* "clang 22.1.8" */
    /* One translation unit -> one relocatable object. 0 on success, else the log says why.
     * Safe from several threads at once. */
    int32_t (*compile)(const struct croton_jit_unit* unit,
                       struct croton_jit_times* times,
                       const struct croton_jit_sink* sink);
    /* Relocatable objects -> one shared object without undefined symbols. 0 on success.
     * Calls run one after another. */
    int32_t (*link)(const struct croton_jit_text* objects,
                    uint64_t object_count,
                    const struct croton_jit_sink* sink);
    /* The same for units with `sanitize`: the loader finds undefined symbols in the process. */
    int32_t (*link_instrumented)(const struct croton_jit_text* objects,
                                 uint64_t object_count,
                                 const struct croton_jit_sink* sink);
};

typedef const struct croton_jit_table* (*croton_jit_entry)(void);

#ifdef __cplusplus
}
#endif
#endif
