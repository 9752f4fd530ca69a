// Loops in chunks: checkpoints and steps that are written out change nothing but memory and text.
#include <croton/croton.hpp>

#include <vector>

#include "support/catch.hpp"

namespace ct = croton;
using croton::test::Approx;
using ct::Array;
using ct::Variable;
using ct::Variables;

namespace {

/// A loop with a sequence, two states, a constant and an out; a scalar of all its results.
Variable loop(const Variable& xs, const Variable& h, const Variable& w, const ct::ScanArgs& how)
{
    const auto step = [&](const Variable& x, const Variable& s, const Variable& n) {
        return ct::Step{{tanh(w * s + x), n * 0.5 + ct::sum(s)}, {s * x + n}};
    };
    ct::ScanArgs args = how;
    args.sequences = {xs};
    args.init = {h, ct::sum(h)};
    const auto r = ct::scan(step, args);
    const Variable weights = 1.0 + ct::arange(xs.extent(0), ct::DType::f64);
    return ct::sum(r.last[0]) * r.last[1] + ct::sum(weights * ct::sum(r.history[0], 1)) +
           ct::sum(weights * r.history[1]) + ct::sum(square(r.out[0]));
}

void compare(const ct::Extent& n, std::int64_t length, const ct::ScanArgs& how)
{
    const auto xs = ct::matrix<double>("xs", {n, 3});
    const auto h = ct::vector<double>("h", {3}), w = ct::vector<double>("w", {3});
    Variables outputs;
    for (const bool chunks : {false, true}) {
        const Variable y = loop(xs, h, w, chunks ? how : ct::ScanArgs{.reverse = how.reverse});
        outputs.push_back(y);
        for (const Variable& g : ct::grad(y, Variables{xs, h, w}))
            outputs.push_back(g);
        outputs.push_back(ct::jvp(y, {w}, {h}));
    }
    for (const bool reference : {false, true}) {
        const auto f = ct::function({xs, h, w}, outputs, {.reference = reference});
        const auto draw = [](std::uint64_t key, std::vector<std::int64_t> shape) {
            return Array::normal(key, shape, ct::DType::f64, 0.5);
        };
        const ct::Results r = f(draw(1, {length, 3}), draw(2, {3}), draw(3, {3}));
        for (std::size_t k = 0; k < 5; ++k) {
            REQUIRE(r[k].size() == r[k + 5].size());
            for (std::int64_t i = 0; i < r[k].size(); ++i) {
                INFO("output " << k << ", element " << i << ", of " << length);
                CHECK(r[k + 5].as_double(i) ==
                      Approx(r[k].as_double(i)).epsilon(1e-12).margin(1e-12));
            }
        }
    }
}

} // namespace

TEST_CASE("checkpoints and unrolled steps give the loop's results and derivatives")
{
    const auto n = ct::dim("n");
    for (const bool reverse : {false, true}) {
        for (const std::int64_t length : {1, 6, 7, 12}) {
            compare(length, length, {.reverse = reverse, .checkpoint = 3});
            compare(length, length, {.reverse = reverse, .unroll = 3});
        }
        compare(12, 12, {.reverse = reverse, .unroll = 2, .checkpoint = 5});
        compare(9, 9, {.reverse = reverse, .checkpoint = ct::square_root});
        for (const std::int64_t length : {0, 2, 4, 11}) {
            compare(n, length, {.reverse = reverse, .checkpoint = 4});
            compare(n, length, {.reverse = reverse, .unroll = 4});
        }
    }
}

TEST_CASE("a gradient with checkpoints stores few steps")
{
    const auto h = ct::vector<double>("h", {64});
    const auto bytes = [&](std::int64_t steps, int checkpoint) {
        const auto step = [](const Variable& s) { return sin(s) * s + ct::mean(s); };
        const auto r = ct::scan(step, {.init = {h}, .steps = steps, .checkpoint = checkpoint});
        return ct::function({h}, ct::grad(ct::sum(r.last[0]), h)).workspace_bytes();
    };
    const std::size_t state = 64 * sizeof(double);
    CHECK(bytes(10000, 0) > 10000 * state);
    CHECK(bytes(10000, 100) < 310 * state); // 100 of the chunks, two histories of one
    CHECK(bytes(10000, ct::square_root) < 310 * state);
    CHECK(bytes(1000000, ct::square_root) < 3100 * state);
}
