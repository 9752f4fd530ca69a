// What compiling functions and letting go of them leaves in the process: nothing.
#include <croton/croton.hpp>

#include <cstdint>
#include <cstdio>
#include <string>

#include "runtime/process.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace ct = croton;
using namespace croton::test;

namespace {

/// Compiles, calls and drops functions that differ in their numbers.
void cycle(int first, int count, const ct::Options& options)
{
    for (int i = first; i < first + count; ++i) {
        const auto x = ct::scalar<double>("x");
        const auto f = ct::function({x}, {x * x + i}, options);
        REQUIRE(f(3.0)[0].as_double(0) == 9 + i);
    }
}

struct Footprint {
    std::size_t mappings = count_mappings();
    std::size_t descriptors = count_descriptors();
    std::size_t kib = private_kib();
};

void check_same(const Footprint& before, const Footprint& after)
{
#ifdef CROTON_INSTRUMENTED
    // The sanitizer keeps what was freed, large pieces in mappings of their own.
    constexpr std::size_t more_kib = 2'000'000, more_mappings = 100;
#else
    constexpr std::size_t more_kib = 4096; // 900 programs of one page that stay take 3600
    constexpr std::size_t more_mappings = 8;
#endif
    CHECK(after.descriptors == before.descriptors);
    CHECK(after.mappings <= before.mappings + more_mappings);
    CHECK(after.kib < before.kib + more_kib);
}

} // namespace

TEST_CASE("a thousand functions, compiled and dropped, leave memory and mappings as they were")
{
    const ct::Options uncached{.cache = false};
    cycle(0, 100, uncached);
    const Footprint before;
    cycle(100, 900, uncached);
    check_same(before, {});
}

TEST_CASE("functions that a cache gives leave memory and mappings as they were")
{
    cycle(0, 10, {});
    for (int i = 0; i < 10; ++i)
        cycle(0, 10, {});
    const Footprint before;
    for (int i = 0; i < 90; ++i)
        cycle(0, 10, {});
    check_same(before, {});
}

TEST_CASE("functions that a file gives leave memory as it was, the places that it names too")
{
    const std::string file = "croton_dropped_function.ct";
    auto x = ct::scalar<double>("x");
    ct::Variable y = x;
    for (int i = 0; i < 200; ++i) {
        const ct::Scope scope("part" + std::to_string(i));
        y = y + i;
    }
    ct::function({x}, y, {.name = "stored"}).save(file);
    const auto load = [&](int count) {
        for (int i = 0; i < count; ++i)
            (void)ct::Function::load(file);
    };
    load(20);
    const Footprint before;
    load(300); // 26 KiB of names each
    check_same(before, {});
    std::remove(file.c_str());
}
