// Loops whose states are pointwise along a long axis: each member of it runs through all steps in
// one kernel. Values and derivatives against the references.
#include <croton/croton.hpp>

#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/compare.hpp"

namespace ct = croton;
using ct::Array;
using ct::DType;
using ct::Variable;
using ct::Variables;

namespace {

std::size_t count_of(std::string_view text, std::string_view part)
{
    std::size_t n = 0;
    for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1))
        ++n;
    return n;
}

/// The same results on any number of threads, which are the references'. `kernels`: loops that are
/// kernels by themselves.
void check(const Variables& inputs,
           const Variables& outputs,
           const std::vector<Array>& at,
           std::size_t kernels,
           double near = 1e-12)
{
    const std::vector<ct::Any> arguments(at.begin(), at.end());
    const ct::Inputs named(inputs);
    const ct::Options plain{.reference = true, .allow_unused_inputs = true};
    const ct::Results expected = ct::function(named, outputs, plain).call(arguments);
    std::vector<Array> first;
    for (const int threads : {1, 2, 7}) {
        const ct::Options options{.threads = threads, .allow_unused_inputs = true};
        const auto f = ct::function(named, outputs, options);
        const std::size_t loops = count_of(f.source(), "CT_KERNEL void steps_") +
                                  count_of(f.source(), "CT_KERNEL void\nsteps_");
        CHECK(loops == kernels);
        const ct::Results got = f.call(arguments);
        for (std::size_t k = 0; k < outputs.size(); ++k) {
            INFO("output " << k << " on " << threads << " threads");
            CHECK(croton::test::first_difference(got[k], expected[k], {1e4, near}) == "");
            if (threads == 1)
                first.push_back(got[k]);
            else
                CHECK(croton::test::first_difference(got[k], first[k], {}) == "");
        }
    }
}

/// Pendulums of their own lengths, by Euler's method.
Variables pendulums(const Variable& angle, const Variable& velocity, const Variable& length)
{
    return ct::scan(
               [&](const Variable& a, const Variable& v) {
                   return Variables{a + 0.01 * v, v - 0.0981 / length * sin(a)};
               },
               {.init = {angle, velocity}, .steps = 40})
        .last;
}

} // namespace

TEST_CASE("members of a loop: as many as fill strips, fewer and more, and none")
{
    const ct::Extent n = ct::dim("n");
    const auto a = ct::vector<double>("a", {n}), v = ct::vector<double>("v", {n}),
               length = ct::vector<double>("length", {n});
    const Variables last = pendulums(a, v, length);
    const Variable loss = ct::sum(square(last[0]) + last[1]);
    const Variables g = ct::grad(loss, Variables{a, v, length});
    for (const std::int64_t count : {0, 1, 15, 16, 17, 40, 1000})
        check({a, v, length},
              {last[0], last[1], g[0], g[1], g[2], ct::jvp(loss, {length}, {length}),
               ct::hvp(loss, a, v)},
              {Array::normal(1, {count}, DType::f64), Array::normal(2, {count}, DType::f64),
               Array::uniform(3, {count}, DType::f64, 0.5, 2)},
              1); // both tangents beside the loop, and the reverse of both behind it
}

TEST_CASE("members of a loop: known extents, several axes, few numbers beside them")
{
    for (const std::int64_t n : {17, 32, 45}) {
        const auto x = ct::input("x", DType::f32, {n, 3});
        const auto r = ct::scan([](const Variable& s) { return s * (1.0 - s) * 3.5; },
                                {.init = {x}, .steps = 9});
        check({x}, {r.last[0], r.history[0]}, {Array::uniform(1, {n, 3}, DType::f32)}, 1);
    }
    const auto m = ct::dim("m"), n = ct::dim("n");
    const auto x = ct::tensor<double>("x", {m, 2, n}), w = ct::vector<double>("w", {n});
    // Two numbers of each member take each other's places.
    const auto r = ct::scan(
        [&](const Variable& s) {
            return ct::Step{{ct::stack({s(ct::_, 1), 0.5 * s(ct::_, 0) + w}, 1)}, {s(ct::_, 1)}};
        },
        {.init = {x}, .steps = 5});
    const Variable loss = ct::sum(square(r.last[0])) + ct::sum(r.out[0] * w);
    const Variables g = ct::grad(loss, Variables{x, w});
    check({x, w}, {r.last[0], r.out[0], g[0], g[1]},
          {Array::normal(1, {5, 2, 37}, DType::f64), Array::normal(2, {37}, DType::f64)}, 1);
}

TEST_CASE("members of a loop: sequences, a number that all share, integers, reversed")
{
    const auto t = ct::dim("t"), n = ct::dim("n");
    const auto xs = ct::matrix<double>("xs", {t, n}), rate = ct::scalar<double>("rate");
    const auto r = ct::scan(
        [&](const Variable& x, const Variable& s, const Variable& k, const Variable& hits) {
            return ct::Step{
                {s * rate + sin(x) * cast(k, DType::f64), k + 1, hits + cast(s > 0.0, DType::i64)},
                {x * s}};
        },
        {.sequences = {xs},
         .init = {ct::zeros(DType::f64, {n}), Variable(std::int64_t{1}),
                  ct::zeros(DType::i64, {n})},
         .reverse = true});
    const Variable loss = ct::sum(r.last[0]) + ct::sum(square(r.out[0]));
    const Variables g = ct::grad(loss, Variables{xs, rate});
    // The number that all share runs first, in a loop of its own.
    for (const std::int64_t steps : {0, 1, 7})
        check({xs, rate}, {r.last[0], r.last[2], r.out[0], g[0], g[1]},
              {Array::normal(1, {steps, 50}, DType::f64), Array::scalar(0.9)}, 2);
}

TEST_CASE("members of a loop: states of few numbers that need no member run first")
{
    const auto x = ct::vector<double>("x", {ct::dim("n")}), rate = ct::scalar<double>("rate");
    const auto us = ct::vector<double>("us", {20});
    for (const bool reverse : {false, true}) {
        const auto r = ct::scan(
            [&](const Variable& u, const Variable& s, const Variable& k, const Variable& discount) {
                const Variable next = discount * rate + u;
                return ct::Step{
                    {0.5 * s * discount + 0.01 * sin(s) * cast(k, DType::f64), k + 1, next},
                    {s * next, next + u, s(0)}};
            },
            {.sequences = {us},
             .init = {x, Variable(std::int64_t{1}), Variable(1.0)},
             .reverse = reverse});
        const Variable loss = ct::sum(square(r.last[0])) + ct::sum(r.out[0]) + r.last[2];
        const Variables g = ct::grad(loss, Variables{x, rate, us});
        const std::vector<Array> at{Array::normal(1, {40}, DType::f64), Array::scalar(0.9),
                                    Array::uniform(2, {20}, DType::f64, -0.1, 0.1)};
        check({x, rate, us}, {r.last[0], r.last[1], r.last[2], r.out[0], r.history[2], r.out[1]},
              at, 2);
        check({x, rate, us}, {r.last[0], r.out[2]}, at, 0); // an element of members that is kept
        check({x, rate, us}, {loss, g[0]}, at, 2);
        check({x, rate, us}, {loss, g[0], g[1], g[2], ct::hvp(loss, x, x)}, at, 3, 1e-9);
    }
}

TEST_CASE("members of a loop: those that read one another are no kernel of steps")
{
    const auto x = ct::vector<double>("x", {ct::dim("n")});
    const std::vector<Array> at{Array::normal(1, {40}, DType::f64)};
    const auto by = [&](Variable (*step)(const Variable&)) {
        return ct::scan([=](const Variable& s) { return step(s); }, {.init = {x}, .steps = 3})
            .last[0];
    };
    check({x}, {by([](const Variable& s) { return s + 0.5 * ct::flip(s, 0); })}, at, 0);
    check({x}, {by([](const Variable& s) { return s - ct::mean(s); })}, at, 0);
    check({x}, {by([](const Variable& s) { return s * 0.5 + s(0); })}, at, 0);
    check({x}, {by([](const Variable& s) { return s * 0.5 + 1.0; })}, at, 1);
}

TEST_CASE("members of a loop: its reverse follows in the same strip, which keeps what that reads")
{
    const auto n = ct::dim("n"), t = ct::dim("t");
    const auto x = ct::vector<double>("x", {n}), rate = ct::scalar<double>("rate");
    const auto gradient = [&](const Variable& steps) {
        const auto r = ct::scan([&](const Variable& s) { return sin(s * rate) + s * 0.1; },
                                {.init = {x}, .steps = steps});
        // A map over the members stands between the two.
        const Variable dear = exp(-square(r.last[0]));
        return ct::grad(ct::sum(dear) + ct::sum(dear * dear * r.last[0]), Variables{x, rate});
    };
    const std::vector<Array> at{Array::normal(1, {70}, DType::f64), Array::scalar(1.3)};
    const Variables few = gradient(Variable(30));
    check({x, rate}, few, at, 1);
    const auto bytes = [&](const Variables& g) {
        return ct::function({x, rate}, {g[0], g[1]}, {}).workspace_bytes({{"n", 100000}});
    };
    // Numbers of each member, and none of each step.
    CHECK(bytes(few) < std::size_t{100000} * 8 * 4);
    // More steps than a strip has room for: their values lie in memory.
    const Variables many = gradient(Variable(3000));
    check({x, rate}, many, {Array::normal(1, {18}, DType::f64), Array::scalar(0.9)}, 1, 1e-6);
    CHECK(bytes(many) > std::size_t{100000} * 8 * 3000);
    // As are those of a number of steps that the call gives.
    const auto xs = ct::matrix<double>("xs", {t, n});
    const auto r = ct::scan([&](const Variable& v, const Variable& s) { return sin(s * rate) * v; },
                            {.sequences = {xs}, .init = {x}});
    const Variables g = ct::grad(ct::sum(r.last[0]), Variables{x, rate, xs});
    for (const std::int64_t steps : {0, 1, 9})
        check({x, rate, xs}, g, {at[0], at[1], Array::normal(2, {steps, 70}, DType::f64)}, 1);
}

TEST_CASE("members of a loop: rows of a member's values lie side by side, and are copied first")
{
    const auto n = ct::dim("n");
    const auto rate = ct::scalar<double>("rate");
    for (const std::int64_t steps : {1, 20}) {
        const auto z = ct::tensor<double>("z", {n, 2, steps}),
                   w = ct::matrix<double>("w", {n, steps});
        const auto r = ct::scan(
            [&](const Variable& x, const Variable& y, const Variable& s) {
                return ct::Step{{tanh(s * rate + x(ct::_, 0) - x(ct::_, 1)) * y},
                                {s * x(ct::_, 1)}};
            },
            {.sequences = {ct::transpose(z, {2, 0, 1}), ct::transpose(w)},
             .init = {ct::ones(DType::f64, {n})}});
        const Variable loss = ct::sum(r.last[0]) + ct::sum(square(r.out[0]));
        const Variables g = ct::grad(loss, Variables{z, w, rate});
        for (const std::int64_t count : {1, 16, 35})
            check({z, w, rate}, {r.last[0], r.out[0], g[0], g[1], g[2]},
                  {Array::normal(1, {count, 2, steps}, DType::f64),
                   Array::normal(2, {count, steps}, DType::f64), Array::scalar(0.8)},
                  steps == 1 ? 0 : 1); // of one step there is no loop
    }
}

TEST_CASE("members of a loop: what reads other members' results follows in a kernel of its own")
{
    const auto x = ct::vector<double>("x", {ct::dim("n")});
    const auto loop = [](const Variable& start) {
        return ct::scan([](const Variable& s) { return s * (1.0 - s); },
                        {.init = {start}, .steps = 5})
            .last[0];
    };
    const std::vector<Array> at{Array::uniform(1, {40}, DType::f64)};
    check({x}, {loop(loop(x))}, at, 1);
    check({x}, {loop(ct::flip(loop(x), 0))}, at, 2);
    check({x}, {loop(loop(x) / ct::sum(loop(x)))}, at, 2);
}

TEST_CASE("members of a loop: sequences and constants that are found by indices, padded, shared")
{
    const auto n = ct::dim("n"), m = ct::dim("m");
    const auto x = ct::vector<double>("x", {n}), table = ct::matrix<double>("table", {6, m});
    const auto i = ct::vector<std::int64_t>("i", {n});
    const std::vector<Array> at{Array::normal(1, {40}, DType::f64),
                                Array::normal(2, {6, 9}, DType::f64),
                                Array::uniform(4, {40}, DType::f64, 0, 9).cast(DType::i64)};
    const Variable of_members = ct::take(table, i, 1);
    const auto loop = [&](const Variable& xs, const Variable& c) {
        return ct::scan([&](const Variable& v, const Variable& s) { return sin(s) * v + c; },
                        {.sequences = {xs}, .init = {x}})
            .last[0];
    };
    check({x, table, i}, {loop(of_members, Variable(0.5))}, at, 1);
    check({x, table, i}, {loop(ct::exp(of_members), of_members(2))}, at, 1);
    // Of a sequence that is no member's: one element for all.
    const auto other = [&](const Variable& v, const Variable& s) { return sin(s) * v(3) + s; };
    const auto all = ct::scan(other, {.sequences = {ct::exp(table)}, .init = {x}});
    const Variable loss = ct::sum(all.last[0]);
    check({x, table, i}, {all.last[0], ct::grad(loss, x), ct::grad(loss, table)}, at, 2);
    // Members behind the array's end get 0.
    const auto rows = ct::matrix<double>("rows", {n, 6});
    const auto wide = ct::pad(rows, {0, 0}, {7, 0});
    const auto padded =
        ct::scan([](const Variable& v, const Variable& s) { return s * 0.5 + v; },
                 {.sequences = {ct::transpose(wide)}, .init = {ct::zeros(DType::f64, {n + 7})}});
    check({rows}, {padded.last[0]}, {Array::normal(3, {40, 6}, DType::f64)}, 1);
}

TEST_CASE("members of a loop: rows that a strip copies are not written over before")
{
    const auto a = ct::matrix<double>("a", {40, 5}), b = ct::matrix<double>("b", {5, 20});
    const auto run = ct::scan(
        [](const Variable& z, const Variable& s) { return s * 0.5 + z; },
        {.sequences = {ct::transpose(ct::dot(a, b))}, .init = {ct::zeros(DType::f64, {40})}});
    const std::vector<Array> at{Array::normal(1, {40, 5}, DType::f64),
                                Array::normal(2, {5, 20}, DType::f64)};
    check({a, b}, {run.history[0]}, at, 1);
    check({a, b}, {ct::sum(run.history[0])}, at, 1);
}

TEST_CASE("members of a loop: long loops of few members, and results beyond the caches, on threads")
{
    const auto x = ct::vector<double>("x", {ct::dim("n")});
    const auto run = ct::scan([](const Variable& s) { return s * (1.0 - s) * 3.5; },
                              {.init = {x}, .steps = 20000});
    check({x}, {run.last[0]}, {Array::uniform(1, {50}, DType::f64)}, 1);
    const auto few =
        ct::scan([](const Variable& s) { return s * 0.5 + 1.0; }, {.init = {x}, .steps = 4});
    const auto f = ct::function({x}, few.history[0], {.threads = 2});
    const Array start = Array::uniform(2, {1300001}, DType::f64);
    const Array all = f(start)[0];
    bool equal = true;
    for (std::int64_t i = 0; i < start.size(); ++i) {
        double s = start.as_double(i);
        for (std::int64_t t = 0; t < 4; ++t) {
            s = s * 0.5 + 1.0;
            equal &= all.as_double(t * start.size() + i) == s;
        }
    }
    CHECK(equal);
}

TEST_CASE("members of a loop: what is reduced of all of them is reduced in its kernel")
{
    const auto n = ct::dim("n"), m = ct::dim("m");
    const auto x = ct::vector<double>("x", {n}), rate = ct::scalar<double>("rate");
    const auto loop = [&](const Variable& start, const Variable& r) {
        return ct::scan([&](const Variable& s) { return s * (1.0 - s) * r; },
                        {.init = {start}, .steps = 30})
            .last[0];
    };
    const Variable last = loop(x, rate), total = ct::sum(last);
    const Variables outputs{total,
                            ct::prod(last + 0.5),
                            ct::max(last),
                            ct::min(-last),
                            ct::any(last > 0.8),
                            ct::all(last < 2.0),
                            ct::sum(cast(last * 100.0, DType::i32)),
                            ct::sum(cast(last, DType::f32)),
                            ct::grad(total, rate)};
    const auto at = [](std::int64_t count) {
        return std::vector<Array>{Array::uniform(1, {count}, DType::f64), Array::scalar(3.5)};
    };
    for (const std::int64_t count : {1, 15, 16, 255, 256, 257, 1000}) {
        INFO(count << " members");
        check({x, rate}, outputs, at(count), 1, 1e-9);
    }
    check({x, rate}, {total, ct::grad(total, rate)}, at(0), 1);
    // Nothing is stored of each member.
    const auto f = ct::function({x, rate}, {total, ct::grad(total, rate)}, {});
    CHECK(f.workspace_bytes({{"n", 1000000}}) < std::size_t{200000});
    // Extents that are known: whole blocks, whole strips, and neither.
    for (const std::int64_t count : {512, 400, 300, 18}) {
        const auto y = ct::input("y", DType::f64, {count});
        const auto z = ct::input("z", DType::f32, {count});
        const Variable sum = ct::sum(loop(y, Variable(3.2)));
        const Variable of_f32 = ct::mean(loop(z, Variable(3.2)));
        check({y}, {sum, ct::grad(sum, y)}, {Array::uniform(1, {count}, DType::f64)}, 1);
        check({z}, {of_f32, ct::max(loop(z, Variable(3.2)))},
              {Array::uniform(1, {count}, DType::f32)}, 1, 1e-5);
    }
    // Two axes, of which one is left over, as its rows are not all members.
    const auto grid = ct::matrix<double>("grid", {m, n});
    const Variable of_grid = loop(grid, rate);
    for (const std::int64_t rows : {0, 1, 2, 70})
        check({grid, rate},
              {ct::sum(of_grid), ct::grad(ct::sum(of_grid), rate), ct::sum(of_grid, 1)},
              {Array::uniform(1, {rows, 37}, DType::f64), Array::scalar(3.5)}, 1);
    const auto known = ct::input("known", DType::f64, {300, 20});
    check({known}, {ct::sum(loop(known, Variable(3.1)))},
          {Array::uniform(1, {300, 20}, DType::f64)}, 1);
    // What follows from a sum, and sums of that, come after it.
    const Variable centred = last - total / 2.0;
    check({x, rate}, {total, ct::sum(square(centred)), centred}, at(300), 1, 1e-9);
}

TEST_CASE("members of a loop: the gradient of a mean over as many as the call gives")
{
    const auto n = ct::dim("n");
    const auto x = ct::vector<double>("x", {n}), rate = ct::scalar<double>("rate");
    const auto run =
        ct::scan([&](const Variable& s) { return sin(s) * rate; }, {.init = {x}, .steps = 30});
    const Variable price = exp(-rate) * ct::mean(maximum(run.last[0], 0.1));
    const Variables outputs{price, ct::grad(price, rate), ct::grad(price, x)};
    for (const std::int64_t count : {1, 40, 700})
        check({x, rate}, outputs, {Array::uniform(1, {count}, DType::f64), Array::scalar(1.3)}, 1,
              1e-9);
    // 1 / n, where the gradient begins, is there before the loop, so that no step is stored.
    const auto f = ct::function({x, rate}, outputs);
    CHECK(f.workspace_bytes({{"n", 1000000}}) < std::size_t{200000});
}
