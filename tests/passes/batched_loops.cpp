// Loops that are maps, as ops on whole arrays.
#include <croton/passes/batch_loops.hpp>
#include <croton/passes/grad.hpp>
#include <croton/passes/merge_duplicates.hpp>
#include <croton/passes/pipelines.hpp>
#include <croton/passes/trim_loops.hpp>

#include "passes/run_passes.hpp"

using namespace croton;
using namespace croton::test;

namespace {

Variables batched(const Variables& inputs, const Variables& ys, const PassOptions& options = {})
{
    return after(inputs, ys, options, TrimLoops{}, BatchLoops{});
}

std::size_t
loops_left(const Variables& inputs, const Variables& ys, const PassOptions& options = {})
{
    return loops_of(batched(inputs, ys, options)).size();
}

bool is_kernel(const Apply& scan)
{
    const auto& p = scan.params_as<ScanParams>();
    return p.states > 0 && p.body.inputs()[static_cast<std::size_t>(p.sequences)].rank() == 0;
}

} // namespace

TEST_CASE("batch loops: elements, products with what all steps share, and sums")
{
    const Variable xs = matrix<double>("xs", {5, 3}), w = matrix<double>("w", {3, 2});
    const Variables inputs{xs, w};
    const std::vector<Array> at{sample(1, {5, 3}), sample(2, {3, 2})};
    const auto step = [&](const Variable& x) {
        return Variables{tanh(dot(x, w)) + w(0), sum(square(x)) * flip(x, 0), w * 2.0};
    };
    const Variables ys = map(step, {xs});
    const Variables now = batched(inputs, ys);
    check_same(inputs, at, ys, now);
    CHECK(loops_of(now).empty());
    CHECK(loops_left(inputs, ys, {.strict = true}) == 1);
    const Variable any_number = matrix<double>("any_number", {dim("n"), 3});
    CHECK(loops_left({any_number, w}, map(step, {any_number})) == 0);
    // Of elements alone it is bit for bit the same.
    const Variables zs =
        map([&](const Variable& x) { return exp(x) * w(0, 1) + flip(x, 0); }, {xs});
    const Variables same_bits = batched(inputs, zs, {.strict = true});
    check_same(inputs, at, zs, same_bits, 0);
    CHECK(loops_of(same_bits).empty());
}

TEST_CASE("batch loops: states that are what was given a step before")
{
    const Variable xs = vector<double>("xs", {5}), a = scalar<double>("a");
    const Variables inputs{xs, a};
    const std::vector<Array> at{sample(1, {5}), Array::scalar(0.7)};
    for (const bool reverse : {false, true}) {
        const auto run = scan(
            [&](const Variable& x, const Variable& before, const Variable& twice) {
                return Step{{x * a, before + x}, {x - before, before * twice}};
            },
            {.sequences = {xs}, .init = {a, 0.5}, .reverse = reverse});
        const Variables ys{run.last[0],    run.last[1], run.history[0] * 1.0,
                           run.history[1], run.out[0],  run.out[1]};
        const Variables now = batched(inputs, ys);
        check_same(inputs, at, ys, now, 0);
        CHECK(loops_of(now).empty());
        // In a kernel they are registers.
        CHECK(loops_left(inputs, ys, {.fits_a_kernel = is_kernel}) == 1);
    }
    const Variable none = vector<double>("none", {0});
    const auto empty = scan([](const Variable& x, const Variable&) { return x; },
                            {.sequences = {none}, .init = {a}});
    check_same({none, a}, {sample(1, {0}), at[1]}, empty.last, batched({none, a}, empty.last), 0);
    const auto real = scan([](const Variable& x, const Variable& s) { return s * x; },
                           {.sequences = {xs}, .init = {a}});
    CHECK(loops_left(inputs, real.last) == 1);
}

TEST_CASE("batch loops: nothing that is larger than what a step is given and collects")
{
    const Variable xs = matrix<double>("xs", {4, 50}), w = matrix<double>("w", {50, 400});
    const auto left = [&](const auto& f) { return loops_left({xs, w}, map(f, {xs})); };
    const auto pairs = [](const Variable& x) { return sum(square(expand_dims(x, 1) - x)); };
    CHECK(left([&](const Variable& x) { return pairs(x); }) == 1);
    CHECK(left([&](const Variable& x) { return sum(tanh(dot(x, w))); }) == 1);
    CHECK(left([&](const Variable& x) { return tanh(dot(x, w)); }) == 0);
    // Each is no larger, but all of them are.
    const Variable u = matrix<double>("u", {50, 50});
    const Variables deep = map(
        [&](const Variable& x) {
            Variable y = x;
            for (int i = 0; i < 5; ++i)
                y = tanh(dot(y, u));
            return y;
        },
        {xs});
    CHECK(loops_left({xs, u}, deep) == 1);
}

TEST_CASE("batch loops: loops in a step become loops over members")
{
    const Variable xs = matrix<double>("xs", {4, 6}), a = scalar<double>("a");
    const auto total = [&](const Variable& row) {
        return scan([&](const Variable& x, const Variable& s) { return sin(s * a) + x; },
                    {.sequences = {row}, .init = {a}})
            .last[0];
    };
    const Variables ys = map(total, {xs});
    const Variables now = batched({xs, a}, ys);
    check_same({xs, a}, {sample(1, {4, 6}), Array::scalar(0.7)}, ys, now, 0);
    REQUIRE(loops_of(now).size() == 1);
    CHECK(loops_of(now)[0].steps.value() == 6);
    // That is no kernel here, where one of a number is.
    CHECK(same(batched({xs, a}, ys, {.fits_a_kernel = is_kernel})[0], ys[0]));
    const auto stops = [&](const Variable& row) {
        return scan([&](const Variable& x,
                        const Variable& s) { return Step{{s + x}, {}, s + x > 2.0}; },
                    {.sequences = {row}, .init = {a}})
            .last[0];
    };
    const Variables zs = map(stops, {xs});
    CHECK(same(batched({xs, a}, zs)[0], zs[0]));
}

TEST_CASE("batch loops: the gradient of a map is one")
{
    const Variable xs = matrix<double>("xs", {5, 3}), w = matrix<double>("w", {3, 3});
    const Variables inputs{xs, w};
    const Variable loss =
        sum(square(map([&](const Variable& x) { return tanh(dot(x, w)); }, {xs})[0]));
    Variables ys = grad(loss, inputs);
    ys.push_back(loss);
    Graph graph(inputs, ys);
    PassOptions options = with_costs;
    options.verify = options.check_hash = true;
    cpu_pipeline().run(graph, options);
    check_same(inputs, {sample(1, {5, 3}), sample(2, {3, 3})}, ys, graph.outputs());
    CHECK(loops_of(graph.outputs()).empty());
}
