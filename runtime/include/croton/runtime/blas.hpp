#pragma once

#include <croton/runtime/abi.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <string>
#include <vector>

namespace croton::inline v1 {

/// Fortran's sgemm and dgemm, with integers of 32 bits: the interface that every BLAS has.
template <class T>
using FortranGemm = void (*)(const char* transpose_a,
                             const char* transpose_b,
                             const std::int32_t* m,
                             const std::int32_t* n,
                             const std::int32_t* k,
                             const T* alpha,
                             const T* a,
                             const std::int32_t* a_leading,
                             const T* b,
                             const std::int32_t* b_leading,
                             const T* beta,
                             T* c,
                             const std::int32_t* c_leading,
                             std::size_t transpose_a_length,
                             std::size_t transpose_b_length);

/// A library with a BLAS.
struct Blas {
    std::string name; ///< under which it was opened
    FortranGemm<float> gemm_f32 = nullptr;
    FortranGemm<double> gemm_f64 = nullptr;
    /// The largest extent and the largest distance of two rows that it is given; larger products
    /// are cut.
    std::int64_t largest = std::numeric_limits<std::int32_t>::max();
    /// Its own threads, of the whole process (OpenBLAS); null: it has no such setting.
    int (*threads)() = nullptr;
    void (*set_threads)(int) = nullptr;
    /// Its own threads for calls of the calling thread (MKL); returns the setting before.
    int (*set_threads_of_caller)(int) = nullptr;

    /// Products that run now, and `threads` before the first of them began.
    struct Running {
        std::mutex mutex;
        int products = 0;
        int threads_before = 1;
    };
    mutable Running running = {};
};

/// Names under which the system's loader is asked for a BLAS, in this order.
const std::vector<std::string>& blas_names();

/// The first of the libraries that can be opened and has sgemm_ and dgemm_. It stays open.
///
/// names    as for dlopen: names that the loader searches for, or paths.
/// throws   BackendError if there is none, with the reason for each name.
/// cost     once a name that opens; some libraries then start threads, which sleep.
/// threads  safe from several threads at once.
const Blas& open_blas(const std::vector<std::string>& names);

/// Names of the libraries that open_blas() has opened in this process.
std::vector<std::string> opened_blas();

/// Lets programs with this runtime reach `blas`, which must outlive it.
///
/// A product is cut into tiles that depend on its extents alone. Tiles run on the threads of
/// `runtime`, each on one thread of its own: the library is told to use no other while a product
/// runs, and gets its setting back afterwards. So a result depends on the library and the CPU, but
/// not on the number of threads.
void use_blas(Runtime& runtime, const Blas& blas) noexcept;

} // namespace croton::inline v1
