#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/passes/merge_duplicates.hpp>

#include "support/catch.hpp"

using namespace croton;

namespace {

const PassOptions checked{.verify = true, .check_hash = true};

/// How many Applies two outputs need once equal ones are one.
std::size_t merged(const Variables& inputs, const Variable& a, const Variable& b)
{
    Graph graph(inputs, {a, b});
    PassReport report;
    PassContext context{checked, report};
    MergeDuplicates{}.run(graph, context);
    return graph.size();
}

} // namespace

TEST_CASE("scans of equal bodies over equal values become one")
{
    const Variable xs = vector<double>("xs");
    const Variable ys = vector<double>("ys", xs.shape());
    const auto run = [](const Variable& sequence, double factor, bool reverse = false) {
        return scan([&](const Variable& x, const Variable& h) { return h * factor + x; },
                    {.sequences = {sequence}, .init = {1.0}, .reverse = reverse})
            .last[0];
    };
    const std::size_t one = Graph({xs}, {run(xs, 2)}).size();
    CHECK(merged({xs}, run(xs, 2), run(xs, 2)) == one);
    CHECK(merged({xs}, run(xs, 2), run(xs, 3)) > one);       // a constant of the body
    CHECK(merged({xs}, run(xs, 2), run(xs, 2, true)) > one); // a parameter
    CHECK(merged({xs, ys}, run(xs, 2), run(ys, 2)) > one);   // an operand
}

TEST_CASE("scans whose bodies read their inputs in another order stay apart")
{
    const Variable xs = vector<double>("xs");
    const auto run = [&](bool swapped) {
        return scan([&](const Variable& x, const Variable& h) { return swapped ? x - h : h - x; },
                    {.sequences = {xs}, .init = {1.0}})
            .last[0];
    };
    const std::size_t one = Graph({xs}, {run(false)}).size();
    CHECK(merged({xs}, run(false), run(false)) == one);
    CHECK(merged({xs}, run(false), run(true)) > one);
}

TEST_CASE("parameters keep equal operands apart")
{
    const Variable x = matrix<double>("x");
    CHECK(merged({x}, sum(x, 0), sum(x, 0)) == 1);
    CHECK(merged({x}, cumsum(x, 0), cumsum(x, 1)) == 2);
    CHECK(merged({x}, x + 1, 1 + x) == merged({x}, x + 1, x + 1)); // commutative
    CHECK(merged({x}, x - 1, 1 - x) > merged({x}, x - 1, x - 1));
}
