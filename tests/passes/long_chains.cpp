#include <croton/ir/ops.hpp>
#include <croton/ir/print.hpp>
#include <croton/passes/pipelines.hpp>

#include <chrono>

#include "support/catch.hpp"

using namespace croton;

namespace {

double seconds_for(std::size_t applies, std::size_t& left)
{
    const Variable x = vector<float>("x");
    Variable y = x;
    for (std::size_t i = 0; i < applies / 4; ++i)
        y = log(1 + exp(y + x)) + 0;
    Graph graph({x}, {y});
    const auto start = std::chrono::steady_clock::now();
    const PassReport report = cpu_pipeline().run(graph);
    left = graph.size();
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    INFO(to_string(report));
    CHECK(to_text(graph, {.max_lines = 10}).size() < 2000);
    return time.count();
}

} // namespace

TEST_CASE("a million chained applies pass all passes, in time that grows with their number")
{
    std::size_t left = 0;
    const double short_time = seconds_for(100'000, left);
    CHECK(left == 50'000);
    const double long_time = seconds_for(1'000'000, left);
    CHECK(left == 500'000);
    // Ten times as many; caches are smaller than the longer chain, hence not exactly ten.
    CHECK(long_time < 30 * short_time);
    CHECK(long_time < 40);
}
