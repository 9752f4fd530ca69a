// Kernels in a row that hand each other large arrays: rows are computed in blocks, each by all of
// them. The same bits for any number of threads, and what the references compute.
#include <croton/croton.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/compare.hpp"
#include "support/text.hpp"

namespace ct = croton;
using ct::_;
using ct::Array;
using ct::DType;
using ct::slice;
using ct::Variable;
using ct::Variables;

namespace {

constexpr std::string_view comment = "by several kernels, in blocks that stay in the cache";

/// `groups`: of kernels that take their rows in blocks; -1: any number of them.
ct::Function check(const Variables& inputs,
                   const Variables& outputs,
                   const std::vector<Array>& at,
                   int groups,
                   const croton::test::Tolerance& tolerance = {1e4, 1e-11})
{
    const std::vector<ct::Any> arguments(at.begin(), at.end());
    const ct::Inputs named(inputs);
    const ct::Results expected = ct::function(named, outputs, {.reference = true}).call(arguments);
    std::vector<Array> first;
    for (const int threads : {1, 2, 3}) {
        const auto f = ct::function(named, outputs, {.threads = threads});
        if (groups >= 0)
            CHECK(croton::test::count(f.source(), comment) == static_cast<std::size_t>(groups));
        const ct::Results got = f.call(arguments);
        for (std::size_t k = 0; k < outputs.size(); ++k) {
            INFO("output " << k << " on " << threads << " threads");
            CHECK(croton::test::first_difference(got[k], expected[k], tolerance) == "");
            if (threads == 1)
                first.push_back(got[k]);
            else
                CHECK(croton::test::first_difference(got[k], first[k], {}) == "");
        }
    }
    return ct::function(named, outputs, {.threads = 1});
}

/// Read in two places, which is why it is stored: nobody computes a sine twice.
Variable difference(const Variable& v)
{
    const Variable s = ct::sin(v);
    return s(slice(1, _)) - s(slice(_, -1)) * v(slice(1, _));
}

Array normal(std::uint64_t seed, const std::vector<std::int64_t>& shape, DType t = DType::f64)
{
    return Array::normal(seed, shape, t);
}

} // namespace

TEST_CASE("rows in blocks: differences of differences need no memory between")
{
    const auto x = ct::input("x", DType::f64, {150000});
    const Variable y = difference(difference(difference(x)));
    const ct::Function f = check({x}, {y}, {normal(1, {150000})}, 1);
    CHECK(f.workspace_bytes() == 0);
    CHECK(f.explain().find("on the stack, a block of rows at a time") != std::string::npos);
}

TEST_CASE("rows in blocks: the gradient and the Hessian of a chain")
{
    for (const std::int64_t n : {65600, 100000, 131073}) {
        INFO(n << " elements");
        const auto x = ct::input("x", DType::f64, {n});
        const Variable a = x(slice(_, -1)), b = x(slice(1, _));
        const Variable value =
            ct::sum(100.0 * square(b - square(a)) + square(1.0 - a) + 0.1 * sin(a * b));
        for (const auto triangle : {ct::Triangle::lower, ct::Triangle::full}) {
            const auto hessian = ct::sparse_hessian(value, x, {.triangle = triangle});
            check({x}, {ct::grad(value, x), hessian.values}, {normal(2, {n})},
                  triangle == ct::Triangle::lower ? 1 : -1);
        }
    }
}

TEST_CASE("rows in blocks: fields of several axes, and of other types")
{
    for (const DType t : {DType::f64, DType::f32}) {
        const auto x = ct::input("x", t, {3000, 70});
        const Variable y = difference(x);
        check({x}, {difference(y)}, {normal(3, {3000, 70}, t)}, 1,
              {64, t == DType::f64 ? 1e-11 : 1e-5});
    }
    // A row that is longer than a block may be.
    const auto wide = ct::input("wide", DType::f64, {40, 20000});
    check({wide}, {difference(difference(wide))}, {normal(4, {40, 20000})}, 0);
}

TEST_CASE("rows in blocks: what does not fit stays as it is")
{
    const std::int64_t n = 150000;
    const auto x = ct::input("x", DType::f64, {n});
    const std::vector<Array> at{normal(5, {n})};
    const Variable s = ct::sin(x), back = s(slice(_, _, -1));
    check({x}, {difference(back) + back(slice(1, _)) * back(slice(_, -1))}, at, 1); // all but `s`
    const Variable inner = difference(x);
    // The first difference is asked for, so it is in memory; that is no block's own.
    check({x}, {inner, difference(inner)}, at, -1);
    const Variable total = ct::cumsum(difference(x), 0) / 1e4;
    check({x}, {total, difference(total)}, at, -1);
    const auto small = ct::input("small", DType::f64, {5000});
    check({small}, {difference(difference(small))}, {normal(6, {5000})}, 0);
}

TEST_CASE("rows in blocks: values that live on, and memory that others leave")
{
    const std::int64_t n = 140000;
    const auto x = ct::input("x", DType::f64, {n}), w = ct::input("w", DType::f64, {n});
    // Behind the blocks others read what was written in front of them, and in them.
    const Variable before = ct::cumsum(x, 0) / 1000.0, kept = difference(before);
    const Variable y = difference(difference(kept)), z = ct::cumsum(y, 0);
    check({x, w}, {z + kept(slice(2, _)), ct::sum(before * w), difference(ct::exp(-square(z)))},
          {normal(7, {n}), normal(8, {n})}, -1);
}

TEST_CASE("rows in blocks: shared variables that are updated in place")
{
    const std::int64_t n = 140000;
    const ct::Shared state = ct::shared("state", normal(9, {n}));
    const Variable u = state;
    const Variable next = u + 0.1 * ct::pad(difference(difference(u)), {1}, {1});
    const auto updated = [&](ct::Options options) {
        options.updates = {{state, next}};
        state.set(normal(9, {n}));
        const auto f = ct::function({}, ct::Variables{}, options);
        f();
        f();
        return state.value().contiguous();
    };
    const Array expected = updated({.reference = true});
    for (const int threads : {1, 2})
        CHECK(croton::test::first_difference(updated({.threads = threads}), expected,
                                             {1e4, 1e-11}) == "");
}

TEST_CASE("rows in blocks: random graphs of pieces, neighbours, rows and sums along rows")
{
    std::mt19937 random(20261201);
    const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    int groups = 0;
    for (int graph = 0; graph < 60; ++graph) {
        const bool deep = below(3) == 0;
        const std::int64_t n = deep ? 9000 + below(100) : 66000 + below(9000);
        const std::vector<std::int64_t> shape =
            deep ? std::vector<std::int64_t>{n, 9} : std::vector<std::int64_t>{n};
        const auto x = deep ? ct::input("x", DType::f64, {n, 9}) : ct::input("x", DType::f64, {n});
        std::vector<Variable> values{x};
        const auto any = [&] { return values[static_cast<std::size_t>(below(values.size()))]; };
        const auto rows = [](const Variable& v) { return v.shape()[0].value(); };
        const auto cut = [&](const Variable& v, std::int64_t count) {
            const std::int64_t more = rows(v) - count;
            const std::int64_t first = more == 0 ? 0 : below(static_cast<int>(more) + 1);
            return v(slice(first, first + count));
        };
        for (int step = 0; step < 9; ++step) {
            const Variable v = any(), w = any();
            const std::int64_t both = std::min(rows(v), rows(w));
            switch (below(7)) {
            case 0:
                values.push_back(ct::sin(v));
                break;
            case 1:
                values.push_back(ct::exp(-square(v)) + v);
                break;
            case 2:
                values.push_back(cut(v, both) * cut(w, both));
                break;
            case 3:
                values.push_back(cut(v, rows(v) - 1 - below(3)));
                break;
            case 4:
                values.push_back(ct::concatenate({v(slice(_, 3)), w(slice(3, _))}, 0));
                break;
            case 5:
                if (deep)
                    values.push_back(v - ct::expand_dims(ct::mean(v, 1), 1));
                else
                    values.push_back(difference(v));
                break;
            default:
                values.push_back(ct::tanh(difference(v) + 0.25));
                break;
            }
        }
        INFO("graph " << graph);
        const Variable y = values.back();
        const Variables outputs =
            below(2) == 0 ? Variables{y} : Variables{y, ct::grad(ct::sum(ct::sin(y)), x)};
        Variables connected;
        for (const Variable& v : outputs)
            connected.push_back(v + 0.0 * ct::sum(x(slice(_, 2))));
        const auto f = check({x}, connected, {normal(graph, shape)}, -1);
        groups += croton::test::count(f.source(), comment) > 0;
    }
    CHECK(groups >= 12);
}
