// Equal states of a loop that become one, and loops that become one.
#include <croton/passes/fuse_loops.hpp>
#include <croton/passes/grad.hpp>
#include <croton/passes/merge_duplicates.hpp>
#include <croton/passes/merge_states.hpp>
#include <croton/passes/trim_loops.hpp>

#include "passes/run_passes.hpp"

using namespace croton;
using namespace croton::test;

namespace {

Variables merged(const Variables& inputs, const Variables& ys)
{
    return after(inputs, ys, {}, TrimLoops{}, MergeDuplicates{}, MergeStates{});
}

Variables fused(const Variables& inputs, const Variables& ys, const PassOptions& options = {})
{
    const Variables before = after(inputs, ys, options, TrimLoops{}, MergeDuplicates{});
    const Variables now = after(inputs, before, options, FuseLoops{}, TrimLoops{});
    CHECK(after(inputs, now, options, FuseLoops{})[0].owner().node() == now[0].owner().node());
    return now;
}

/// As if no kernel had products or sums, nor more than so many states.
template <int most_states>
bool fits(const Apply& scan)
{
    const auto& p = scan.params_as<ScanParams>();
    return p.states > 0 && p.states <= most_states && !p.until && !p.limited && !has(p, "sum") &&
           !has(p, "dot");
}
template <int most_states>
const PassOptions with_kernels{.fits_a_kernel = fits<most_states>};

} // namespace

TEST_CASE("merge states: those that begin as one and get one value become one")
{
    const Variable xs = vector<double>("xs", {5}), a = scalar<double>("a");
    const auto run = scan(
        [&](const Variable& x, const Variable& s, const Variable& t, const Variable& other) {
            return Step{{s * x + a, a + x * t, other * x}, {s + t, exp(s), s + s}};
        },
        {.sequences = {xs}, .init = {a, a, a}});
    const Variables ys{run.last[0], run.history[1], run.last[2], run.out[0], run.out[2]};
    const Variables now = merged({xs, a}, ys);
    check_same({xs, a}, {sample(1, {5}), Array::scalar(0.7)}, ys, now, 0);
    const ScanParams loop = loops_of(now).at(0);
    CHECK(loop.states == 2);
    CHECK(loop.outs == 1); // s + t and s + s
    CHECK(loop.kept == std::vector<int>{1, 1, 1, 0, 1, 0});
}

TEST_CASE("merge states: states that need each other")
{
    // Each pair is equal only if the other is.
    const Variable xs = vector<double>("xs", {5}), a = scalar<double>("a"), b = scalar<double>("b");
    const auto run =
        scan([&](const Variable& x, const Variable& p, const Variable& q, const Variable& r,
                 const Variable& s) { return Variables{q * x, p + x, s * x, r + x}; },
             {.sequences = {xs}, .init = {a, b, a, b}});
    const Variables ys{run.last[0], run.last[1], run.last[2], run.last[3]};
    const Variables now = merged({xs, a, b}, ys);
    check_same({xs, a, b}, {sample(1, {5}), Array::scalar(0.7), Array::scalar(0.2)}, ys, now, 0);
    CHECK(loops_of(now).at(0).states == 2);
    CHECK(same(now[0], now[2]));
    CHECK(same(now[1], now[3]));
}

TEST_CASE("merge states: none that differ in a later step alone")
{
    // The states are shifted from one to the next: all begin as 0, and the last one changes last.
    const Variable x = scalar<double>("x");
    const auto run = scan([&](const Variable& p, const Variable& q, const Variable& r,
                              const Variable& s) { return Variables{p + x, p, q, r + 0.0 * s}; },
                          {.init = {0.0, 0.0, 0.0, 0.0}, .steps = 6});
    const Variables ys{run.last[0], run.last[1], run.last[2], run.last[3]};
    const Variables now = merged({x}, ys);
    check_same({x}, {Array::scalar(0.7)}, ys, now, 0);
    CHECK(loops_of(now).at(0).states == 4);
    CHECK(same(now[0], after({x}, ys, {}, TrimLoops{}, MergeDuplicates{})[0]) == false);
}

TEST_CASE("merge states: many that begin alike are told apart in a few rounds")
{
    const Variable x = scalar<double>("x");
    for (const int back : {40, 400}) {
        const auto run =
            scan([&](const Variable& far, const Variable& near,
                     const Variable& other) { return Variables{far + x * near, other}; },
                 {.init = {{0.0, {-back, -1}}, {0.0, {-1}}}, .steps = 500});
        const Variables ys{run.last[0], run.last[1]};
        const Variables now = after({x}, ys, {}, MergeDuplicates{}, MergeStates{});
        check_same({x}, {Array::scalar(0.7)}, ys, now, 0);
        CHECK(loops_of(now).at(0).states >= back);
    }
}

TEST_CASE("merge states: an out that is a state after the step is its history")
{
    const Variable xs = vector<double>("xs", {5});
    const auto run = scan(
        [](const Variable& x, const Variable& s) {
            const Variable next = s * x + 1.0;
            return Step{{next}, {next, exp(s), exp(s)}};
        },
        {.sequences = {xs}, .init = {1.0}, .reverse = true});
    const Variables ys{run.out[0] + 0.0, run.out[1], run.out[2]};
    const Variables now = merged({xs}, ys);
    check_same({xs}, {sample(1, {5})}, ys, now, 0);
    const ScanParams loop = loops_of(now).at(0);
    CHECK(loop.kept == std::vector<int>{0, 1, 1, 0});
    CHECK(same(now[1], now[2]));
}

TEST_CASE("merge states: an out that is what a sequence gave is the sequence")
{
    const Variable xs = vector<double>("xs", {5}), a = scalar<double>("a");
    const auto run = scan([](const Variable& x, const Variable& s,
                             const Variable& still) { return Step{{s * x, still}, {x, x}}; },
                          {.sequences = {xs}, .init = {a, a * 2.0}});
    const Variables ys{run.out[0], run.last[0], run.out[1], run.last[1]};
    const Variables now = after({xs, a}, ys, {}, MergeStates{});
    check_same({xs, a}, {sample(1, {5}), Array::scalar(0.7)}, ys, now, 0);
    CHECK(same(now[0], xs));
    CHECK(same(now[2], xs));
    CHECK(loops_of(now).at(0).outs == 0);
    CHECK(loops_of(after({xs, a}, {run.out[0]}, {}, MergeStates{})).empty());
    // Of steps that do not run it is 0.
    const auto stops =
        scan([](const Variable& x, const Variable& s) { return Step{{s + x}, {x}, s + x > 2.0}; },
             {.sequences = {xs}, .init = {a}});
    CHECK(!same(merged({xs, a}, stops.out)[0], xs));
}

TEST_CASE("merge states: of loops that stop, and the number of their steps")
{
    const Variable xs = vector<double>("xs", {6});
    const auto run = scan(
        [](const Variable& x, const Variable& s, const Variable& t) {
            const Variable next = t + x;
            return Step{{s + x, next}, {2.0 * s, 2.0 * t}, next > 2.5};
        },
        {.sequences = {xs}, .init = {0.0, 0.0}});
    const Variables ys{run.last[0], run.history[1], run.out[0], run.out[1], run.count};
    const Variables now = merged({xs}, ys);
    check_same({xs}, {sample(1, {6})}, ys, now, 0);
    const ScanParams loop = loops_of(now).at(0);
    CHECK(loop.states == 1);
    CHECK(loop.outs == 1);
    CHECK(loop.until);
}

TEST_CASE("fuse loops: forward mode runs beside the loop whose results are used")
{
    const Variable xs = vector<double>("xs", {5}), a = scalar<double>("a");
    const auto run = scan([&](const Variable& x, const Variable& s) { return sin(s * a) + x; },
                          {.sequences = {xs}, .init = {a}});
    const Variable y = sum(square(run.history[0])) + run.last[0];
    const Variables ys{y, jvp(y, {a}, {ones(DType::f64, {})}), run.last[0]};
    CHECK(loops_of(after({xs, a}, ys, {}, TrimLoops{}, MergeDuplicates{})).size() == 2);
    const Variables now = fused({xs, a}, ys);
    check_same({xs, a}, {sample(1, {5}), Array::scalar(0.7)}, ys, now, 0);
    REQUIRE(loops_of(now).size() == 1);
    CHECK(loops_of(now)[0].states == 2);
}

TEST_CASE("fuse loops: gradients that are taken one by one")
{
    const Variable xs = matrix<double>("xs", {5, 3}), w = matrix<double>("w", {3, 3}),
                   h0 = vector<double>("h0", {3});
    const auto run = scan([&](const Variable& x, const Variable& h) { return tanh(dot(w, h) + x); },
                          {.sequences = {xs}, .init = {h0}});
    const Variable loss = sum(square(run.last[0]));
    const Variables inputs{xs, w, h0};
    const Variables ys{grad(loss, w), grad(loss, h0), grad(loss, xs), loss};
    CHECK(loops_of(after(inputs, ys, {}, TrimLoops{}, MergeDuplicates{})).size() > 2);
    const Variables now = fused(inputs, ys);
    check_same(inputs, {sample(1, {5, 3}), sample(2, {3, 3}, -0.5, 0.5), sample(3, {3})}, ys, now,
               0);
    const std::vector<ScanParams> loops = loops_of(now);
    REQUIRE(loops.size() == 2);
    CHECK(loops[1].states == 2); // the state's cotangent and the weights'
    CHECK(loops[1].outs == 1);
}

TEST_CASE("fuse loops: not loops that need one another, run otherwise or have nothing in common")
{
    const Variable xs = vector<double>("xs", {5}), zs = vector<double>("zs", {5}),
                   a = scalar<double>("a"), ws = vector<double>("ws", {dim("n")});
    const Variables inputs{xs, zs, ws, a};
    const auto total = [&](const Variable& v, const Variable& start, bool reverse) {
        return scan([&](const Variable& x, const Variable& s) { return s * a + exp(x); },
                    {.sequences = {v}, .init = {start}, .reverse = reverse});
    };
    const auto loops = [&](const Variables& ys) {
        const Variables now = fused(inputs, ys);
        check_same(inputs, {sample(1, {5}), sample(2, {5}), sample(3, {5}), Array::scalar(0.7)}, ys,
                   now, 0);
        return loops_of(now).size();
    };
    const Variable first = total(xs, a, false).last[0];
    CHECK(loops({first, total(xs, a * 2.0, false).last[0]}) == 1);
    CHECK(loops({first, total(xs, first, false).last[0]}) == 2);
    CHECK(loops({first, total(xs, a * 2.0, true).last[0]}) == 2);
    CHECK(loops({first, total(ws, a, false).last[0]}) == 2);
    CHECK(loops({first, total(zs, a * 2.0, false).last[0]}) == 2);
    // Through other values: the second needs the first, the third has the second's work.
    const Variable through = total(xs, sum(xs * first), false).last[0];
    CHECK(loops({first, through, total(xs, exp(first), false).last[0]}) == 2);
    // Each of one loop and each of the other kind.
    const Variable back = total(xs, a, true).last[0];
    CHECK(loops({total(xs, back, false).last[0], total(zs, first, true).last[0]}) == 4);
    CHECK(loops({total(xs, back, false).last[0], total(xs, first, true).last[0]}) == 4);
}

TEST_CASE("fuse loops: those that stop alike")
{
    const Variable xs = vector<double>("xs", {6}), a = scalar<double>("a"), b = scalar<double>("b");
    const Variables inputs{xs, a, b};
    const std::vector<Array> at{sample(1, {6}), Array::scalar(2.7), Array::scalar(3.9)};
    const auto run = [&](const Variable& most) {
        return scan(
            [&](const Variable& x, const Variable& s) {
                const Variable next = s + x * x;
                return Step{{next}, {next * most}, next > most};
            },
            {.sequences = {xs}, .init = {0.0}});
    };
    const auto first = run(a);
    const Variables ys{first.last[0], first.count,
                       jvp(first.last[0], {xs}, {ones(DType::f64, {6})})};
    const Variables now = fused(inputs, ys);
    check_same(inputs, at, ys, now, 0);
    CHECK(loops_of(now).size() == 1);
    CHECK(loops_of(now)[0].states == 2);
    const auto second = run(b);
    const Variables zs{first.last[0], second.last[0], second.count};
    const Variables apart = fused(inputs, zs);
    check_same(inputs, at, zs, apart, 0);
    CHECK(loops_of(apart).size() == 2);
    // A limit that is computed is the same for both.
    const Variable n = scalar<std::int64_t>("n");
    const auto counted = [&](const Variable& start) {
        return fori_loop(
            n, [&](const Variable& i, const Variable& s) { return s * a + exp(i.as(DType::f64)); },
            {start})[0];
    };
    const Variables cs{counted(a), counted(b)};
    const Variables one = fused({n, a, b}, cs);
    check_same({n, a, b}, {Array::scalar(std::int64_t{4}), at[1], at[2]}, cs, one, 0);
    CHECK(loops_of(one).size() == 1);
}

TEST_CASE("fuse loops: kernels stay kernels, and read what an earlier one gives in the same step")
{
    const Variable xs = matrix<double>("xs", {5, 3}), a = scalar<double>("a");
    const Variables inputs{xs, a};
    const std::vector<Array> at{sample(1, {5, 3}), Array::scalar(0.7)};
    const auto decay = [&](const Variable& v, const Variable& rate, const Variable& start) {
        return scan([&](const Variable& x, const Variable& s) { return s * rate + x; },
                    {.sequences = {v}, .init = {start}});
    };
    const Variable start = zeros(DType::f64, {3});
    const Variable first = decay(xs, a, start).history[0];
    const Variable second = decay(first, a * 2.0, start).history[0];
    const Variables chain{decay(second, exp(a), start).last[0]};
    const Variables one = fused(inputs, chain, with_kernels<3>);
    check_same(inputs, at, chain, one, 0);
    REQUIRE(loops_of(one).size() == 1);
    CHECK(loops_of(one)[0].states == 3);
    CHECK(loops_of(one)[0].kept == std::vector<int>{0, 0, 1, 0, 0, 0, 0});
    const Variables two = fused(inputs, chain, with_kernels<2>);
    check_same(inputs, at, chain, two, 0);
    CHECK(loops_of(two).size() == 2);
    CHECK(loops_of(fused(inputs, chain)).size() == 3); // none is known to be a kernel
    // What reads another row, or the last one as well, is a loop behind.
    const Variables rows{decay(flip(first, 0), a, start).last[0]};
    CHECK(loops_of(fused(inputs, rows, with_kernels<9>)).size() == 2);
    const auto last = decay(xs, a, start);
    const Variables starts{decay(last.history[0], a, last.last[0]).last[0]};
    CHECK(loops_of(fused(inputs, starts, with_kernels<9>)).size() == 2);
    // A kernel with a loop that is none would be none; a sequence that both read is enough.
    const auto norms = scan([&](const Variable& x, const Variable& s) { return s + sum(x * x); },
                            {.sequences = {xs}, .init = {a}});
    const Variables mixed{last.last[0], norms.last[0]};
    CHECK(loops_of(fused(inputs, mixed, with_kernels<9>)).size() == 2);
    const Variables readers{last.last[0], decay(xs, exp(a), start).last[0]};
    const Variables together = fused(inputs, readers, with_kernels<9>);
    check_same(inputs, at, readers, together, 0);
    CHECK(loops_of(together).size() == 1);
}

TEST_CASE("fuse loops: a thousand loops of as many sequences, and of one")
{
    const Variable a = scalar<double>("a");
    const auto loops_left = [&](bool one_sequence) {
        const Variable xs = vector<double>("xs", {5});
        Variables ys;
        for (int i = 0; i < 1000; ++i)
            ys.push_back(
                scan([&](const Variable& x, const Variable& s) { return s * (a + i) + sin(x); },
                     {.sequences = {one_sequence ? xs : xs + i}, .init = {a * i}})
                    .last[0]);
        return loops_of(fused({xs, a}, ys)).size();
    };
    CHECK(loops_left(true) == 1);
    CHECK(loops_left(false) == 1000);
}
