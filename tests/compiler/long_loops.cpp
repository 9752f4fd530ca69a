// Loops of a million steps: their end takes the memory that ten steps take, and gradients by
// checkpoints take what is said of them.
#include <croton/croton.hpp>

#include <cmath>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace ct = croton;
using croton::test::Approx;
using ct::Array;
using ct::Variable;
using ct::Variables;

namespace {

constexpr std::int64_t million = 1000000;
constexpr double rate = 1e-6, start = 0.5;

/// One step: equal elements that start at s are s / (1 + n * h * s) after n of them. Each by
/// itself, or with the mean of all, so that no element is alone.
Variable shrunk(const Variable& s, const Variable& h, bool together)
{
    return s / (1.0 + h * (together ? ct::mean(s) : s));
}

/// A loop of a number of steps that is known, or that the rows of a sequence of ones are.
ct::ScanResult shrinking(const Variable& x,
                         const Variable& h,
                         bool together,
                         ct::ScanArgs args,
                         const Variable& ones = {})
{
    args.init = {x};
    if (ones.is_empty())
        return ct::scan([&](const Variable& s) { return shrunk(s, h, together); }, args);
    args.sequences = {ones};
    return ct::scan(
        [&](const Variable& one, const Variable& s) { return shrunk(s, one * h, together); }, args);
}

double end_of(std::int64_t steps)
{
    return start / (1 + static_cast<double>(steps) * rate * start);
}

} // namespace

TEST_CASE("the end of a loop takes as much memory after a million steps as after ten")
{
    const auto h = ct::scalar<double>("h");
    const auto ones = ct::vector<double>("ones", {ct::dim("n")});
    for (const bool together : {false, true})
        for (const std::int64_t width : {3, 100}) {
            INFO((together ? "together, " : "each by itself, ") << width << " elements");
            const auto x = ct::vector<double>("x", {width});
            const Array at = Array::full<double>({width}, start);
            std::vector<std::size_t> bytes;
            for (const std::int64_t steps : {std::int64_t{10}, million}) {
                const auto r = shrinking(x, h, together, {.steps = steps});
                const auto f = ct::function({x, h}, r.last[0]);
                bytes.push_back(f.workspace_bytes());
                CHECK(f(at, rate)[0].as_double(0) == Approx(end_of(steps)).epsilon(1e-9));
            }
            CHECK(bytes[0] == bytes[1]);
            CHECK(bytes[0] <= 3 * static_cast<std::size_t>(width) * sizeof(double) + 64);
            // Of a number of steps that the call gives.
            const auto r = shrinking(x, h, together, {}, ones);
            const auto f = ct::function({x, h, ones}, r.last[0]);
            CHECK(f.workspace_bytes({{"n", million}}) == f.workspace_bytes({{"n", 10}}));
            for (const std::int64_t steps : {std::int64_t{10}, million})
                CHECK(f(at, rate, Array::full<double>({steps}, 1))[0].as_double(0) ==
                      Approx(end_of(steps)).epsilon(1e-9));
        }
}

TEST_CASE("a gradient through a million steps takes the states that its checkpoints say")
{
    const auto h = ct::scalar<double>("h");
    constexpr std::int64_t width = 64;
    constexpr std::size_t state = width * sizeof(double);
    const auto x = ct::vector<double>("x", {width});
    const Array at = Array::full<double>({width}, start);
    const double shrink = 1 + million * rate * start;
    const auto check = [&](const ct::Results& r) {
        for (const std::int64_t i : {std::int64_t{0}, width - 1})
            CHECK(r[0].as_double(i) == Approx(1 / (shrink * shrink)).epsilon(1e-9));
        CHECK(r[1].item<double>() ==
              Approx(-width * million * start * start / (shrink * shrink)).epsilon(1e-9));
    };
    for (const bool together : {false, true}) {
        // A call that needed more would be refused.
        const auto run = [&](const ct::Checkpoints& checkpoint, std::size_t states) {
            INFO((together ? "together, " : "each by itself, ") << states << " states");
            const auto r = shrinking(x, h, together, {.steps = million, .checkpoint = checkpoint});
            const auto f = ct::function({x, h}, ct::grad(ct::sum(r.last[0]), Variables{x, h}),
                                        {.memory_limit_bytes = states * state});
            CHECK(f.workspace_bytes() > 0);
            CHECK(f.workspace_bytes() <= states * state);
            check(f(at, rate));
        };
        run(ct::square_root, 2020); // 1,000 of the chunks and 1,000 of the steps of one
        run(ct::binomial(20), 100); // 3 * 20 and the chunk's 20
        run(2000, 2520);
        // Where the call gives the number: of 1,953 chunks, of the 512 steps of one, and twice of
        // the 64 that are left over.
        const auto ones = ct::vector<double>("ones", {ct::dim("n")});
        const auto r = shrinking(x, h, together, {.checkpoint = ct::square_root}, ones);
        const auto f = ct::function({x, h, ones}, ct::grad(ct::sum(r.last[0]), Variables{x, h}));
        CHECK(f.workspace_bytes({{"n", million}}) <= 2610 * state);
        check(f(at, rate, Array::full<double>({million}, 1)));
    }
}

TEST_CASE("the square root of a number of steps that the call gives: states for every number")
{
    const auto h = ct::scalar<double>("h");
    const auto x = ct::vector<double>("x", {64});
    const auto ones = ct::vector<double>("ones", {ct::dim("n")});
    const auto r = shrinking(x, h, true, {.checkpoint = ct::square_root}, ones);
    const auto f = ct::function({x, h, ones}, ct::grad(ct::sum(r.last[0]), x));
    for (const std::int64_t steps :
         {16, 100, 255, 256, 1000, 4095, 4096, 10000, 65535, 65536, 400000, 1048575, 1048576}) {
        INFO(steps << " steps");
        const auto bytes = static_cast<double>(f.workspace_bytes({{"n", steps}}));
        CHECK(bytes / (64 * sizeof(double)) <= 4.5 * std::sqrt(static_cast<double>(steps)) + 10);
    }
}
