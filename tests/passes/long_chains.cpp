#include <croton/ir/ops.hpp>
#include <croton/ir/print.hpp>
#include <croton/passes/grad.hpp>
#include <croton/passes/pipelines.hpp>

#include "support/catch.hpp"

using namespace croton;

namespace {

/// Applies that are left of a chain of so many.
std::size_t left_of(std::size_t applies)
{
    const Variable x = vector<float>("x");
    Variable y = x;
    for (std::size_t i = 0; i < applies / 4; ++i)
        y = log(1 + exp(y + x)) + 0;
    Graph graph({x}, {y});
    const PassReport report = cpu_pipeline().run(graph);
    INFO(to_string(report));
    CHECK(to_text(graph, {.max_lines = 10}).size() < 2000);
    return graph.size();
}

} // namespace

TEST_CASE("a million chained applies pass all passes without recursion")
{
    CHECK(left_of(100'000) == 50'000);
    CHECK(left_of(1'000'000) == 500'000);
}

TEST_CASE("a long chain and its gradient pass all passes without recursion")
{
    const Variable x = scalar<float>("x");
    Variable y = x;
    for (int i = 0; i < 100'000; ++i)
        y = tanh(y * x);
    Graph graph({x}, {y, grad(y, x)});
    const std::size_t before = graph.size();
    CHECK(before > 600'000);
    CHECK(before < 1'500'000);
    cpu_pipeline().run(graph);
    CHECK(graph.size() < before);
}
