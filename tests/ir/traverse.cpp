#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/traverse.hpp>

#include <functional>

#include "support/catch.hpp"

using namespace croton;

namespace {

struct Written {
    Variables inputs, outputs;
};

/// Graphs of inputs of their own, as two programs write them.
using Write = std::function<Written()>;

bool equal(const Write& a, const Write& b)
{
    const Written x = a(), y = b();
    const bool result = structurally_equal(x.inputs, x.outputs, y.inputs, y.outputs);
    CHECK(structurally_equal(y.inputs, y.outputs, x.inputs, x.outputs) == result);
    if (result) CHECK(structural_hash(x.inputs, x.outputs) == structural_hash(y.inputs, y.outputs));
    return result;
}

Written of_matrix(const std::function<Variables(const Variable& x)>& f,
                  const Shape& shape = {3, 4},
                  std::string_view name = "x")
{
    const Variable x = input(name, DType::f64, shape);
    return {{x}, f(x)};
}

Written of_two(const std::function<Variables(const Variable& x, const Variable& y)>& f)
{
    const Variable x = vector<double>("x", {3}), y = vector<double>("y", {3});
    return {{x, y}, f(x, y)};
}

Variable looped(const Variable& x, double factor)
{
    return scan([&](const Variable& row, const Variable& h) { return h * factor + row; },
                {.sequences = {x}, .init = {zeros(DType::f64, {4})}})
        .last[0];
}

} // namespace

TEST_CASE("graphs are equal up to identity, names and lines")
{
    const auto f = [](const Variable& x) -> Variables { return {exp(sum(x, 0)) * 2}; };
    const auto named = [&](std::string_view name) {
        return [=] { return of_matrix(f, {3, 4}, name); };
    };
    CHECK(equal(named("x"), named("x")));
    CHECK(equal(named("x"), named("other")));
    CHECK(equal(named("x"), [] {
        return of_matrix([](const Variable& x) -> Variables {
            const Variable column_sums = sum(x, 0).named("column_sums");
            return {(exp(column_sums) * 2).named("z")};
        });
    }));
}

TEST_CASE("graphs differ by an op, a parameter, a constant, an extent or a dtype")
{
    const auto with = [](auto f) {
        return [=] { return of_matrix([=](const Variable& x) -> Variables { return {f(x)}; }); };
    };
    const Write sums = with([](const Variable& x) { return cumsum(x, 0); });
    CHECK(equal(sums, with([](const Variable& x) { return cumsum(x, 0); })));
    CHECK_FALSE(equal(sums, with([](const Variable& x) { return cumsum(x, 1); })));
    CHECK_FALSE(equal(sums, with([](const Variable& x) { return cumprod(x, 0); })));
    CHECK_FALSE(equal(sums, [] {
        return of_matrix([](const Variable& x) -> Variables { return {cumsum(x, 0)}; }, {3, 5});
    }));
    CHECK_FALSE(equal(with([](const Variable& x) { return x * 2; }),
                      with([](const Variable& x) { return x * 3; })));
    CHECK_FALSE(equal(with([](const Variable& x) { return x.as(DType::f32); }),
                      with([](const Variable& x) { return x.as(DType::f16); })));
    CHECK_FALSE(equal(with([](const Variable& x) { return reshape(x, {12}); }),
                      with([](const Variable& x) { return reshape(x, {4, 3}); })));
}

TEST_CASE("symbols of other graphs are other extents")
{
    const auto f = [](const Variable& x) -> Variables { return {x + 1}; };
    const Extent n = dim("n"), m = dim("m");
    const auto of = [&](const Shape& shape) { return [=] { return of_matrix(f, shape); }; };
    CHECK(equal(of({n, m}), of({n, m})));
    CHECK_FALSE(equal(of({n, m}), of({m, n})));
    CHECK_FALSE(equal(of({n, m}), of({n, n})));
}

TEST_CASE("graphs differ by the order of inputs, of operands and of outputs")
{
    using V = const Variable&;
    const auto with = [](auto f) { return [=] { return of_two(f); }; };
    const Write difference = with([](V x, V y) -> Variables { return {x - y}; });
    CHECK(equal(difference, with([](V x, V y) -> Variables { return {x - y}; })));
    CHECK_FALSE(equal(difference, with([](V x, V y) -> Variables { return {y - x}; })));
    CHECK_FALSE(equal(difference, with([](V x, V) -> Variables { return {x - x}; })));
    CHECK_FALSE(equal(difference, with([](V x, V y) -> Variables { return {x - y, x}; })));
    CHECK_FALSE(equal(difference, [] {
        const Variable x = vector<double>("x", {3}), y = vector<double>("y", {3});
        return Written{{y, x}, {x - y}};
    }));
    CHECK_FALSE(equal(with([](V x, V y) -> Variables { return {x + y, x * y}; }),
                      with([](V x, V y) -> Variables { return {x * y, x + y}; })));
}

TEST_CASE("a value that is read twice is not two values that are equal")
{
    using V = const Variable&;
    const auto with = [](auto f) { return [=] { return of_two(f); }; };
    const Write shared = with([](V x, V y) -> Variables {
        const Variable e = exp(x);
        return {e * y + e};
    });
    CHECK(equal(shared, shared));
    CHECK_FALSE(equal(with([](V x, V) -> Variables { return {exp(x) - exp(x)}; }),
                      with([](V x, V y) -> Variables { return {exp(x) - exp(y)}; })));
    CHECK_FALSE(equal(with([](V x, V y) -> Variables { return {exp(x) - exp(y)}; }),
                      with([](V x, V) -> Variables {
                          const Variable e = exp(x);
                          return {e - e};
                      })));
}

TEST_CASE("graphs differ by what stands in a loop's body, and by which of its results they take")
{
    const auto with = [](double factor) {
        return [=] {
            return of_matrix([=](const Variable& x) -> Variables { return {looped(x, factor)}; });
        };
    };
    CHECK(equal(with(2), with(2)));
    CHECK_FALSE(equal(with(2), with(3)));
    const auto pieces = [](std::size_t first, std::size_t second) {
        return [=] {
            return of_matrix([=](const Variable& x) -> Variables {
                const auto run =
                    scan([](const Variable& a, const Variable& b) { return Step{{a + b, a * b}}; },
                         {.init = {sum(x), sum(x)}, .steps = 3});
                return {run.last[first], run.last[second]};
            });
        };
    };
    CHECK(equal(pieces(0, 1), pieces(0, 1)));
    CHECK_FALSE(equal(pieces(0, 1), pieces(1, 0)));
    CHECK_FALSE(equal(pieces(0, 1), pieces(0, 0)));
}

TEST_CASE("inputs of neither graph are equal only to themselves")
{
    const Variable free = vector<double>("free", {3}), other = vector<double>("free", {3});
    const auto with = [](const Variable& f) {
        return [=] {
            return of_two([=](const Variable& x, const Variable&) -> Variables { return {x + f}; });
        };
    };
    CHECK(equal(with(free), with(free)));
    CHECK_FALSE(equal(with(free), with(other)));
}
