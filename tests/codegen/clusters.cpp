// Which applies share a kernel, and why two do not. Needs no compiler.
#include <croton/codegen/clusters.hpp>
#include <croton/codegen/program.hpp>
#include <croton/ir/ops.hpp>
#include <croton/passes/grad.hpp>

#include <algorithm>

#include "codegen/expanded.hpp"
#include "support/catch.hpp"

namespace ct = croton;
using croton::test::expanded;
using ct::Variable;
using ct::Variables;
using ct::codegen::Cluster;
using ct::codegen::ClusterKind;
using ct::codegen::Clusters;

namespace {

Clusters clusters_of(const Variables& outputs)
{
    return ct::codegen::make_clusters(expanded(outputs));
}

std::vector<std::string> reasons(const Clusters& clusters)
{
    std::vector<std::string> list;
    for (const auto& u : clusters.unfused)
        list.push_back(u.reason);
    return list;
}

int stored(const Cluster& cluster)
{
    return static_cast<int>(
        std::ranges::count_if(cluster.roots, [](const auto& r) { return r.stored; }));
}

Variable rows_matrix() { return ct::matrix<float>("x", {ct::dim("n"), ct::dim("m")}); }

} // namespace

TEST_CASE("softmax, logsumexp, variance and layernorm of rows are one kernel each")
{
    const Variable x = rows_matrix();
    const Variable layernorm = (x - mean(x, -1, true)) / sqrt(var(x, -1, true) + 1e-5);
    for (const Variable& y : {softmax(x), log_softmax(x), logsumexp(x, -1), var(x, -1), layernorm,
                              softmax(x * 2 + 1) * x}) {
        const Clusters c = clusters_of({y});
        REQUIRE(c.list.size() == 1);
        CHECK(c.list[0].kind == ClusterKind::rows);
        CHECK(c.list[0].outer.size() == 1);
        CHECK(stored(c.list[0]) == 1);
        CHECK(c.unfused.empty());
    }
}

TEST_CASE("two joined arrays are reduced where they lie, many are joined first")
{
    const Variable x = rows_matrix();
    CHECK(clusters_of({sum(ct::concatenate({x, x * x}, 1), 1)}).list.size() == 1);
    const Variable many = ct::concatenate({x, x * x, x, x + 1, x}, 1);
    const Clusters c = clusters_of({sum(many * 2, 1)});
    CHECK(c.list.size() == 2);
    CHECK(reasons(c) ==
          std::vector<std::string>{"each of the joined arrays gets a loop of its own"});
    CHECK(clusters_of({many * 2 + 1}).list.size() == 1);
}

TEST_CASE("a map over columns' sums is a kernel of its own, with the reason")
{
    const Variable x = rows_matrix();
    const Clusters c = clusters_of({exp(sum(x, ct::Axis{0}))});
    REQUIRE(c.list.size() == 2);
    CHECK(c.list[0].kind == ClusterKind::columns);
    CHECK(c.list[1].kind == ClusterKind::rows);
    CHECK(reasons(c) == std::vector<std::string>{"the loops of what reads it have other extents"});
}

TEST_CASE("two sums over columns of one array share its reading")
{
    const Variable x = rows_matrix();
    const Clusters c = clusters_of({sum(x, ct::Axis{0}), max(x * x, ct::Axis{0})});
    REQUIRE(c.list.size() == 1);
    CHECK(stored(c.list[0]) == 2);
}

TEST_CASE("a sum over columns of what another sum over as many columns gave is a kernel of its own")
{
    const Variable x = ct::matrix<float>("x", {2, 3});
    const Variable once = sum(x, ct::Axis{0});
    const Clusters c = clusters_of({sum(pad(expand_dims(once, 0), {1, 0}, {0, 0}), ct::Axis{0})});
    REQUIRE(c.list.size() == 2);
    CHECK(reasons(c) == std::vector<std::string>{"all rows must be reduced first"});
}

TEST_CASE("a sum over columns reads what lies behind a pad in front of the kept axes")
{
    const Variable x = ct::matrix<float>("x", {2, 3});
    const Variable kept = expand_dims(sum(x, ct::Axis{1}), ct::Axis{0, -1});
    const Clusters c = clusters_of({max(pad(kept, {1, 1, 0}, {0, 0, 0}), ct::Axis{0}), kept});
    REQUIRE(c.list.size() == 2);
    REQUIRE(c.list[1].kind == ClusterKind::columns);
    REQUIRE(c.list[1].roots.size() == 1);
    CHECK(c.list[1].roots[0].reads.size() == 1);
}

TEST_CASE("a reshape in between moves nothing and fuses")
{
    const ct::Extent n = ct::dim("n");
    const Variable x = ct::matrix<float>("x", {n, 6});
    const Clusters c = clusters_of({exp(reshape(sin(x), {n * 6})) + 1});
    REQUIRE(c.list.size() == 1);
    CHECK(c.list[0].roots.size() == 1);
}

TEST_CASE("an expensive value that two outputs use is computed once, in one kernel")
{
    const Variable x = rows_matrix();
    const Variable shared = exp(x);
    const Clusters c = clusters_of({shared + 1, shared * x});
    REQUIRE(c.list.size() == 1);
    REQUIRE(c.list[0].roots.size() == 3);
    CHECK_FALSE(c.list[0].roots[0].stored);
    CHECK(stored(c.list[0]) == 2);
}

TEST_CASE("a cheap value that two outputs use is computed in both")
{
    const Variable x = rows_matrix();
    const Variable shared = x + 1;
    const Clusters c = clusters_of({shared * 2, shared * x});
    REQUIRE(c.list.size() == 1);
    CHECK(c.list[0].roots.size() == 2);
}

TEST_CASE("an expensive value that a broadcast repeats is stored first")
{
    const Variable x = rows_matrix();
    const Variable r = ct::vector<float>("r", {x.shape()[1]});
    const Clusters c = clusters_of({x * exp(r)});
    REQUIRE(c.list.size() == 2);
    CHECK(stored(c.list[0]) == 1);
    CHECK(clusters_of({x * (r + 1)}).list.size() == 1);
}

TEST_CASE("what needs other elements of a kernel's value waits for all of it")
{
    const ct::Extent n = ct::dim("n");
    const Variable x = ct::matrix<float>("x", {n, n});
    const Variable y = exp(x);
    const Clusters c = clusters_of({y, y.T() + y});
    CHECK(c.list.size() == 2);
    CHECK(reasons(c) == std::vector<std::string>{
                            "what reads it needs elements other than the one at its own index"});
}

TEST_CASE("a mean of everything is ready before what is subtracted from it")
{
    const Variable x = ct::vector<float>("x");
    const Clusters c = clusters_of({x - mean(x)});
    CHECK(c.list.size() == 2);
    CHECK(reasons(c) == std::vector<std::string>{"the whole array must be reduced first"});
}

TEST_CASE("several outputs of one shape are one kernel, of another shape another")
{
    const Variable x = rows_matrix();
    CHECK(clusters_of({x + 1, x * 2, sin(x)}).list.size() == 1);
    CHECK(clusters_of({sum(x, ct::Axis{1}), max(x, ct::Axis{1}), softmax(x)}).list.size() == 1);
    const Variable a = ct::vector<float>("a");
    CHECK(clusters_of({x + 1, a + 1}).list.size() == 2);
}

TEST_CASE("long chains are cut into kernels of bounded size, in linear number")
{
    const Variable x = ct::vector<float>("x");
    Variable y = x;
    constexpr int length = 10000;
    for (int i = 0; i < length / 2; ++i)
        y = y * 0.5 + sin(y);
    const Clusters c = clusters_of({y});
    CHECK(c.list.size() >= 3 * length / 2 / ct::codegen::most_statements_in_a_vector_loop);
    CHECK(c.list.size() <= 8 * length / ct::codegen::most_statements_in_a_vector_loop);
    for (const Cluster& k : c.list)
        CHECK(k.statements <= ct::codegen::most_statements_in_a_vector_loop);
}

TEST_CASE("a long chain of numbers makes kernels of up to 1,000 statements")
{
    const Variable x = ct::scalar<double>("x");
    Variable y = x;
    for (int i = 0; i < 10000; ++i)
        y = y + x * (i % 7);
    const Clusters c = clusters_of({y});
    CHECK(c.list.size() <= 100);
    for (const Cluster& k : c.list)
        CHECK(k.statements <= ct::codegen::most_scalar_statements);
}

TEST_CASE("a long chain of functions of numbers makes kernels of one value, or up to 8,000 "
          "operations")
{
    const Variable x = ct::scalar<double>("x");
    Variable y = x;
    for (int i = 0; i < 2000; ++i)
        y = sin(y);
    const Clusters c = clusters_of({y});
    CHECK(c.list.size() >= 10);
    CHECK(c.list.size() <= 40);
    for (const Cluster& k : c.list)
        CHECK((k.roots.size() == 1 || k.flops <= ct::codegen::most_scalar_flops));
}

TEST_CASE("the same graph gives the same clusters and the same text again")
{
    const auto text = [] {
        const Variable x = rows_matrix();
        const Variable y = softmax(x * 2) + mean(exp(x), ct::Axis{0});
        const Variables outputs = expanded({y, sum(y)});
        return ct::codegen::make_program(std::span(&x, 1), outputs, {}, {}).source;
    };
    CHECK(text() == text());
}

namespace {

/// Values that one cluster stores and another reads, without a reason.
std::vector<std::string> without_reason(const Clusters& clusters)
{
    std::vector<std::string> found;
    for (const Cluster& writer : clusters.list)
        for (const auto& root : writer.roots)
            for (const Cluster& reader : clusters.list) {
                const bool reads = std::ranges::any_of(reader.roots, [&](const auto& r) {
                    return std::ranges::any_of(
                        r.reads, [&](const Variable& v) { return same(v, root.value); });
                });
                if (&reader != &writer && reads &&
                    std::ranges::none_of(clusters.unfused,
                                         [&](const auto& u) { return same(u.value, root.value); }))
                    found.push_back(std::string(name(writer.kind)) + " to " +
                                    std::string(name(reader.kind)));
            }
    return found;
}

} // namespace

TEST_CASE("each value that one kernel stores for another has a reason")
{
    const Variable x = ct::matrix<float>("x", {40, 64}), w = ct::matrix<float>("w", {64, 64});
    const Variable i = ct::input("i", ct::DType::i64, {40});
    const auto check = [](const Variables& outputs, std::vector<std::string> expected) {
        const Clusters c = clusters_of(outputs);
        CHECK(without_reason(c).empty());
        CHECK(reasons(c) == expected);
    };
    check({dot(exp(x), w)}, {});
    check({dot(sin(x), w)},
          {"sines and their kin have a second form, for which products have no room"});
    const Variable e = relu(x);
    check({dot(e, w), sum(e)}, {"others read it as well as the product"});
    check({dot(exp(x), ct::vector<float>("v", {64}))},
          {"a product of few terms or of a vector reads its operands from memory"});
    check({softmax(dot(x, w))}, {"a product's rows are whole only when it is done"});
    check({cumsum(exp(x), 1)}, {});
    check({exp(cumsum(exp(x), 1))}, {"running sums are a loop of their own"});
    check({sum(cumsum(x, 1), 1)}, {"running sums are a loop of their own"});
    check({scatter_add(exp(x), {i}, x)}, {"what is scattered lands anywhere: a loop of its own"});
    check({exp(scatter_add(x, {i}, x))}, {"all must be scattered first"});
    const auto loop = [&](Variable (*step)(const Variable&)) {
        const auto body = [=](const Variable& h) { return step(h); };
        return ct::scan(body, {.init = {exp(x)}, .steps = 3}).last[0];
    };
    check({sin(loop([](const Variable& h) { return h * 2 + flip(h, 1); }))},
          {"a loop gives whole arrays", "a loop takes whole arrays"});
    const Variable members = loop([](const Variable& h) { return h * 2; });
    check({sin(members)}, {});
    check({sum(members)}, {});
    check({sum(members, 1)}, {"what reads it is not about the loop's members"});
    check({argmax(members, 1)}, {"a loop gives whole arrays"});
    check({members, loop([](const Variable& h) { return h * 2; }), sin(flip(members, 1))},
          {"members of what reads it read others', or it is too long"});
    check({x * cast(expand_dims(argmax(exp(x), 1), 1), ct::DType::f32)}, {});
    check({dot(dot(x, w), w)}, {"a product reads its operands several times, from memory"});
    check({dot(x, w) + mean(sin(x), 1, true)}, {"a product's rows are whole only when it is done"});
}
