#include <croton/ir/ops.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/reference.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/passes/grad.hpp>
#include <croton/passes/trim_loops.hpp>

#include "support/catch.hpp"
#include "support/finite_difference.hpp"

using namespace croton;
using namespace croton::test;

namespace {

Variable trimmed(const Variables& inputs, const Variable& y, Changed expected)
{
    Graph graph(inputs, {y});
    const PassOptions options;
    PassReport report;
    PassContext context{options, report};
    CHECK(TrimLoops{}.run(graph, context) == expected);
    CHECK(TrimLoops{}.run(graph, context) == Changed::no);
    return graph.outputs()[0];
}

std::vector<ScanParams> loops_of(const Variable& y)
{
    std::vector<ScanParams> loops;
    for (const Apply& a : applies_of(std::span(&y, 1)))
        if (&a.op() == &scan_op) loops.push_back(a.params_as<ScanParams>());
    return loops;
}

} // namespace

TEST_CASE("trim loops: dead outputs, states, sequences and constants go")
{
    const Variable xs = vector<double>("xs", {4});
    const Variable zs = vector<double>("zs", {4});
    const Variable a = scalar<double>("a");
    const auto run =
        scan([&](const Variable& x, const Variable& z, const Variable& s,
                 const Variable& dead) { return Step{{s * x, dead + z * a}, {exp(s), dead * a}}; },
             {.sequences = {xs, zs}, .init = {1.0, 0.0}});
    const std::vector<Array> at{sample(1, {4}), sample(2, {4}), Array::scalar(3.0)};
    const Variables inputs{xs, zs, a};
    const Variable last = trimmed(inputs, run.last[0], Changed::yes);
    CHECK(value_at(inputs, at, last) == value_at(inputs, at, run.last[0]));
    const ScanParams p = loops_of(last).at(0);
    CHECK(p.states == 1);
    CHECK(p.sequences == 1);
    CHECK(p.outs == 0);
    CHECK(p.kept == std::vector<int>{1, 0, 0});
    CHECK(p.body.inputs().size() == 2);
    const Variable out = trimmed(inputs, sum(run.out[0]) + sum(run.history[1]), Changed::yes);
    CHECK(value_at(inputs, at, out) == value_at(inputs, at, sum(run.out[0]) + sum(run.history[1])));
    CHECK(loops_of(out).at(0).kept == std::vector<int>{0, 0, 0, 1, 1, 0});
}

TEST_CASE("trim loops: what a gradient reads stays, and it can be differentiated again")
{
    const Variable xs = vector<double>("xs", {4});
    const auto run =
        scan([](const Variable& x, const Variable& s) { return Step{{sin(s) * x}, {s}}; },
             {.sequences = {xs}, .init = {1.0}});
    const std::vector<Array> at{sample(1, {4})};
    const Variable bar = grad(run.last[0], xs);
    const Variable less = trimmed({xs}, bar, Changed::yes);
    for (std::int64_t i = 0; i < 4; ++i)
        CHECK(value_at({xs}, at, less, i) == value_at({xs}, at, bar, i));
    CHECK(loops_of(less).at(0).kept == std::vector<int>{0, 1, 0});
    const Variable last = trimmed({xs}, run.last[0], Changed::yes);
    check_derivatives({xs}, at, last);
}

TEST_CASE("trim loops: a loop that nothing reads once a later one is trimmed is gone")
{
    const Variable xs = vector<double>("xs", {3});
    const auto run = scan([](const Variable& x, const Variable& h,
                             const Variable& k) { return Step{{h + x, h + k}, {h * k}}; },
                          {.sequences = {xs}, .init = {0.5, 0.5}});
    const std::vector<Array> at{sample(1, {3})};
    const Variable y = hvp(sum(square(run.history[0])), xs, ones(DType::f64, {3}));
    const Variable less = trimmed({xs}, y, Changed::yes);
    CHECK(loops_of(less).size() < loops_of(y).size());
    for (std::int64_t i = 0; i < 3; ++i)
        CHECK(value_at({xs}, at, less, i) == value_at({xs}, at, y, i));
}
