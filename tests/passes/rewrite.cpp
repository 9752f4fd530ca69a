#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/reference.hpp>
#include <croton/passes/merge_duplicates.hpp>
#include <croton/passes/pipeline.hpp>
#include <croton/passes/pipelines.hpp>
#include <croton/passes/rewrite.hpp>
#include <croton/passes/rules.hpp>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

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

/// A user's op that moves elements: the first axis turned by one.
constexpr Op turn_op{
    .name = "turn",
    .doc = "The first axis, from its second element on, and the first one last.",
    .dtype = same_dtype,
    .shape = shape_of_first,
    .lowering = IndexMap{[](const IndexMapArgs& args) {
        const Extent rows = args.operands[0].shape()[0];
        IndexPiece next{0, {args.out.begin(), args.out.end()}}, first = next;
        next.index[0] = args.out[0] + 1;
        next.guards = {{next.index[0], rows}};
        first.index[0] = Extent(0);
        return std::vector{next, first};
    }},
    .reference = [](const ReferenceArgs&) -> Array { throw std::logic_error("no values here"); },
    .grad = not_differentiable("the test needs none"),
};

/// What a pipeline makes of y, by its ops.
std::vector<std::string>
ops_after(const Variables& inputs, const Variable& y, const Pipeline& pipeline)
{
    Graph graph(inputs, {y});
    pipeline.run(graph, checked);
    std::vector<std::string> names;
    for (const Apply& a : graph.order())
        names.emplace_back(a.op().name);
    return names;
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

TEST_CASE("a rule that a rule of an earlier set always takes is refused")
{
    const Variable x = wildcard("x"), y = wildcard("y");
    RuleSet first("first"), second("second");
    first.add(log(exp(x)), x, Exactness::bitwise);
    second.add(log(exp(x + y)), x, Exactness::bitwise);
    CHECK_NOTHROW(Rewrite("reached", {second, first}));
    CHECK_THROWS_WITH(
        Rewrite("hidden", {first, second}),
        test::contains("rule 'log(exp(x + y)) -> x' never fires: 'log(exp(x)) -> x'"));
}

TEST_CASE("a rule computes what a wildcard of its right side stands for, or does not fire")
{
    const Variable x = wildcard("x");
    RuleSet r("computed");
    r.add(sin(x), x * wildcard("c"), Exactness::rounding).expands().let("c", [](const Match& m) {
        return m["x"].dtype() == DType::f32 ? Variable(2) : Variable();
    });
    const Pipeline pipeline = Pipeline("computed").add(Rewrite(r));
    const Variable f = vector<float>("f"), d = vector<double>("d");
    Graph graph({f, d}, {sin(f), sin(d)});
    pipeline.run(graph, checked);
    CHECK(to_expression(graph.outputs()[0]) == "f * 2");
    CHECK(to_expression(graph.outputs()[1]) == "sin(d)");
}

TEST_CASE("a group of one round that changes something has not settled")
{
    const Variable x = wildcard("x");
    RuleSet r("one");
    r.add(sin(x), cos(x), Exactness::rounding).expands();
    const Variable v = vector<float>("v");
    Graph graph({v}, {sin(v)});
    Pipeline once("once"), settled("settled");
    once.add(Rewrite(r));
    settled.fixpoint("turn", 1, Rewrite(r));
    CHECK_THROWS_WITH(settled.run(graph, checked),
                      test::contains("'turn' has not settled after 1 rounds"));
    CHECK_NOTHROW(settled.run(graph, checked)); // it had turned it
    Graph again({v}, {sin(v)});
    CHECK_NOTHROW(once.run(again, checked));
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

TEST_CASE("constants meet where they make a number that has all of its digits")
{
    const auto meets = [](DType t, auto f) {
        const Variable x = input("x", t, {4});
        const Variable y = f(x);
        Graph graph({x}, {y});
        return !cpu_pipeline().run(graph, checked).firings.empty();
    };
    CHECK(meets(DType::f16, [](const Variable& x) { return x * 20 * 30; }));
    CHECK(meets(DType::f16, [](const Variable& x) { return x / 20 / 30; }));
    CHECK(!meets(DType::f16, [](const Variable& x) { return x * 300 * 300; }));
    CHECK(!meets(DType::f16, [](const Variable& x) { return x / 300 / 300; }));
    CHECK(!meets(DType::f16, [](const Variable& x) { return x * 0.003 / 300; }));
    CHECK(!meets(DType::f16, [](const Variable& x) { return x / 0.003 * 300; }));
    CHECK(!meets(DType::f16, [](const Variable& x) { return 300 / (x * 0.003); }));
    CHECK(!meets(DType::f16, [](const Variable& x) { return 300 / (0.003 / x); }));
    CHECK(!meets(DType::bf16, [](const Variable& x) { return x * 1e20 * 1e20; }));
    CHECK(!meets(DType::f32, [](const Variable& x) { return x * 1e20 * 1e20; }));
    CHECK(!meets(DType::f32, [](const Variable& x) { return x * 1e-20 * 1e-20; }));
    CHECK(meets(DType::f64, [](const Variable& x) { return x * 1e20 * 1e20; }));
    CHECK(!meets(DType::f64, [](const Variable& x) { return x * 1e200 * 1e200; }));
    CHECK(meets(DType::i8, [](const Variable& x) { return x * 100 * 100; })); // wraps
}

TEST_CASE("a factor leaves a sum that it takes no further from overflow")
{
    const Variable c = input("c", DType::f16, {});
    const auto leaves = [&](DType t, auto f) {
        const Variable x = input("x", t, {1000});
        Graph graph({x, c}, {f(x)});
        cpu_pipeline().run(graph, checked);
        const Variable y = graph.outputs()[0];
        return y.owner().op().name != "sum";
    };
    for (const DType t : {DType::f16, DType::bf16, DType::f32, DType::f64}) {
        INFO(name(t));
        CHECK(leaves(t, [](const Variable& x) { return sum(x * 3); }));
        CHECK(leaves(t, [](const Variable& x) { return sum(x * -3); }));
        CHECK(leaves(t, [](const Variable& x) { return sum(x / 0.3); }));
        CHECK(!leaves(t, [](const Variable& x) { return sum(x / 1000); }));
        CHECK(!leaves(t, [](const Variable& x) { return sum(x * 0.001); }));
        CHECK(!leaves(t, [&](const Variable& x) { return sum(x * c); }));
    }
    const Variable x = input("x", DType::f16, {1000}), y = sum(x / 1000);
    Graph graph({x}, {y});
    cpu_pipeline().run(graph, checked);
    const Array hundreds = Array::copy(std::vector<double>(1000, 100)).cast(DType::f16);
    CHECK(
        evaluate_reference(std::span(&x, 1), std::span(&hundreds, 1), graph.outputs())[0].as_double(
            0) == 100);
}

TEST_CASE("the logarithm of elements picked from a softmax is picked from a log_softmax")
{
    const Variable x = matrix<float>("x");
    const Variable i = matrix<std::int64_t>("i", {x.extent(0), 1});
    const auto stabilized = [&](const Variable& y) {
        Graph graph({x, i}, {y});
        PassReport report;
        PassContext context{checked, report};
        Rewrite(softmax_rules()).run(graph, context);
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

TEST_CASE("the logarithm of a softmax's elements is stable behind any number of moves")
{
    const Variable x = input("x", DType::f32, {4, 4});
    for (const int count : {61, 20000}) {
        Variable p = softmax(x);
        for (int i = 0; i < count; ++i)
            p = i % 3 == 0 ? flip(p, {0}) : i % 3 == 1 ? transpose(p) : p(slice(_, _, -1));
        const std::vector<std::string> stable =
            ops_after({x}, log(p), Pipeline("stable").add(stabilize()));
        CHECK(stable.size() == static_cast<std::size_t>(count) + 1);
        CHECK(std::ranges::count(stable, "log_softmax") == 1);
        CHECK(std::ranges::count(stable, "log") == 0);
    }
}

TEST_CASE("the logarithm of a softmax's elements is stable where a user's op moved them")
{
    const Variable x = input("x", DType::f32, {2, 2});
    const auto turn = [](const Variable& v) { return apply(turn_op, {v}); };
    const auto stabilized = [&](const Variable& y) {
        Graph graph({x}, {y});
        Pipeline("stable").add(stabilize()).run(graph, checked);
        return to_expression(graph.outputs()[0]);
    };
    const Variable p = softmax(x);
    CHECK(stabilized(log(turn(p))) == "turn(log_softmax(x, axes=(1)))");
    CHECK(stabilized(log(turn(p).as(DType::f64))) ==
          to_expression(turn(log_softmax(x.as(DType::f64)))));
    CHECK(stabilized(log(turn(p).as(DType::f16))) ==
          to_expression(turn(log_softmax(x)).as(DType::f16)));
    // f16 has not the range of bf16.
    const Variable b = x.as(DType::bf16);
    CHECK(stabilized(log(softmax(b).as(DType::f16))) ==
          to_expression(log_softmax(b.as(DType::f32)).as(DType::f16)));
    const Variable narrowed = log(p.as(DType::f16).as(DType::f32)); // digits that are lost
    CHECK(stabilized(narrowed) == to_expression(narrowed));
}

TEST_CASE("the logarithm of a softmax's elements is stable, however they were moved")
{
    // i and j are indices, a vector and two rows of it.
    using Moved = std::function<Variables(const Variable& p, const Variable& i, const Variable& j)>;
    const auto one = [](auto f) {
        return Moved([=](const Variable& p, const Variable& i, const Variable& j) {
            return Variables{f(p, i, j)};
        });
    };
    using V = const Variable&;
    const std::pair<const char*, Moved> moves[] = {
        {"nothing", one([](V p, V, V) { return p; })},
        {"take along an axis", one([](V p, V i, V) { return take(p, i, 1); })},
        {"take of two rows", one([](V p, V, V j) { return take(p, j, -1); })},
        {"take of all", one([](V p, V i, V) { return take(p, i); })},
        {"take_along_axis",
         one([](V p, V i, V) { return take_along_axis(p, broadcast_to(i, {2, 2, 3}), 2); })},
        {"an element of a row", one([](V p, V, V) { return p(1); })},
        {"an element of two", one([](V p, V, V) { return p(1, -1); })},
        {"an element", one([](V p, V, V) { return p(1, 0, 2); })},
        {"a slice", one([](V p, V, V) { return p(slice(0, 1), 0, slice(2, _, -1)); })},
        {"p(i)", one([](V p, V i, V) { return p(i); })},
        {"p(i, i)", one([](V p, V i, V) { return p(i, i); })},
        {"p(i, j)", one([](V p, V i, V j) { return p(i, j); })},
        {"p(.., i)", one([](V p, V i, V) { return p(ellipsis, i); })},
        {"gather of 1", one([](V p, V i, V) { return gather(p, {i}); })},
        {"gather of 2", one([](V p, V i, V j) { return gather(p, {i, j}); })},
        {"gather of 3", one([](V p, V i, V j) { return gather(p, {i, j, i}); })},
        {"diagonal", one([](V p, V, V) { return diagonal(p); })},
        {"flip", one([](V p, V, V) { return flip(p, {0, 2}); })},
        {"squeeze", one([](V p, V, V) { return squeeze(p(slice(0, 1)), 0); })},
        {"expand_dims", one([](V p, V, V) { return expand_dims(p, 1); })},
        {"tile", one([](V p, V, V) { return tile(p, {2, 1, 3}); })},
        {"repeat", one([](V p, V, V) { return repeat(p, 3, 1); })},
        {"split", [](V p, V, V) { return split(p, 3, 2); }},
        {"split to extents", [](V p, V, V) { return split(p, Shape{1, 2}, 2); }},
        {"transpose", one([](V p, V, V) { return transpose(p); })},
        {"swapaxes", one([](V p, V, V) { return swapaxes(p, 0, 1); })},
        {"moveaxis", one([](V p, V, V) { return moveaxis(p, 0, 2); })},
        {"reshape", one([](V p, V, V) { return reshape(p, {3, 4}); })},
        {"broadcast_to", one([](V p, V, V) { return broadcast_to(p, {5, 2, 2, 3}); })},
        {"cast to fewer digits", one([](V p, V, V) { return p.as(DType::f16); })},
        {"cast to more digits", one([](V p, V, V) { return p.as(DType::f64); })},
        {"several",
         one([](V p, V i, V) { return flip(transpose(take(p, i, 0)), 1).as(DType::f64); })},
        {"several, conversion first",
         one([](V p, V i, V j) { return gather(repeat(p.as(DType::f64), 2, 0), {j, i}); })},
    };
    const Variable x = input("x", DType::f32, {2, 2, 3});
    const Variable i = input("i", DType::i64, {3}), j = input("j", DType::i64, {2, 3});
    for (const auto& [name, move] : moves)
        for (const Variable& moved : move(softmax(x), i, j))
            for (const DType read_as : {moved.dtype(), DType::f64}) {
                // What has lost digits and then gets more is left as it is.
                if (moved.dtype() == DType::f16 && read_as != DType::f16) continue;
                const Variable y = log(moved.as(read_as));
                const std::vector<std::string> stable =
                    ops_after({x, i, j}, y, Pipeline("stable").add(stabilize()));
                INFO(name << ": " << fmt::format("{}", fmt::join(stable, " ")));
                CHECK(std::ranges::count(stable, "log_softmax") == 1);
                CHECK(std::ranges::count(stable, "softmax") == 0);
                CHECK(std::ranges::count(stable, "log") == 0);
                // Its expansion has the logarithm of the sum, and divides by nothing.
                const std::vector<std::string> all = ops_after({x, i, j}, y, cpu_pipeline());
                CHECK(std::ranges::count(all, "log") == 1);
                CHECK(std::ranges::count(all, "div") == 0);
            }
}
