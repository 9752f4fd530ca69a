#pragma once

#include <cstdint>

namespace croton::inline v1 {

/// Matrices of a batch: element (i, j) of matrix h is
/// elements[h * per_matrix + i * per_row + j * per_column].
struct Matrix {
    const void* elements = nullptr;
    std::int64_t per_matrix = 0, per_row = 0, per_column = 0;
};

struct Runtime;
/// Products of the matrices of a batch, see runtime_abi.h.
template <class T>
using Gemm = void (*)(const Runtime* runtime,
                      std::int64_t batch,
                      std::int64_t m,
                      std::int64_t n,
                      std::int64_t k,
                      const Matrix* a,
                      const Matrix* b,
                      T* out);

/// What an emitted program's `run` gets besides its buffers: codegen/prelude/runtime_abi.h as the
/// emitted text has it, checked field by field against it. Only grows.
struct Runtime {
    static constexpr std::uint32_t current_version = 3;

    std::uint32_t version = current_version;
    std::uint32_t size = sizeof(Runtime);
    void (*parallel_for)(const Runtime* runtime,
                         void (*fn)(void* context, std::int64_t block),
                         void* context,
                         std::int64_t blocks) = nullptr;
    void* context = nullptr;
    std::int32_t threads = 0;
    std::int32_t reserved = 0;
    void* launch = nullptr;
    void* copy = nullptr;
    void* wait = nullptr;
    void (*mark)(const Runtime* runtime, std::int32_t kernel, std::int32_t ends) = nullptr;
    const void* library = nullptr; ///< a Blas, see blas.hpp
    Gemm<float> gemm_f32 = nullptr;
    Gemm<double> gemm_f64 = nullptr;
};

/// Why a run stopped.
struct Report {
    std::int32_t code = 0;
    std::uint32_t apply = 0;
    std::int64_t values[4] = {};
};

/// `extern "C" i32 run(..)` and `i64 workspace_bytes(..)` of an emitted program.
using RunFunction = std::int32_t (*)(const Runtime* runtime,
                                     const void* const* inputs,
                                     void* const* outputs,
                                     const std::int64_t* extents,
                                     void* workspace,
                                     Report* report);
using WorkspaceFunction = std::int64_t (*)(const std::int64_t* extents);

/// A Runtime for programs without shared variables: parallel_for is the thread pool's, with at
/// most `threads` threads (0: all), and a commit always begins.
Runtime cpu_runtime(int threads = 0) noexcept;

} // namespace croton::inline v1
