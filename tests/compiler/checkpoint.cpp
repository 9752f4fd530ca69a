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
        // A spacing that follows from the number of steps.
        for (const std::int64_t length : {0, 1, 2, 3, 17, 300}) {
            compare(n, length, {.reverse = reverse, .checkpoint = floor_div(n, 3)});
            compare(n, length, {.reverse = reverse, .checkpoint = ct::square_root});
        }
    }
}

TEST_CASE("binomial checkpoints: results and derivatives of the loop")
{
    for (const bool reverse : {false, true})
        for (const int snapshots : {1, 2, 3, 5})
            for (const std::int64_t length : {1, 4, 6, 19, 60})
                compare(length, length,
                        {.reverse = reverse, .checkpoint = ct::binomial(snapshots)});
    compare(40, 40, {.unroll = 2, .checkpoint = ct::binomial(2)});
    // Bit for bit, as each step's adjoint is what it is, and at any number of chunks: 40 of 3.
    const auto h = ct::vector<double>("h", {3});
    const auto gradient = [&](const ct::Checkpoints& checkpoint) {
        const auto step = [](const Variable& s) { return sin(2.0 * s) + 0.3 * ct::mean(s); };
        const auto r = ct::scan(step, {.init = {h}, .steps = 120, .checkpoint = checkpoint});
        return ct::grad(ct::sum(r.last[0]), h);
    };
    const auto f = ct::function({h}, {gradient(0), gradient(ct::binomial(3)), gradient(11)});
    const ct::Results r = f(Array::normal(3, {3}, ct::DType::f64));
    for (std::int64_t i = 0; i < 3; ++i) {
        CHECK(r[1].as_double(i) == r[0].as_double(i));
        CHECK(r[2].as_double(i) == r[0].as_double(i));
    }
    // Of a second order, and over a batch.
    const Variable g = ct::sum(square(gradient(ct::binomial(2)))), p = ct::sum(square(gradient(0)));
    const auto second = ct::function({h}, {ct::grad(p, h), ct::grad(g, h)});
    const ct::Results two = second(Array::normal(4, {3}, ct::DType::f64, 0.1));
    for (std::int64_t i = 0; i < 3; ++i)
        CHECK(two[1].as_double(i) == Approx(two[0].as_double(i)).epsilon(1e-9));
}

TEST_CASE("checkpoints of a loop that may stop early: the reverse runs the steps that ran")
{
    const ct::Extent n = ct::dim("n");
    const auto h = ct::scalar<double>("h"), bound = ct::scalar<double>("bound");
    const auto xs = ct::vector<double>("xs", {n});
    for (const bool reverse : {false, true}) {
        const auto made = [&](const ct::Checkpoints& checkpoint) {
            const auto step = [&](const Variable& x, const Variable& s) {
                const Variable next = s + sin(x * s);
                return ct::Step{{next}, {square(next)}, next > bound};
            };
            const auto r = ct::scan(
                step,
                {.sequences = {xs}, .init = {h}, .reverse = reverse, .checkpoint = checkpoint});
            const Variable weights = 1.0 + ct::arange(n, ct::DType::f64);
            const Variable y = r.last[0] + ct::sum(weights * r.history[0]) + ct::sum(r.out[0]);
            Variables all{y, r.count, r.history[0], r.out[0]};
            for (const Variable& g : ct::grad(y, Variables{xs, h}))
                all.push_back(g);
            all.push_back(ct::jvp(y, {h}, {Variable(1.0)}));
            return all;
        };
        Variables outputs = made(0);
        for (const Variable& v : made(3))
            outputs.push_back(v);
        for (const bool reference : {false, true}) {
            const auto f = ct::function({xs, h, bound}, outputs, {.reference = reference});
            for (const std::int64_t length : {0, 1, 3, 7, 9, 11})
                for (const double stop : {-1.0, 1.0, 1.5, 2.0, 100.0}) {
                    const ct::Results r =
                        f(Array::uniform(3, {length}, ct::DType::f64, 0, 0.6), 0.7, stop);
                    for (std::size_t k = 0; k < 7; ++k)
                        for (std::int64_t i = 0; i < r[k].size(); ++i) {
                            INFO("output " << k << ", element " << i << ", of " << length
                                           << ", until " << stop);
                            CHECK(r[k + 7].as_double(i) ==
                                  Approx(r[k].as_double(i)).epsilon(1e-13));
                        }
                }
        }
    }
}

TEST_CASE("a gradient with checkpoints stores few steps")
{
    const auto h = ct::vector<double>("h", {64});
    const auto bytes = [&](std::int64_t steps, const ct::Checkpoints& checkpoint) {
        const auto step = [](const Variable& s) { return sin(s) * s + ct::mean(s); };
        const auto r = ct::scan(step, {.init = {h}, .steps = steps, .checkpoint = checkpoint});
        return ct::function({h}, ct::grad(ct::sum(r.last[0]), h)).workspace_bytes();
    };
    const std::size_t state = 64 * sizeof(double);
    CHECK(bytes(10000, 0) > 10000 * state);
    CHECK(bytes(10000, 100) < 210 * state); // 100 of the chunks, 100 of the steps of one
    CHECK(bytes(10000, ct::square_root) < 210 * state);
    CHECK(bytes(1000000, ct::square_root) < 2010 * state);
    // 3 times 10 states, and the chunk of 10: whatever the number of steps.
    CHECK(bytes(1000, ct::binomial(10)) < 60 * state);
    CHECK(bytes(1000000, ct::binomial(10)) < 60 * state);
    // Of a number of steps that the call gives.
    const ct::Extent n = ct::dim("n");
    const auto of = [&](const ct::Checkpoints& checkpoint, std::int64_t steps) {
        const auto xs = ct::vector<double>("xs", {n});
        const auto step = [](const Variable& x, const Variable& s) {
            return sin(s) * s + ct::mean(s) + x;
        };
        const auto r = ct::scan(step, {.sequences = {xs}, .init = {h}, .checkpoint = checkpoint});
        return ct::function({xs, h}, ct::grad(ct::sum(r.last[0]), h))
            .workspace({{"n", steps}})
            .size_bytes();
    };
    CHECK(of(ct::square_root, 10000) < 270 * state);
    CHECK(of(ct::square_root, 1000000) < 2700 * state);
    CHECK(of(floor_div(n, 50), 10000) < 270 * state);
}

TEST_CASE("a gradient by weights with checkpoints stores few steps too")
{
    // What the product of all steps would be of is as long as the loop.
    const auto x = ct::input("x", ct::DType::f64, {64}),
               w = ct::input("w", ct::DType::f64, {64, 64});
    const auto gradient = [&](std::int64_t steps, const ct::Checkpoints& checkpoint) {
        const auto step = [&](const Variable& s) { return tanh(ct::dot(w, s)); };
        const auto r = ct::scan(step, {.init = {x}, .steps = steps, .checkpoint = checkpoint});
        return ct::function({x, w}, ct::grad(ct::sum(r.last[0]), w));
    };
    const auto bytes = [&](std::int64_t steps, const ct::Checkpoints& checkpoint) {
        return static_cast<std::int64_t>(gradient(steps, checkpoint).workspace_bytes());
    };
    const std::int64_t state = 64 * sizeof(double);
    for (const int snapshots : {1, 2, 5}) {
        INFO(snapshots);
        CHECK(bytes(800, ct::binomial(snapshots)) < 500 * state);
        CHECK(bytes(8000, ct::binomial(snapshots)) <=
              bytes(800, ct::binomial(snapshots)) + 8 * state);
    }
    // Two arrays of each chunk's steps, and the weights' sums.
    CHECK(bytes(10000, ct::square_root) < 1000 * state);
    CHECK(bytes(10000, 100) < 1000 * state);
    CHECK(bytes(10000, 0) > 10000 * state);
    const ct::Array start = ct::Array::uniform(1, {64}, ct::DType::f64, 0, 1),
                    weights = ct::Array::normal(2, {64, 64}, ct::DType::f64, 0.2);
    const ct::Array plain = gradient(40, 0)(start, weights)[0];
    for (const ct::Checkpoints& checkpoint :
         {ct::Checkpoints(ct::binomial(1)), ct::Checkpoints(ct::binomial(3)),
          ct::Checkpoints(ct::square_root), ct::Checkpoints(7)}) {
        const ct::Array again = gradient(40, checkpoint)(start, weights)[0];
        for (std::int64_t i = 0; i < plain.size(); ++i)
            CHECK(again.as_double(i) == Approx(plain.as_double(i)).epsilon(1e-9).margin(1e-12));
    }
}

TEST_CASE("products in front of a loop store no rows that its checkpoints ask not to store")
{
    constexpr std::int64_t state = 32 * sizeof(double);
    const auto w = ct::matrix<double>("w", {32, 32}), u = ct::matrix<double>("u", {32, 32});
    const auto start = ct::vector<double>("start", {32});
    const auto bytes = [&](std::int64_t steps, const ct::Checkpoints& checkpoint) {
        const auto x = ct::matrix<double>("x", {steps, 32});
        const auto step = [&](const Variable& row, const Variable& s) {
            return tanh(0.2 * ct::dot(w, s) + ct::dot(u, row));
        };
        const auto r =
            ct::scan(step, {.sequences = {x}, .init = {start}, .checkpoint = checkpoint});
        const Variables bars = ct::grad(ct::sum(square(r.last[0])), Variables{w, u, start});
        return static_cast<std::int64_t>(ct::function({x, w, u, start}, bars).workspace_bytes());
    };
    for (const int s : {1, 2, 5}) {
        INFO("binomial " << s);
        CHECK(bytes(1600, ct::binomial(s)) <= bytes(400, ct::binomial(s)) + 16 * state);
    }
    // 120 more chunks of 10 steps, or 20 more of 20 more, each with a few states beside.
    CHECK(bytes(1600, 10) <= bytes(400, 10) + 125 * state);
    CHECK(bytes(1600, ct::square_root) <= bytes(400, ct::square_root) + (20 + 5 * 20) * state);
}
