#include <croton/ir/build.hpp>
#include <croton/ir/graph.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/verify.hpp>

#include "support/catch.hpp"

using namespace croton;

TEST_CASE("a replacement reaches every reader, and only what reads it is rebuilt")
{
    const Variable x = vector<float>("x");
    const Variable a = exp(x);
    const Variable b = sin(a);
    const Variable other = cos(x);
    Graph graph({x}, {b + other, a});
    graph.replace(a, log(x), "test");
    CHECK(same(graph.resolve(a), graph.resolve(graph.resolve(a))));
    CHECK(graph.commit());
    CHECK(to_expression(graph.outputs()[0]) == "sin(log(x)) + cos(x)");
    CHECK(to_expression(graph.outputs()[1]) == "log(x)");
    CHECK(graph.contains(other.owner()));
    CHECK_FALSE(graph.contains(a.owner()));
    CHECK_FALSE(graph.commit());
    CHECK_NOTHROW(verify(graph));
}

TEST_CASE("replacements in a row lead to the last")
{
    const Variable x = vector<float>("x");
    const Variable a = exp(x);
    const Variable b = sin(x);
    Graph graph({x}, {a * a});
    graph.replace(a, b, "first");
    graph.replace(b, cos(x), "second");
    graph.commit();
    CHECK(to_expression(graph.outputs()[0]) == "cos(x) * cos(x)");
}

TEST_CASE("a replacement of another type is refused")
{
    const Variable x = vector<float>("x", {3});
    Graph graph({x}, {exp(x)});
    CHECK_THROWS_WITH(graph.replace(graph.outputs()[0], sum(x), "halving"),
                      test::contains("halving replaces f32 (3) by f32 ()"));
}

TEST_CASE("a replacement that needs what it replaces is refused")
{
    const Variable x = vector<float>("x");
    const Variable a = exp(x);
    Graph graph({x}, {sin(a)});
    graph.replace(a, log(a), "wrapping");
    CHECK_THROWS_WITH(graph.commit(), test::contains("a replacement needs what it replaces: log"));
}

TEST_CASE("uses are found by position")
{
    const Variable x = vector<float>("x");
    const Variable a = exp(x);
    const Graph graph({x}, {a * a, sin(a), a});
    CHECK(graph.uses(a.owner()).size() == 3);
    CHECK(graph.use_count(a) == 4);
    CHECK(graph.use_count(x) == 1);
}

TEST_CASE("a user's name moves to the value that stands for the named one")
{
    const Variable x = vector<float>("x");
    const Variable hidden = exp(x).named("hidden");
    Graph graph({x}, {sin(hidden)});
    graph.replace(hidden, log(x), "test");
    graph.commit();
    CHECK(graph.outputs()[0].owner().input(0).name() == "hidden");
}

TEST_CASE("a graph prints one line an apply, up to a limit")
{
    const Variable x = vector<float>("x", {3});
    const Graph graph({x}, {sum(exp(x) + 1)});
    const std::string text = to_text(graph, {.max_lines = 200, .locations = false});
    CHECK(text == "inputs  x f32 (3)\n"
                  "%0 f32 (3) = exp x\n"
                  "%1 f32 (3) = broadcast_to 1  shape=(3)\n"
                  "%2 f32 (3) = add %0, %1\n"
                  "%3 f32 () = sum %2  axes=(0)\n"
                  "outputs %3\n");
    CHECK_THAT(to_text(graph, {.max_lines = 2, .locations = false}),
               test::contains("... 2 more\n"));
    CHECK_THAT(to_graphviz(graph), test::contains("a0 -> a2;"));
}

TEST_CASE("Graphviz's text of a graph holds the bodies of its loops")
{
    const Variable x = vector<float>("a \"name\"");
    const auto step = [](const Variable& h) { return exp(h) * 2; };
    const Graph graph({x}, {scan(step, {.init = {x}, .steps = 3}).last[0]});
    const std::string text = to_graphviz(graph);
    CHECK_THAT(text, test::contains("a \\\"name\\\""));
    CHECK_THAT(text, test::contains("subgraph cluster_a0 {"));
    CHECK_THAT(text, test::contains("a0_a0 [label = \"exp"));
    CHECK(std::ranges::count(text, '{') == std::ranges::count(text, '}'));
}

TEST_CASE("expressions print as mathematics, with the parentheses they need")
{
    const Variable x = vector<float>("x");
    const Variable y = vector<float>("y", x.shape());
    CHECK(to_expression(log1p(exp(x + y))) == "log1p(exp(x + y))");
    CHECK(to_expression((x - (y - x)) * y) == "(x - (y - x)) * y");
    CHECK(to_expression(-(x + y)) == "-(x + y)");
    const Variable a = croton::matrix<double>("a", {2, 3}), b = croton::matrix<double>("b", {3, 4});
    const Variable v = croton::vector<double>("v", {3});
    const Variable s = croton::tensor<double>("s", {5, 2, 3});
    const Variable t = croton::tensor<double>("t", {5, 3, 4});
    CHECK(to_expression(dot(a, b)) == "dot(a, b)");
    CHECK(to_expression(dot(a, v) + 1) == "dot(a, v) + 1");
    CHECK(to_expression(matmul(a, b)) == "matmul(a, b)");
    CHECK(to_expression(matmul(s, t)) == "matmul(s, t)");
    CHECK(to_expression(dot(s, t)) == "dot(s, t)");
    CHECK(to_expression(einsum("ij,jk->ik", {a, b})) == "dot(a, b)");
    CHECK(to_expression(tensordot(a, b, {1}, {0})) == "dot(a, b)");
    CHECK(to_expression(einsum("ij,kj->ik", {a, a})) == "einsum(\"ij,kj->ik\", a, a)");
    CHECK(to_expression(einsum("bij,bjk->bik", {s, t})) == "matmul(s, t)");
    CHECK(to_expression(einsum("bij,bjk->ik", {s, t})) == "einsum(\"ijk,ikl->jl\", s, t)");
    CHECK(to_expression(einsum("bij,bkj->bik", {s, s})) == "einsum(\"ijk,ilk->ijl\", s, s)");
    CHECK(to_expression(einsum("bij,kj->bik", {s, a})) == "einsum(\"ijk,lk->ijl\", s, a)");
    CHECK(to_expression(cast(x, DType::f64) * 2) == "f64(x) * 2");
    Variable deep = x;
    for (int i = 0; i < 50; ++i)
        deep = sin(deep) + y;
    CHECK(to_expression(deep, 60).size() <= 60);
}

TEST_CASE("an apply whose shape is not its rule's is named")
{
    const Variable x = vector<float>("x", {3});
    const Type wrong(DType::f32, {4});
    const Variable bad =
        rebuild(exp(x).owner().op(), std::span(&x, 1), {}, {&wrong, 1}, nullptr)[0];
    CHECK_THROWS_WITH(verify(Graph({x}, {bad})),
                      test::contains("exp.0 has shape (4), its operand (3)"));
}

TEST_CASE("an apply that reads another dtype than its rule gives is named")
{
    const Variable x = vector<float>("x", {3});
    const Variable i = vector<std::int32_t>("i", {3});
    const Variable operands[] = {x, i};
    const Type type(DType::f32, {3});
    const Variable bad = rebuild((x + x).owner().op(), operands, {}, {&type, 1}, nullptr)[0];
    CHECK_THROWS_WITH(verify(Graph({x, i}, {bad})),
                      test::contains("add.0 reads f32 as operand 1, its rule says f64"));
}

TEST_CASE("a leaf that is no input is named")
{
    const Variable x = vector<float>("x", {3});
    CHECK_THROWS_WITH(verify(Graph({}, {exp(x)})),
                      test::contains("the outputs need 'x', which is no input"));
}
