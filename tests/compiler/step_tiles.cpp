// Loops over large fields, of which a step reads few rows around each: steps of a pass are taken in
// blocks of rows, one after another. The same bits as step by step, and as the references.
#include <croton/croton.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/compare.hpp"

namespace ct = croton;
using ct::_;
using ct::Array;
using ct::DType;
using ct::Extent;
using ct::slice;
using ct::Variable;
using ct::Variables;

namespace {

std::size_t passes_in(std::string_view text)
{
    constexpr std::string_view comment = "some at a time in blocks of rows";
    std::size_t n = 0;
    for (std::size_t at = text.find(comment); at != text.npos; at = text.find(comment, at + 1))
        ++n;
    return n;
}

/// `passes`: loops whose steps are taken together.
void check(const Variables& inputs,
           const Variables& outputs,
           const std::vector<Array>& at,
           std::size_t passes)
{
    const std::vector<ct::Any> arguments(at.begin(), at.end());
    const ct::Inputs named(inputs);
    const ct::Options plain{.reference = true, .allow_unused_inputs = true};
    const ct::Results expected = ct::function(named, outputs, plain).call(arguments);
    std::vector<Array> first;
    for (const int threads : {1, 2, 3}) {
        const ct::Options options{.threads = threads, .allow_unused_inputs = true};
        const auto f = ct::function(named, outputs, options);
        CHECK(passes_in(f.source()) == passes);
        const ct::Results got = f.call(arguments);
        for (std::size_t k = 0; k < outputs.size(); ++k) {
            INFO("output " << k << " on " << threads << " threads");
            CHECK(croton::test::first_difference(got[k], expected[k], {1e4, 1e-12}) == "");
            if (threads == 1)
                first.push_back(got[k]);
            else
                CHECK(croton::test::first_difference(got[k], first[k], {}) == "");
        }
    }
}

/// The heat equation with a border that stays.
Variable heat(const Variable& field, const Extent& steps)
{
    const auto inside = slice(1, -1), before = slice(_, -2), behind = slice(2, _);
    return ct::scan(
               [&](const Variable& f) {
                   const Variable around = f(before, inside) + f(behind, inside) +
                                           f(inside, before) + f(inside, behind);
                   return f + ct::pad(0.2 * (around - 4.0 * f(inside, inside)), {1, 1}, {1, 1});
               },
               {.init = {field}, .steps = steps})
        .last[0];
}

} // namespace

TEST_CASE("steps in blocks of rows: a field and its gradient by the first one")
{
    const auto field = ct::input("field", DType::f64, {300, 170});
    const Variable last = heat(field, 21), value = ct::mean(square(last));
    const Array at = Array::normal(3, {300, 170}, DType::f64);
    check({field}, {value, last, ct::grad(value, field)}, {at}, 2);
}

TEST_CASE("steps in blocks of rows: any number of rows and of steps")
{
    const auto n = ct::dim("n"), m = ct::dim("m");
    const auto field = ct::input("field", DType::f64, {n, m});
    const auto count = ct::input("count", DType::f64, {ct::dim("steps")});
    const Variable last = heat(field, count.shape()[0]);
    const ct::Inputs inputs(Variables{field, count});
    const auto f = ct::function(inputs, {last}, {.threads = 1, .allow_unused_inputs = true});
    const auto g = ct::function(inputs, {last}, {.threads = 3, .allow_unused_inputs = true});
    const auto plain =
        ct::function(inputs, {last}, {.reference = true, .allow_unused_inputs = true});
    CHECK(passes_in(f.source()) == 1);
    for (const std::int64_t rows : {2, 3, 17, 400})
        for (const std::int64_t columns : {2, 3, 90})
            for (const std::int64_t steps : {0, 1, 2, 16, 33}) {
                INFO(rows << " x " << columns << ", " << steps << " steps");
                const Array at = Array::normal(5, {rows, columns}, DType::f64);
                const Array of = Array::zeros(DType::f64, {steps});
                const Array got = f(at, of)[0];
                CHECK(croton::test::first_difference(got, plain(at, of)[0], {1e4, 1e-12}) == "");
                CHECK(croton::test::first_difference(g(at, of)[0], got, {}) == "");
            }
}

TEST_CASE("steps in blocks of rows: sources in time, forwards and back")
{
    const std::int64_t n = 150000;
    const auto u0 = ct::input("u0", DType::f32, {n});
    const auto k = ct::input("k", DType::f32, {n});
    const auto sources = ct::input("sources", DType::f32, {19});
    const auto far = slice(2, -2);
    for (const bool reverse : {false, true}) {
        const auto run = ct::scan(
            [&](const Variable& source, const Variable& u) {
                const Variable curve = u(slice(4, _)) + u(slice(_, -4)) - 2.0f * u(far);
                return u.set({far}, u(far) + 0.1f * k(far) * curve + source);
            },
            {.sequences = {sources}, .init = {u0}, .reverse = reverse});
        check({u0, k, sources}, {run.last[0], ct::max(run.last[0])},
              {Array::normal(1, {n}), Array::uniform(2, {n}), Array::normal(3, {19})}, 1);
    }
}

TEST_CASE("steps in blocks of rows: two fields that read one another")
{
    const auto e0 = ct::input("e0", DType::f64, {260, 200});
    const auto h0 = ct::input("h0", DType::f64, {260, 200});
    const auto run = ct::scan(
        [&](const Variable& e, const Variable& h) {
            const Variable down = ct::pad(h(slice(1, _)) - h(slice(_, -1)), {1, 0}, {0, 0});
            const Variable right = ct::pad(e(_, slice(1, _)) - e(_, slice(_, -1)), {0, 0}, {0, 1});
            return Variables{e + 0.3 * down, h + 0.3 * right};
        },
        {.init = {e0, h0}, .steps = 34});
    check({e0, h0}, {run.last[0], run.last[1]},
          {Array::normal(1, {260, 200}, DType::f64), Array::normal(2, {260, 200}, DType::f64)}, 1);
}

TEST_CASE("steps in blocks of rows: fields of two steps ago, and fields that change places")
{
    const auto u0 = ct::input("u0", DType::f64, {310, 210});
    const auto u1 = ct::input("u1", DType::f64, {310, 210});
    const auto bend = [](const Variable& u) {
        return ct::pad(u(slice(2, _)) + u(slice(_, -2)) - 2.0 * u(slice(1, -1)), {1, 0}, {1, 0});
    };
    const auto wave = ct::scan(
        [&](const Variable& u, const Variable& before, const Variable& two_before) {
            return Variables{2.0 * u - before + 0.1 * bend(u) - 0.01 * bend(two_before), u, before};
        },
        {.init = {u1, u0, 0.5 * u0}, .steps = 23});
    const auto swapped =
        ct::scan([&](const Variable& a, const Variable& b,
                     const Variable& sum) { return Variables{b, a, 0.5 * sum + bend(a)}; },
                 {.init = {u0, u1, u0}, .steps = 19});
    const Array at0 = Array::normal(1, {310, 210}, DType::f64);
    const Array at1 = Array::normal(2, {310, 210}, DType::f64);
    Variables all = wave.last;
    all.insert(all.end(), swapped.last.begin(), swapped.last.end());
    check({u0, u1}, all, {at0, at1}, 2);
}

TEST_CASE("steps in blocks of rows: steps of several kernels, by what they store between them")
{
    const auto u0 = ct::input("u0", DType::f64, {1200, 40});
    const auto w = ct::input("w", DType::f64, {1200, 40});
    const auto around = [](const Variable& x, int far) {
        const Variable up = x(slice(2 * far, _)) - x(slice(_, -2 * far));
        return ct::pad(up, {far, 0}, {far, 0});
    };
    const auto run = ct::scan(
        [&](const Variable& a, const Variable& b) {
            const Variable first = sin(a + 0.2 * around(b, 1)),
                           second = exp(0.1 * around(first, 2));
            const Variable third = cos(w * second + around(second, 1));
            return Variables{third - 0.3 * around(third, 1), 0.5 * b + 0.1 * around(second, 1)};
        },
        {.init = {u0, 2 * u0}, .steps = 9});
    check({u0, w}, {run.last[0], run.last[1]},
          {Array::normal(1, {1200, 40}, DType::f64), Array::normal(2, {1200, 40}, DType::f64)}, 1);
}

TEST_CASE("steps in blocks of rows: beside other kernels, constants and workspace")
{
    const auto n = ct::dim("rows"), parts = ct::dim("parts");
    const auto f = ct::input("begin_slope", DType::f64, {n, parts});
    const auto g = ct::input("all_pass_0", DType::f64, {n, 4});
    const auto down = [](const Variable& x, int far) {
        return ct::pad(x(slice(2 * far, _)) - x(slice(_, -2 * far)), {far, 0}, {far, 0});
    };
    const auto step = [&](const Variable& u) { return u + 0.1 * down(u, 1); };
    // The kernel of a step outside of the loop too, where threads share its rows.
    const Variable last = ct::scan(step, {.init = {f}, .steps = 21}).last[0];
    const Variable once = step(ct::cumsum(f, 0));
    const Variable table(Array::normal(9, {4}, DType::f64));
    const Variable with_table =
        ct::scan([&](const Variable& u) { return step(u) + table; }, {.init = {g}, .steps = 5})
            .last[0];
    // Several kernels, whose workspace lies behind other values.
    const Variable z = ct::cumsum(sin(f), 0), y = ct::cumsum(ct::flip(z, 0), 1);
    const auto two = ct::scan(
        [&](const Variable& a, const Variable& b) {
            const Variable u = sin(a + 0.2 * down(b, 1)), w = exp(0.1 * down(u, 2));
            const Variable t = cos(w + down(w, 1));
            return Variables{t - 0.3 * down(t, 1), 0.5 * b + 0.1 * down(w, 1)};
        },
        {.init = {z, y}, .steps = 9});
    check({f, g}, {last, once, with_table, two.last[0] + z, two.last[1] * y},
          {Array::normal(1, {700, 9}, DType::f64), Array::normal(2, {700, 4}, DType::f64)}, 3);
}

TEST_CASE("steps in blocks of rows: a step of more lines than a part of run has")
{
    const auto f = ct::input("f", DType::f64, {ct::dim("n")});
    const auto step = [](const Variable& x) {
        Variable y = x;
        for (int b = 0; b < 70; ++b) {
            for (int i = 0; i < 28; ++i)
                y = y * x * (0.01 + 0.001 * i + 0.1 * b) + (0.02 + 0.0003 * i + 0.1 * b) * x;
            y = sin(y) + 0.1 * ct::pad(y(slice(2, _)) - y(slice(_, -2)), {1}, {1});
        }
        return 0.3 * sin(y);
    };
    const auto made = ct::function({f}, {ct::scan(step, {.init = {f}, .steps = 2}).last[0]},
                                   {.threads = 1, .fast_start = true});
    CHECK(passes_in(made.source()) == 1);
    CHECK(made(Array::zeros(DType::f64, {5}))[0].as_double(3) == 0);
}

TEST_CASE("steps one by one: kernels that go through another axis first, and loops in a step")
{
    const auto n = ct::dim("n"), m = ct::dim("m");
    const auto a = ct::input("a", DType::f64, {n, n, m}), k = ct::input("k", DType::f64, {m, n, n});
    const auto c = ct::input("c", DType::f64, {ct::dim("steps")});
    const auto down = [](const Variable& x) {
        return ct::pad(x(slice(2, _)) - x(slice(_, -2)), {1, 0, 0}, {1, 0, 0});
    };
    const auto run = ct::scan(
        [&](const Variable& s, const Variable& x, const Variable& b) {
            return Variables{0.5 * x + 0.1 * down(b), s * ct::transpose(k) + 1.0};
        },
        {.sequences = {c}, .init = {a, a * 2}});
    check({a, k, c}, {run.last[0], run.last[1]},
          {Array::normal(1, {20, 20, 9}, DType::f64), Array::normal(2, {9, 20, 20}, DType::f64),
           Array::normal(3, {7}, DType::f64)},
          0);
    const auto nested = ct::scan(
        [&](const Variable& u) {
            const Variable v = sin(u);
            const auto inner = ct::scan([&](const Variable& x) { return x + 0.1 * down(x); },
                                        {.init = {v}, .steps = 5});
            return 0.5 * inner.last[0] + down(v);
        },
        {.init = {a}, .steps = 4});
    check({a}, {nested.last[0]}, {Array::normal(1, {20, 20, 9}, DType::f64)}, 1); // the inner one
}

TEST_CASE("steps one by one: rows that are read from afar, and loops that may stop")
{
    const auto u0 = ct::input("u0", DType::f64, {400, 400});
    const Array at = Array::normal(1, {400, 400}, DType::f64);
    const auto last = [&](const auto& step) {
        return ct::scan(step, {.init = {u0}, .steps = 6}).last[0];
    };
    const Variable turned = last([](const Variable& u) { return 0.5 * (u + ct::transpose(u)); });
    const Variable ring = last([](const Variable& u) {
        return 0.5 * (u + ct::concatenate({u(slice(-1, _)), u(slice(_, -1))}, 0));
    });
    const Variable flipped = last([](const Variable& u) { return 0.5 * (u + ct::flip(u, 0)); });
    const Variable mixed =
        last([](const Variable& u) { return u - 0.1 * ct::mean(u, ct::Axis(0), true); });
    const Variable stopped =
        ct::scan(
            [](const Variable& u) {
                const Variable next = ct::pad(u(slice(1, _)), {0, 0}, {1, 0}) * 0.9;
                return ct::Step{.state = {next}, .out = {}, .until = next(0, 0) > 1.0};
            },
            {.init = {u0}, .steps = 6})
            .last[0];
    check({u0}, {turned, ring, flipped, mixed, stopped}, {at}, 0);
}
