#include <croton/ir/error.hpp>
#include <croton/runtime/blas.hpp>

#include <algorithm>
#include <atomic>
#include <dlfcn.h>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace croton;
using namespace croton::test;

namespace {

using i64 = std::int64_t;

const Blas& fake() { return open_blas({CROTON_FAKE_BLAS}); }

int asked(const char* name)
{
    void* library = ::dlopen(CROTON_FAKE_BLAS, RTLD_NOW | RTLD_LOCAL);
    REQUIRE(library);
    const int value = reinterpret_cast<int (*)()>(::dlsym(library, name))();
    ::dlclose(library);
    return value;
}

/// The fake with another bound, and MKL's way to set threads where `of_caller` is given.
struct Changed : Blas {
    explicit Changed(i64 most, int (*of_caller)(int) = nullptr)
    {
        gemm_f32 = fake().gemm_f32;
        gemm_f64 = fake().gemm_f64;
        largest = most;
        set_threads_of_caller = of_caller;
    }
};

template <class T>
auto gemm_of(const Runtime& r)
{
    if constexpr (sizeof(T) == 4)
        return r.gemm_f32;
    else
        return r.gemm_f64;
}

/// Whole numbers from 0 to 6: sums of them are exact in any order.
template <class T>
std::vector<T> numbers(i64 count, unsigned seed)
{
    std::vector<T> values;
    for (i64 i = 0; i < count; ++i) {
        seed = seed * 1664525u + 1013904223u;
        values.push_back(static_cast<T>((seed >> 16) % 7));
    }
    return values;
}

struct Case {
    i64 batch, m, n, k;
    bool a_turned = false, b_turned = false;
    i64 gap = 0;            ///< between two rows
    bool one_right = false; ///< the second operand is the same for the whole batch
};

/// Elements of the library's result that are not the sums that they should be.
template <class T>
int wrong(const Blas& blas, const Case& c, int threads)
{
    const auto laid = [&](i64 rows, i64 columns, bool turned) {
        const i64 distance = (turned ? rows : columns) + c.gap;
        const i64 bytes = distance * (turned ? columns : rows);
        return turned ? Matrix{nullptr, bytes, 1, distance} : Matrix{nullptr, bytes, distance, 1};
    };
    Matrix a = laid(c.m, c.k, c.a_turned), b = laid(c.k, c.n, c.b_turned);
    const std::vector<T> av = numbers<T>(a.per_matrix * c.batch, 1),
                         bv = numbers<T>(b.per_matrix * c.batch, 2);
    a.elements = av.data(), b.elements = bv.data();
    if (c.one_right) b.per_matrix = 0;
    std::vector<T> out(static_cast<std::size_t>(c.batch * c.m * c.n), T(-1));
    Runtime runtime = cpu_runtime(threads);
    if (threads == 0) runtime.parallel_for = nullptr;
    use_blas(runtime, blas);
    gemm_of<T>(runtime)(&runtime, c.batch, c.m, c.n, c.k, &a, &b, out.data());
    const auto at = [](const std::vector<T>& v, const Matrix& x, i64 h, i64 i, i64 j) {
        return v[static_cast<std::size_t>(h * x.per_matrix + i * x.per_row + j * x.per_column)];
    };
    int count = 0;
    for (i64 h = 0; h < c.batch; ++h)
        for (i64 i = 0; i < c.m; ++i)
            for (i64 j = 0; j < c.n; ++j) {
                T sum = 0;
                for (i64 p = 0; p < c.k; ++p)
                    sum += at(av, a, h, i, p) * at(bv, b, h, p, j);
                count += out[static_cast<std::size_t>((h * c.m + i) * c.n + j)] != sum;
            }
    return count;
}

} // namespace

TEST_CASE("a library that is not there, or is no BLAS, is refused with each name and the reason")
{
    try {
        open_blas({"libno_such_blas.so.0", "libm.so.6"});
        FAIL("something was opened");
    } catch (const BackendError& e) {
        CHECK(std::string(e.message()) ==
              "matmul: no library for matrix products can be opened, tried:\n"
              "  libno_such_blas.so.0: cannot open shared object file: No such file or directory\n"
              "  libm.so.6: it has no sgemm_ and dgemm_");
        CHECK(e.op() == "matmul");
    }
}

TEST_CASE("the first name that can be opened is taken, and is opened once")
{
    const Blas& blas = open_blas({"libno_such_blas.so.0", CROTON_FAKE_BLAS});
    CHECK(&blas == &fake());
    CHECK(blas.name == CROTON_FAKE_BLAS);
    const auto all = opened_blas();
    CHECK(std::count(all.begin(), all.end(), CROTON_FAKE_BLAS) == 1);
    REQUIRE(!blas_names().empty());
}

TEST_CASE("products of operands as they lie, turned and with gaps, in batches and cut into tiles")
{
    for (const bool a_turned : {false, true})
        for (const bool b_turned : {false, true})
            for (const int threads : {0, 1, 3}) {
                CAPTURE(a_turned, b_turned, threads);
                CHECK(wrong<float>(fake(), {1, 7, 9, 5, a_turned, b_turned, 0}, threads) == 0);
                CHECK(wrong<double>(fake(), {3, 7, 9, 5, a_turned, b_turned, 2}, threads) == 0);
                CHECK(wrong<float>(fake(), {2, 300, 600, 3, a_turned, b_turned, 1}, threads) == 0);
                CHECK(wrong<double>(fake(), {2, 1, 4, 1, a_turned, b_turned, 0}, threads) == 0);
            }
    CHECK(wrong<float>(fake(), {4, 6, 5, 8, false, false, 0, true}, 1) == 0);
}

TEST_CASE("what is larger than the library can count is cut, also where rows are far apart")
{
    for (const i64 largest : {5, 9, 11})
        for (const bool a_turned : {false, true})
            for (const bool b_turned : {false, true}) {
                CAPTURE(largest, a_turned, b_turned);
                const Changed blas(largest);
                CHECK(wrong<double>(blas, {1, 12, 12, 12, a_turned, b_turned, 0}, 1) == 0);
                CHECK(wrong<float>(blas, {2, 3, 4, 8, a_turned, b_turned, 3}, 1) == 0);
                CHECK(wrong<float>(blas, {1, 8, 4, 3, a_turned, b_turned, 2}, 1) == 0);
            }
}

TEST_CASE("without terms results are 0, without elements nothing is called")
{
    (void)asked("fake_blas_calls");
    CHECK(wrong<float>(fake(), {2, 3, 4, 0}, 1) == 0);
    CHECK(wrong<double>(fake(), {0, 3, 4, 2}, 1) == 0);
    CHECK(wrong<double>(fake(), {2, 0, 4, 2}, 1) == 0);
    CHECK(wrong<double>(fake(), {2, 3, 0, 2}, 1) == 0);
    CHECK(asked("fake_blas_calls") == 0);
}

TEST_CASE("the library computes on one thread, whatever its setting, which it gets back")
{
    (void)asked("fake_blas_most_threads");
    (void)asked("fake_blas_calls");
    CHECK(fake().threads() == 4);
    CHECK(wrong<float>(fake(), {1, 600, 600, 4}, 1) == 0);
    const int serial = asked("fake_blas_calls");
    CHECK(serial == 6); // 3 tiles down, 2 across
    CHECK(wrong<float>(fake(), {1, 600, 600, 4}, 3) == 0);
    CHECK(asked("fake_blas_calls") == serial);
    CHECK(asked("fake_blas_most_threads") == 1);
    CHECK(fake().threads() == 4);
}

TEST_CASE("several callers at once get their products, and the setting comes back after the last")
{
    (void)asked("fake_blas_most_threads");
    std::atomic<int> errors = 0;
    std::vector<std::thread> callers;
    for (int caller = 0; caller < 6; ++caller)
        callers.emplace_back([&errors, caller] {
            for (int i = 0; i < 20; ++i)
                errors += wrong<double>(fake(), {2, 20 + caller, 30, 10}, caller % 3);
        });
    for (std::thread& t : callers)
        t.join();
    CHECK(errors == 0);
    CHECK(asked("fake_blas_most_threads") == 1);
    CHECK(fake().threads() == 4);
}

TEST_CASE("a setting for each thread is set around each tile")
{
    static thread_local int setting = 8;
    static thread_local int changes = 0;
    const Changed blas(1 << 30, [](int n) {
        ++changes;
        return std::exchange(setting, n);
    });
    CHECK(wrong<float>(blas, {1, 600, 4, 4}, 1) == 0);
    CHECK(changes == 6);
    CHECK(setting == 8);
}
