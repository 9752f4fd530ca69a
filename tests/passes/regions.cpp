// Branches and loops that are written out, and work that leaves them.
#include <croton/passes/fold_constants.hpp>
#include <croton/passes/hoist_from_regions.hpp>
#include <croton/passes/inline_regions.hpp>
#include <croton/passes/merge_duplicates.hpp>
#include <croton/passes/pipelines.hpp>
#include <croton/passes/trim_loops.hpp>

#include "passes/run_passes.hpp"

using namespace croton;
using namespace croton::test;

namespace {

Variables inlined(const Variables& inputs, const Variables& ys)
{
    return after(inputs, ys, {}, FoldConstants{}, InlineRegions{});
}

std::size_t count(const Variables& ys, const Op& op)
{
    return static_cast<std::size_t>(
        std::ranges::count_if(applies_of(ys), [&](const Apply& a) { return &a.op() == &op; }));
}
std::size_t count(std::span<const Variable> ys, std::string_view op)
{
    return static_cast<std::size_t>(
        std::ranges::count_if(applies_of(ys), [&](const Apply& a) { return a.op().name == op; }));
}

/// What is inside the regions of the only branch or loop.
std::size_t count_inside(const Variables& ys, std::string_view op)
{
    std::size_t found = 0;
    for (const Apply& a : applies_of(ys))
        for (const Region& region : regions_of(a))
            found += count(region.outputs(), op);
    return found;
}

Variables hoisted(const Variables& inputs, const Variables& ys)
{
    const Variables before = after(inputs, ys, {}, TrimLoops{}, MergeDuplicates{});
    const Variables now = after(inputs, before, with_costs, HoistFromRegions{}, TrimLoops{});
    CHECK(same(after(inputs, now, with_costs, HoistFromRegions{})[0], now[0]));
    return now;
}

/// The whole pipeline, on regions too.
Variables piped(const Variables& inputs, const Variables& ys)
{
    Graph graph(inputs, ys);
    PassOptions options = with_costs;
    options.verify = options.check_hash = true;
    cpu_pipeline().run(graph, options);
    return graph.outputs();
}

} // namespace

TEST_CASE("inline regions: the branch that a constant chooses")
{
    const Variable x = vector<double>("x", {3}), k = scalar<std::int64_t>("k");
    const auto chosen = [&](const Variable& number) {
        return switch_case(
            number, {[&] { return sin(x); }, [&] { return x * 2.0; }, [&] { return exp(x); }});
    };
    for (const std::int64_t n : {-3, 0, 1, 2, 7}) {
        const Variables ys = chosen(Array::scalar(n));
        const Variables now = inlined({x}, ys);
        check_same({x}, {sample(1, {3})}, ys, now, 0);
        CHECK(count(now, switch_op) == 0);
        CHECK(applies_of(now).size() <= 2);
    }
    CHECK(count(inlined({x, k}, chosen(k)), switch_op) == 1);
    // Only the rules find out, and there is another branch in the one that is taken.
    const Variable t = Array::scalar(2.0);
    const Variables ys = cond(
        t * 3.0 > 5.0,
        [&] { return cond(t < 1.0, [&] { return sin(x); }, [&] { return cos(x); }); },
        [&] { return exp(x); });
    const Variables now = piped({x}, ys);
    check_same({x}, {sample(1, {3})}, ys, now, 0);
    CHECK(applies_of(now).size() == 1);
}

TEST_CASE("inline regions: loops of no step and of one")
{
    const Variable xs = matrix<double>("xs", {1, 3}), none = matrix<double>("none", {0, 3}),
                   h0 = vector<double>("h0", {3});
    const Variables inputs{xs, h0, none};
    const std::vector<Array> at{sample(1, {1, 3}), sample(2, {3}), sample(3, {0, 3})};
    for (const bool reverse : {false, true})
        for (const Variable& v : {xs, none}) {
            const auto run = scan([](const Variable& x, const Variable& h,
                                     const Variable& g) { return Step{{h * x, g + h}, {sin(h)}}; },
                                  {.sequences = {v}, .init = {h0, h0 * 2.0}, .reverse = reverse});
            const Variables ys{run.last[0], run.last[1], run.history[1], run.out[0],
                               run.history[0] * 1.0};
            const Variables now = inlined(inputs, ys);
            check_same(inputs, at, ys, now, 0);
            CHECK(loops_of(now).empty());
        }
    const auto stopping =
        scan([](const Variable& x, const Variable& h) { return Step{{h * x}, {}, any(h > 0.0)}; },
             {.sequences = {xs}, .init = {h0}});
    const Variables ys{stopping.last[0], stopping.history[0], stopping.count};
    const Variables now = inlined(inputs, ys);
    check_same(inputs, at, ys, now, 0);
    CHECK(loops_of(now).empty());
}

TEST_CASE("inline regions: loops whose limit is known")
{
    const Variable x = scalar<double>("x");
    const auto loop = [&](double start, std::int64_t most) {
        return while_loop(
            [](const Variable& s, const Variable&) { return s < 4.0; },
            [&](const Variable& s, const Variable& p) { return Variables{s * 2.0, p * x}; },
            {Array::scalar(start), x}, most);
    };
    for (const std::int64_t most : {0, 1, 5}) {
        const Variables never = loop(9.0, most);
        const Variables now = inlined({x}, never);
        check_same({x}, {Array::scalar(0.7)}, never, now, 0);
        CHECK(loops_of(now).empty());
        const Variables some = loop(1.0, most);
        const Variables still = inlined({x}, some);
        check_same({x}, {Array::scalar(0.7)}, some, still, 0);
        CHECK(loops_of(still).size() == (most == 1 ? 0 : 1));
    }
    const Variables counted =
        fori_loop(Variable(Array::scalar(std::int64_t{6})) - 2,
                  [](const Variable&, const Variable& s) { return s * s; }, {x});
    const Variables now = inlined({x}, counted);
    check_same({x}, {Array::scalar(0.7)}, counted, now, 0);
    REQUIRE(loops_of(now).size() == 1);
    CHECK(!loops_of(now)[0].limited);
    CHECK(loops_of(now)[0].steps.value() == 4);
}

TEST_CASE("hoist from regions: what every branch computes of the same")
{
    const Variable x = vector<double>("x", {3}), w = matrix<double>("w", {3, 3}),
                   c = scalar<bool>("c");
    const Variables inputs{x, w, c};
    const Variables ys = cond(
        c,
        [&] {
            const Variable h = dot(w, x), y = sin(h);
            return Variables{y, h, sum(exp(x)), h * 2.0, x, y};
        },
        [&] {
            const Variable h = dot(w, x), y = cos(h) + prod(x);
            return Variables{y, h, sum(exp(x)), y, x, y};
        });
    const Variables now = hoisted(inputs, ys);
    for (const bool taken : {true, false})
        check_same(inputs, {sample(1, {3}), sample(2, {3, 3}), Array::scalar(taken)}, ys, now, 0);
    CHECK(count(now, contract_op) == 1);
    CHECK(count_inside(now, "contract") == 0);
    CHECK(count(now, "sum") == 1);
    CHECK(count_inside(now, "exp") == 0);
    CHECK(count_inside(now, "prod") == 1); // the other branch has none
    CHECK(count(now, switch_op) == 1);
    CHECK(now[0].owner().output_count() == 2);
    CHECK(same(now[4], x));
    CHECK(same(now[5], now[0]));
}

TEST_CASE("hoist from regions: not what is cheaper to compute again than to store")
{
    const Variable x = vector<double>("x", {30}), c = scalar<bool>("c");
    const auto both = [&](Variable (*shared)(const Variable&)) {
        return cond(c, [&] { return sum(shared(x)); }, [&] { return prod(shared(x)); });
    };
    const auto inside = [&](const Variables& ys, std::string_view op) {
        const Variables now = hoisted({x, c}, ys);
        for (const bool taken : {true, false})
            check_same({x, c}, {sample(1, {30}), Array::scalar(taken)}, ys, now, 0);
        return count_inside(now, op);
    };
    CHECK(inside(both([](const Variable& v) { return v * 2.0; }), "mul") == 2);
    CHECK(inside(both([](const Variable& v) { return flip(v, 0); }), "flip") == 2);
    CHECK(inside(both([](const Variable& v) { return sin(v); }), "sin") == 0);
    // The dear part leaves, the cheap one behind it does not.
    CHECK(inside(both([](const Variable& v) { return flip(sin(v) * v, 0); }), "sin") == 0);
    // All that there is: no branch is left.
    const Variables same_work = cond(c, [&] { return x * 2.0; }, [&] { return x * 2.0; });
    CHECK(count(hoisted({x, c}, same_work), switch_op) == 0);
}

TEST_CASE("hoist from regions: out of branches and then out of the loop around them")
{
    const Variable xs = matrix<double>("xs", {4, 3}), w = matrix<double>("w", {3, 3}),
                   b = vector<double>("b", {3});
    const auto run = scan(
        [&](const Variable& x, const Variable& h) {
            return cond(
                sum(x) > sum(h), [&] { return tanh(h + dot(w, b)); },
                [&] { return x - dot(w, b) * h; })[0];
        },
        {.sequences = {xs}, .init = {b}});
    const Variables ys{run.history[0]};
    const Variables inputs{xs, w, b};
    const std::vector<Array> at{sample(1, {4, 3}), sample(2, {3, 3}), sample(3, {3})};
    const Variables now = piped(inputs, ys);
    check_same(inputs, at, ys, now, 0);
    CHECK(count(now, contract_op) == 1);
    CHECK(count_inside(now, "contract") == 0);
}
