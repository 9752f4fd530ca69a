// Outputs too large for the caches, which kernels that wait for memory write past them: the same
// bits as in pieces that are small, at any place in memory.
#include <croton/croton.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "support/catch.hpp"

namespace ct = croton;
using croton::test::contains;
using ct::DType;
using ct::View;

namespace {

std::vector<float> values(std::size_t count)
{
    std::vector<float> all(count);
    std::uint32_t state = 1;
    for (float& v : all) {
        state = state * 1664525U + 1013904223U;
        v = static_cast<float>(state >> 8) * 0x1p-23F - 1;
    }
    return all;
}

} // namespace

TEST_CASE("elements of a large output are those of small ones, wherever it lies")
{
    const auto x = ct::input("x", DType::f32, {ct::dim("n")}),
               y = ct::input("y", DType::f32, x.shape());
    const auto f = ct::function({x, y}, {ct::Output("sum", x + y), ct::Output("larger", x > y)});
    REQUIRE_THAT(std::string(f.source()), contains("stream_bytes("));
    const auto call =
        f.typed<void(View<const float>, View<const float>, View<float>, View<bool>)>();
    constexpr std::size_t count = (std::size_t{34} << 20) + 5; // of bool too more than 32 MiB
    const std::vector<float> a = values(count), b(a.rbegin(), a.rend());
    // Arrays begin at multiples of what is streamed at once; one element on it is not.
    ct::Array sum_array = ct::Array::zeros(DType::f32, {count + 1});
    ct::Array larger_array = ct::Array::zeros(DType::boolean, {count + 1});
    const std::span<float> sum(static_cast<float*>(sum_array.data()), count + 1);
    const std::span<bool> larger(static_cast<bool*>(larger_array.data()), count + 1);
    for (const std::size_t offset : {0, 1}) {
        std::ranges::fill(sum, -9.0F);
        const std::span<float> sums = sum.subspan(offset, count);
        const std::span<bool> truths = larger.subspan(offset, count);
        call(std::span<const float>(a), std::span<const float>(b), sums, truths);
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < count; ++i)
            wrong += sums[i] != a[i] + b[i] || truths[i] != (a[i] > b[i]);
        CHECK(wrong == 0);
        CHECK(sum[offset == 0 ? count : 0] == -9.0F);
    }
}

TEST_CASE("rows of a large output are those of a small one, on any number of threads")
{
    constexpr std::int64_t rows = 9001, m = 1000;
    const auto x = ct::input("x", DType::f32, {ct::dim("n"), m});
    const ct::Array all = ct::Array::uniform(7, {rows, m}).cast(DType::f32);
    std::vector<ct::Array> found;
    for (const int threads : {1, 2, 3}) {
        const auto f = ct::function({x}, {x - ct::max(x, ct::Axis{1}, true)}, {.threads = threads});
        REQUIRE_THAT(std::string(f.source()), contains("stream_bytes("));
        found.push_back(f(all)[0]);
    }
    std::size_t wrong = 0;
    for (std::int64_t i = 0; i < rows; ++i) {
        const float* row = static_cast<const float*>(all.data()) + i * m;
        const float largest = *std::max_element(row, row + m);
        for (std::int64_t j = 0; j < m; ++j)
            for (const ct::Array& y : found)
                wrong += static_cast<const float*>(y.data())[i * m + j] != row[j] - largest;
    }
    CHECK(wrong == 0);
}

TEST_CASE("a kernel that computes more than it moves writes into the caches")
{
    const auto x = ct::input("x", DType::f32, {ct::dim("n")});
    CHECK_THAT(std::string(ct::function({x}, {tanh(x)}).source()), !contains("stream_bytes("));
}
