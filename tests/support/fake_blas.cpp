// A library with the interface of a BLAS, for tests: obvious loops, and a record of its calls. An
// argument that Fortran's definition forbids ends the process. As in Fortran, the lengths of the
// strings come last.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

std::atomic<int> threads_now = 4, most_threads = 0, calls = 0;

void require(bool holds)
{
    if (!holds) std::abort();
}

template <class T>
void multiply(bool a_transposed,
              bool b_transposed,
              std::int64_t m,
              std::int64_t n,
              std::int64_t k,
              const T* a,
              std::int64_t a_leading,
              const T* b,
              std::int64_t b_leading,
              T beta,
              T* c,
              std::int64_t c_leading)
{
    const auto at_least = [](std::int64_t count) { return std::max<std::int64_t>(count, 1); };
    require(m >= 0 && n >= 0 && k >= 0 && a_leading >= at_least(a_transposed ? k : m));
    require(b_leading >= at_least(b_transposed ? n : k) && c_leading >= at_least(m));
    ++calls;
    most_threads = std::max(most_threads.load(), threads_now.load());
    for (std::int64_t j = 0; j < n; ++j)
        for (std::int64_t i = 0; i < m; ++i) {
            T sum = beta == 0 ? 0 : beta * c[i + j * c_leading];
            for (std::int64_t p = 0; p < k; ++p)
                sum += a[a_transposed ? p + i * a_leading : i + p * a_leading] *
                       b[b_transposed ? j + p * b_leading : p + j * b_leading];
            c[i + j * c_leading] = sum;
        }
}

} // namespace

#define GEMM(name, T)                                                                              \
    EXPORT void name(const char* transpose_a, const char* transpose_b, const std::int32_t* m,      \
                     const std::int32_t* n, const std::int32_t* k, const T* alpha, const T* a,     \
                     const std::int32_t* a_leading, const T* b, const std::int32_t* b_leading,     \
                     const T* beta, T* c, const std::int32_t* c_leading,                           \
                     std::size_t transpose_a_length, std::size_t transpose_b_length)               \
    {                                                                                              \
        require(*alpha == 1 && transpose_a_length == 1 && transpose_b_length == 1);                \
        multiply<T>(*transpose_a == 'T', *transpose_b == 'T', *m, *n, *k, a, *a_leading, b,        \
                    *b_leading, *beta, c, *c_leading);                                             \
    }
// NOLINTBEGIN(readability-identifier-naming): Fortran's names
GEMM(sgemm_, float)
GEMM(dgemm_, double)
// NOLINTEND(readability-identifier-naming)

EXPORT int openblas_get_num_threads() { return threads_now; }
EXPORT void openblas_set_num_threads(int n) { threads_now = n; }

/// Calls since the last time that this was asked, and the most threads that one might have used.
EXPORT int fake_blas_calls() { return calls.exchange(0); }
EXPORT int fake_blas_most_threads() { return most_threads.exchange(0); }
