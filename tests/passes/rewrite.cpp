#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/print.hpp>
#include <croton/passes/merge_duplicates.hpp>
#include <croton/passes/pipelines.hpp>
#include <croton/passes/rewrite.hpp>
#include <croton/passes/rules.hpp>

#include "support/catch.hpp"

using namespace croton;

namespace {

const PassOptions checked{.verify = true, .check_hash = true};

std::string rewritten(const Variables& inputs, const Variable& y)
{
    Graph graph(inputs, {y});
    cpu_pipeline().run(graph, checked);
    return to_expression(graph.outputs()[0]);
}

} // namespace

TEST_CASE("the logarithm of one plus an exponential is a softplus")
{
    const Variable x = vector<float>("x");
    const Variable b = scalar<float>("b");
    CHECK(rewritten({x, b}, log(1 + exp(x + b))) == "softplus(x + b)");
}

TEST_CASE("a rule's result has the type of what it replaces")
{
    const Variable x = vector<std::int32_t>("x", {dim("n")});
    Graph graph({x}, {x - x});
    cpu_pipeline().run(graph, checked);
    CHECK(graph.outputs()[0].type() == x.type());
    CHECK(to_expression(graph.outputs()[0]) == "0");
}

TEST_CASE("equal expressions become one")
{
    const Variable x = vector<float>("x");
    const Variable y = vector<float>("y", x.shape());
    Graph graph({x, y}, {exp(x + y), exp(y + x) * 2});
    CHECK(graph.size() == 6);
    PassReport report;
    PassContext context{checked, report};
    CHECK(MergeDuplicates{}.run(graph, context) == Changed::yes);
    CHECK(graph.size() == 4);
    CHECK(MergeDuplicates{}.run(graph, context) == Changed::no);
}

TEST_CASE("integers that wrap stay apart from floats that end at the largest integer")
{
    const Variable x = vector<std::int8_t>("x");
    const Variable wide = x.as(DType::f32).as(DType::i32), narrow = x.as(DType::f32).as(DType::u16);
    CHECK(rewritten({x}, wide) == to_expression(x.as(DType::i32)));
    CHECK(rewritten({x}, narrow) == to_expression(narrow));
}

TEST_CASE("a graph's hash tells equal constants that became one, also where both are outputs")
{
    const Variable x = vector<double>("x");
    const Variable a = constant(Array::scalar(2.5), nullptr),
                   b = constant(Array::scalar(2.5), nullptr);
    Graph graph({x}, {x + a, x * b, a, b});
    const std::size_t before = graph.hash();
    PassReport report;
    PassContext context{checked, report};
    REQUIRE(MergeDuplicates{}.run(graph, context) == Changed::yes);
    CHECK(graph.hash() != before);
}

TEST_CASE("a firing names the rule's place and the user's")
{
    const Variable x = vector<float>("x");
    Graph graph({x}, {log(exp(x))});
    const PassReport report = cpu_pipeline().run(graph, checked);
    REQUIRE(report.firings.size() == 1);
    const std::string text = to_string(report.firings[0]);
    CHECK_THAT(text, test::contains("stable.cpp:"));
    CHECK_THAT(text, test::contains("  log(exp(x)) -> x  at rewrite.cpp:"));
}

TEST_CASE("a rule is switched off by its text")
{
    const Variable x = vector<float>("x");
    Graph graph({x}, {log(exp(x))});
    PassOptions options = checked;
    options.rules_off = {"log(exp(x)) -> x"};
    CHECK(cpu_pipeline().run(graph, options).firings.empty());
    CHECK(to_expression(graph.outputs()[0]) == "log(exp(x))");
}

TEST_CASE("rules that undo each other are named")
{
    const Variable x = wildcard("x");
    RuleSet r("loop");
    r.add(sin(x), cos(x), Exactness::rounding).expands();
    r.add(cos(x), sin(x), Exactness::rounding).expands();
    const Variable v = vector<float>("v");
    Graph graph({v}, {sin(v)});
    PassReport report;
    PassContext context{checked, report};
    CHECK_THROWS_WITH(
        Rewrite(r).run(graph, context),
        test::contains("rules undo each other on sin: 'cos(x) -> sin(x)' (rewrite.cpp:"));
}

TEST_CASE("the logarithm of elements picked from a softmax is picked from a log_softmax")
{
    const Variable x = matrix<float>("x");
    const Variable i = matrix<std::int64_t>("i", {x.extent(0), 1});
    const auto stabilized = [&](const Variable& y) {
        Graph graph({x, i}, {y});
        PassReport report;
        PassContext context{checked, report};
        Rewrite(stable_rules()).run(graph, context);
        return to_expression(graph.outputs()[0]);
    };
    const Variable p = softmax(x);
    CHECK(stabilized(log(take_along_axis(p, i, 1))) ==
          "take_along_axis(log_softmax(x, axes=(1)), i, axis=1)");
    CHECK(stabilized(log(p(0))).starts_with("slice(log_softmax(x, axes=(1))"));
    CHECK(stabilized(log(sum(exp(x), 1))) == "logsumexp(x, axes=(1))");
    const Variable e = exp(x);
    CHECK(stabilized(e / sum(e, 1, true)) == "softmax(x, axes=(1))");
}
