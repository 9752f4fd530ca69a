// What passes do to loops: work out of them, and what is stored for a reverse loop.
#include <croton/passes/grad.hpp>
#include <croton/passes/merge_duplicates.hpp>
#include <croton/passes/store_for_reverse.hpp>
#include <croton/passes/trim_loops.hpp>
#include <croton/passes/work_out_of_loops.hpp>

#include "passes/run_passes.hpp"

using namespace croton;
using namespace croton::test;

TEST_CASE("work out of loops: terms are added up from step to step, and summed once")
{
    const Variable xs = matrix<double>("xs", {4, 50}), a = scalar<double>("a");
    const auto run = scan(
        [&](const Variable& x, const Variable& s, const Variable& total) {
            const Variable next = s * 0.5 + x * a;
            return Variables{next, total + sum(next * x)};
        },
        {.sequences = {xs}, .init = {zeros(DType::f64, {50}), 1.0}});
    const Variables ys{run.last[1]};
    const std::vector<Array> at{sample(1, {4, 50}), Array::scalar(0.7)};
    const auto trim = after({xs, a}, ys, {}, TrimLoops{});
    const Variables now = after({xs, a}, trim, {}, WorkOutOfLoops{});
    check_same({xs, a}, at, ys, now);
    CHECK(has(loops_of(trim).at(0), "sum"));
    CHECK(!has(loops_of(now).at(0), "sum"));
    // Another order of additions is not for strict mode.
    CHECK(has(loops_of(after({xs, a}, trim, {.strict = true}, WorkOutOfLoops{})).at(0), "sum"));
}

TEST_CASE("work out of loops: not where the sum is read, kept, or the rest is no elements")
{
    const Variable xs = matrix<double>("xs", {4, 50}), w = matrix<double>("w", {50, 50});
    const auto stays = [&](const Variables& ys) {
        const Variables trim = after({xs, w}, ys, {}, TrimLoops{});
        const std::vector<ScanParams> loops = loops_of(after({xs, w}, trim, {}, WorkOutOfLoops{}));
        return !loops.empty() && has(loops[0], "sum");
    };
    const auto total_of = [&](auto step) {
        return scan([=](const Variable& x, const Variable& total) { return step(x, total); },
                    {.sequences = {xs}, .init = {0.0}});
    };
    CHECK(stays(
        {total_of([](const Variable& x, const Variable& t) { return t + sum(x * t); }).last[0]}));
    CHECK(stays(
        {total_of([](const Variable& x, const Variable& t) { return t + sum(x); }).history[0]}));
    CHECK(stays({total_of([](const Variable& x, const Variable& t) {
                     const Variable s = sum(x);
                     return t + s * s;
                 }).last[0]}));
    CHECK(stays({total_of([&](const Variable& x, const Variable& t) {
                     return t + sum(dot(w, x * t));
                 }).last[0]}));
    CHECK(!stays(
        {total_of([](const Variable& x, const Variable& t) { return sum(x) + t; }).last[0]}));
}

TEST_CASE("trim loops: a state that no step changes is a constant")
{
    const Variable xs = vector<double>("xs", {4}), a = scalar<double>("a");
    const auto run = scan([](const Variable& x, const Variable& s,
                             const Variable& still) { return Variables{s * x + still, still}; },
                          {.sequences = {xs}, .init = {1.0, a * 2}});
    const std::vector<Array> at{sample(1, {4}), Array::scalar(3.0)};
    const Variables ys{run.last[0], run.last[1]};
    const Variables now = after({xs, a}, ys, {}, TrimLoops{});
    check_same({xs, a}, at, ys, now);
    CHECK(loops_of(now).at(0).states == 1);
    // Nothing else: there is no loop.
    const Variables still = after({xs, a}, {run.last[1]}, {}, TrimLoops{});
    check_same({xs, a}, at, {run.last[1]}, still);
    CHECK(loops_of(still).empty());
}

TEST_CASE("store for reverse: dear values are stored, and what they are computed from is not")
{
    const Variable x0 = vector<double>("x0", {64}), rate = scalar<double>("rate");
    const auto run =
        scan([&](const Variable& x) { return sin(exp(x * rate)); }, {.init = {x0}, .steps = 6});
    const Variable loss = sum(run.last[0]);
    Variables ys = grad(loss, Variables{x0, rate});
    ys.push_back(loss);
    const std::vector<Array> at{sample(1, {64}), Array::scalar(0.3)};
    const Variables now = after({x0, rate}, ys, with_costs, TrimLoops{}, StoreForReverse{},
                                MergeDuplicates{}, TrimLoops{});
    check_same({x0, rate}, at, ys, now, 0);
    const std::vector<ScanParams> loops = loops_of(now);
    REQUIRE(loops.size() == 2);
    // The reverse needs cos(exp(..)), exp(..) and, for the rate, x: the first two are stored.
    CHECK(loops[0].outs == 2);
    CHECK(has(loops[0], "cos"));
    CHECK(!has(loops[1], "cos"));
    CHECK(!has(loops[1], "exp"));
    // A second pass finds nothing better.
    Graph graph({x0, rate}, now);
    PassReport report;
    PassContext context{with_costs, report};
    CHECK(StoreForReverse{}.run(graph, context) == Changed::no);
}

TEST_CASE("store for reverse: cheap values are computed again")
{
    const Variable x0 = vector<double>("x0", {64}), c = vector<double>("c", {64});
    const auto run =
        scan([&](const Variable& x) { return x * (1.0 - x) + c; }, {.init = {x0}, .steps = 6});
    const Variables ys{grad(sum(run.last[0]), x0)};
    const Variables now = after({x0, c}, ys, with_costs, TrimLoops{}, StoreForReverse{});
    check_same({x0, c}, {sample(1, {64}), sample(2, {64})}, ys, now, 0);
    CHECK(loops_of(now).at(0).outs == 0);
    // What does not change from step to step is no value of a step, dear as it may be.
    const auto still =
        scan([&](const Variable& x) { return x * x * exp(c); }, {.init = {x0}, .steps = 6});
    const Variables zs{grad(sum(still.last[0]), x0)};
    CHECK(loops_of(after({x0, c}, zs, with_costs, TrimLoops{}, StoreForReverse{})).at(0).outs == 0);
}

TEST_CASE("work out of loops: products of sequences, in front; products that are added up, behind")
{
    const Variable xs = tensor<double>("xs", {5, 2, 8}), w = matrix<double>("w", {8, 8}),
                   u = matrix<double>("u", {8, 8}), h0 = matrix<double>("h0", {2, 8});
    const auto run = scan(
        [&](const Variable& x, const Variable& h) { return tanh(dot(2.0 * x, w) + dot(h, u)); },
        {.sequences = {xs}, .init = {h0}});
    const Variable loss = sum(square(run.last[0]));
    Variables ys = grad(loss, Variables{w, u, h0, xs});
    ys.push_back(loss);
    const Variables inputs{xs, w, u, h0};
    const std::vector<Array> at{sample(1, {5, 2, 8}), sample(2, {8, 8}, -0.2, 0.2),
                                sample(3, {8, 8}, -0.2, 0.2), sample(4, {2, 8})};
    const Variables trim = after(inputs, ys, {}, MergeDuplicates{}, TrimLoops{});
    const Variables now = after(inputs, trim, {}, WorkOutOfLoops{}, MergeDuplicates{}, TrimLoops{});
    for (std::size_t i = 0; i < ys.size(); ++i)
        for (std::int64_t e = 0; e < (i == 4 ? 1 : 4); ++e)
            CHECK(value_at(inputs, at, now[i], e) ==
                  Approx(value_at(inputs, at, ys[i], e)).epsilon(1e-13));
    const auto products = [](const ScanParams& loop) {
        return std::ranges::count_if(applies_of(loop.body.outputs()),
                                     [](const Apply& a) { return &a.op() == &contract_op; });
    };
    const std::vector<ScanParams> before = loops_of(trim), loops = loops_of(now);
    REQUIRE(before.size() == 2);
    REQUIRE(loops.size() == 2);
    CHECK(products(before[0]) == 2);
    CHECK(products(loops[0]) == 1);
    // The reverse needs one for the states; those of both weights and of the sequence are behind,
    // but for the sequence's, which is an out.
    CHECK(products(loops[1]) < products(before[1]) - 1);
    CHECK(loops[1].states == 1);
    CHECK(after(inputs, trim, {.strict = true}, WorkOutOfLoops{})[0].owner().node() ==
          trim[0].owner().node());
}

TEST_CASE("work out of loops: of a loop that may stop, nothing is computed for all steps")
{
    const Variable xs = tensor<double>("xs", {5, 2, 2}), w = matrix<double>("w", {2, 2});
    const auto run = scan(
        [&](const Variable& x, const Variable& s) {
            const Variable next = s + dot(x, w);
            return Step{{next}, {}, sum(next) > 3.0};
        },
        {.sequences = {xs}, .init = {zeros(DType::f64, {2, 2})}});
    const Variables ys{run.last[0]};
    const Variables trim = after({xs, w}, ys, {}, TrimLoops{});
    const Variables now = after({xs, w}, trim, {}, WorkOutOfLoops{});
    CHECK(same(now[0], trim[0]));
}

TEST_CASE(
    "work out of loops: products of vectors that are added up are one product behind the loop")
{
    const Variable xs = matrix<double>("xs", {5, 4}), w = matrix<double>("w", {3, 4}),
                   u = matrix<double>("u", {3, 3}), h0 = vector<double>("h0", {3});
    const Variables inputs{xs, w, u, h0};
    const std::vector<Array> at{sample(1, {5, 4}), sample(2, {3, 4}, -0.5, 0.5),
                                sample(3, {3, 3}, -0.5, 0.5), sample(4, {3})};
    const auto run =
        scan([&](const Variable& x,
                 const Variable& h) { return tanh(dot(w, x) + dot(u, tanh(dot(u, h)))); },
             {.sequences = {xs}, .init = {h0}});
    const Variables ys = grad(sum(square(run.last[0])), Variables{w, u, h0});
    const Variables trim = after(inputs, ys, {}, MergeDuplicates{}, TrimLoops{});
    const Variables now = after(inputs, trim, {}, WorkOutOfLoops{}, MergeDuplicates{});
    check_same(inputs, at, ys, now, 1e-12);
    // Twice for u, which is used twice in a step.
    REQUIRE(loops_of(trim).size() == 2);
    CHECK(loops_of(trim)[1].states == 3);
    REQUIRE(loops_of(now).size() == 2);
    CHECK(loops_of(now)[1].states == 1);
    // In a kernel such a sum is in registers.
    const PassOptions kernels{.fits_a_kernel = [](const Apply&) { return true; }};
    CHECK(loops_of(after(inputs, trim, kernels, WorkOutOfLoops{}))[1].states == 3);
}

TEST_CASE("work out of loops: outer products in any order of axes, and what is none")
{
    const Variable xs = tensor<double>("xs", {5, 2, 3}), ys = tensor<double>("ys", {5, 2, 4});
    const Variables inputs{xs, ys};
    const std::vector<Array> at{sample(1, {5, 2, 3}), sample(2, {5, 2, 4})};
    const auto total = [&](const auto& f, const Shape& shape) {
        const Variables z{scan([&](const Variable& x, const Variable& y,
                                   const Variable& s) { return s + f(x, y); },
                               {.sequences = {xs, ys}, .init = {zeros(DType::f64, shape)}})
                              .last[0]};
        const Variables now = after(inputs, z, {}, TrimLoops{}, WorkOutOfLoops{});
        check_same(inputs, at, z, now, 1e-13);
        return loops_of(now).size();
    };
    // An axis that both have, the second one first, an axis of extent 1.
    CHECK(total([](const Variable& x,
                   const Variable& y) { return expand_dims(x, 2) * expand_dims(y, 1); },
                {2, 3, 4}) == 0);
    CHECK(total([](const Variable& x,
                   const Variable& y) { return expand_dims(y, 2) * expand_dims(x, 1); },
                {2, 4, 3}) == 0);
    CHECK(total(
              [](const Variable& x, const Variable& y) {
                  return expand_dims(transpose(expand_dims(y, 2) * expand_dims(x, 1), {1, 0, 2}),
                                     0);
              },
              {1, 4, 2, 3}) == 1); // moved only after it
    CHECK(total(
              [](const Variable& x, const Variable& y) {
                  return expand_dims(x.T(), Axis({1, 3})) * expand_dims(y.T(), Axis({0, 3}));
              },
              {3, 4, 2, 1}) == 0);
    // Rows and columns that have the other axis already, of extent 1.
    const Variable rows = tensor<double>("rows", {5, 1, 3}),
                   columns = tensor<double>("columns", {5, 4, 1});
    const Variables z{
        scan([](const Variable& x, const Variable& y, const Variable& s) { return s + x * y; },
             {.sequences = {rows, columns}, .init = {zeros(DType::f64, {4, 3})}})
            .last[0]};
    const Variables now = after({rows, columns}, z, {}, TrimLoops{}, WorkOutOfLoops{});
    check_same({rows, columns}, {sample(3, {5, 1, 3}), sample(4, {5, 4, 1})}, z, now, 1e-13);
    CHECK(loops_of(now).empty());
    // Both lie along the same axes.
    CHECK(total([](const Variable& x, const Variable&) { return x * sin(x); }, {2, 3}) == 1);
    CHECK(total([](const Variable& x, const Variable&) { return x * sum(x); }, {2, 3}) == 1);
}

TEST_CASE("store for reverse: chunks between checkpoints are computed again")
{
    const Variable x0 = vector<double>("x0", {64});
    const auto run = scan([](const Variable& x) { return sin(exp(x)); },
                          {.init = {x0}, .steps = 64, .checkpoint = 8});
    const Variables ys{grad(sum(run.last[0]), x0)};
    const Variables trim = after({x0}, ys, {}, TrimLoops{});
    CHECK(same(after({x0}, trim, with_costs, StoreForReverse{})[0], trim[0]));
}

TEST_CASE("work out of loops: nothing that takes much more memory than the loop")
{
    const Variable xs = matrix<double>("xs", {4, 50}), ws = matrix<double>("ws", {50, 1});
    const auto stays = [&](const Variable& y) {
        const Variables trim = after({xs, ws}, {y}, {}, TrimLoops{});
        return same(after({xs, ws}, trim, {}, WorkOutOfLoops{})[0], trim[0]);
    };
    const auto far = [&](const Variable& x) { return dot(ws, expand_dims(x, 0)); };
    CHECK(stays(scan([&](const Variable& x, const Variable& s) { return tanh(s + far(x)); },
                     {.sequences = {xs}, .init = {zeros(DType::f64, {50, 50})}})
                    .last[0]));
    const auto pairs = [](const Variable& a) { return sum(square(expand_dims(a, 1) - a)); };
    CHECK(stays(scan([&](const Variable& x, const Variable& s,
                         const Variable& total) { return Variables{s * x, total + pairs(s)}; },
                     {.sequences = {xs}, .init = {ones(DType::f64, {50}), 0.0}})
                    .last[1]));
}
