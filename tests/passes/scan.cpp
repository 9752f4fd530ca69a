#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/reference.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/passes/grad.hpp>

#include <cmath>

#include "support/catch.hpp"
#include "support/finite_difference.hpp"

using namespace croton;
using namespace croton::test;

namespace {

std::vector<double>
values_of(const Variables& inputs, const std::vector<Array>& values, const Variable& y)
{
    const Array a = evaluate_reference(inputs, values, std::span(&y, 1))[0];
    std::vector<double> all;
    for (std::int64_t i = 0; i < a.size(); ++i)
        all.push_back(a.as_double(i));
    return all;
}

Array row(std::vector<double> v)
{
    Array a = Array::empty(DType::f64, {static_cast<std::int64_t>(v.size())});
    std::copy(v.begin(), v.end(), static_cast<double*>(a.data()));
    return a;
}

using List = std::vector<double>;

} // namespace

TEST_CASE("scan: states, history and outs of a running product")
{
    const Variable xs = vector<double>("xs", {dim("t")});
    const auto run =
        scan([](const Variable& x, const Variable& p) { return Step{{p * x}, {x + p}}; },
             {.sequences = {xs}, .init = {1.0}});
    const std::vector<Array> at{row({2, 3, 4})};
    CHECK(values_of({xs}, at, run.last[0]) == List{24});
    CHECK(values_of({xs}, at, run.history[0]) == List{2, 6, 24});
    CHECK(values_of({xs}, at, run.out[0]) == List{3, 5, 10});
    CHECK(values_of({xs}, at, run.count) == List{3});
    const auto back = scan([](const Variable& x, const Variable& p) { return p * x; },
                           {.sequences = {xs}, .init = {1.0}, .reverse = true});
    CHECK(values_of({xs}, at, back.history[0]) == List{24, 12, 4});
    CHECK(values_of({xs}, at, back.last[0]) == List{24});
    const std::vector<Array> none{row({})};
    CHECK(values_of({xs}, none, run.last[0]) == List{1});
    CHECK(values_of({xs}, none, run.history[0]).empty());
}

TEST_CASE("scan: steps, no sequences, symbols inside the body, captured Variables")
{
    const auto n = dim("n");
    const Variable w = vector<double>("w", {n});
    const Variable twice = w * 2.0;
    const auto run = scan([&](const Variable& h) { return h + twice + Variable(n); },
                          {.init = {Array::zeros<double>({3})}, .steps = 4});
    CHECK(run.last[0].dtype() == DType::f64);
    CHECK(values_of({w}, {row({1, 2, 3})}, run.last[0]) == List{20, 28, 36});
    const auto& p = run.last[0].owner().params_as<ScanParams>();
    CHECK(p.body.inputs().size() == 2);
    CHECK(same(run.last[0].owner().input(1), twice));
    const auto counted = scan([](const Variable& i) { return i + 1; }, {.init = {0}, .steps = n});
    CHECK(counted.last[0].dtype() == DType::i64);
    const Variable both = sum(counted.last[0].as(DType::f64) * w);
    CHECK(values_of({w}, {row({1, 2, 3})}, both) == List{18});
}

TEST_CASE("scan: what a step computes of nothing that changes is computed once, before the steps")
{
    const auto n = dim("n");
    const Variable w = matrix<double>("w", {n, n}), b = vector<double>("b", {n});
    const Variable xs = matrix<double>("xs", {dim("t"), n});
    const auto run = scan(
        [&](const Variable& x, const Variable& h) {
            const Variable scale = exp(b) + 1.0; // as long as b
            return tanh(dot(dot(w, w), h) * scale + x * b(newaxis, _)(0));
        },
        {.sequences = {xs}, .init = {b}});
    const Region& body = run.last[0].owner().params_as<ScanParams>().body;
    std::vector<std::string> ops;
    for (const Apply& a : applies_of(body.outputs()))
        ops.emplace_back(a.op().name);
    CHECK(std::ranges::count(ops, "contract") + std::ranges::count(ops, "matmul") == 1);
    CHECK(std::ranges::count(ops, "exp") == 0);
    CHECK(std::ranges::count(ops, "tanh") == 1);
    // Nothing changes: all of it is computed once.
    const auto constant = scan([&](const Variable&) { return exp(b); }, {.init = {b}, .steps = 3});
    CHECK(applies_of(constant.last[0].owner().params_as<ScanParams>().body.outputs()).empty());
    // The elements of a broadcast are made at each step.
    const auto outer =
        scan([&](const Variable& h) { return h + expand_dims(b, 0) * expand_dims(b, 1); },
             {.init = {Variable(w)}, .steps = 3});
    for (const Variable& in : outer.last[0].owner().inputs())
        CHECK((same(in, w) || in.rank() == 1));
    const std::vector<Array> at{
        Array::copy(View<const double, 2>(std::array{1., .5, -.5, .25}.data(), {2, 2})),
        row({.5, -1}), Array::copy(View<const double, 2>(std::array{.1, .2}.data(), {1, 2}))};
    const double s0 = std::exp(.5) + 1, s1 = std::exp(-1) + 1;
    // w w = (0.75 0.625; -0.625 -0.1875)
    const List wanted{std::tanh((.75 * .5 - .625) * s0 + .1 * .5),
                      std::tanh((-.625 * .5 + .1875) * s1 - .2)};
    const List got = values_of({w, b, xs}, at, run.last[0]);
    for (std::size_t i = 0; i < 2; ++i)
        CHECK(got[i] == Approx(wanted[i]));
}

TEST_CASE("scan: a weak start takes the step's dtype and shape")
{
    const Variable xs = matrix<float>("xs", {5, 2});
    const auto run = scan([](const Variable& x, const Variable& a) { return a + x; },
                          {.sequences = {xs}, .init = {0.0}});
    CHECK(run.last[0].type() == Type(DType::f32, {2}));
    CHECK(run.history[0].type() == Type(DType::f32, {5, 2}));
    const Variable h = vector<float>("h", {2});
    const auto chosen = scan([](const Variable& a) { return where(a > 0.5, 0.0, 1.0); },
                             {.init = {h}, .steps = 3}); // a choice of literals is weak too
    CHECK(chosen.last[0].type() == h.type());
}

TEST_CASE("scan: what does not fit is refused at the caller's line")
{
    const Variable xs = matrix<double>("xs", {5, 2});
    const Variable ys = vector<double>("ys", {4});
    const Variable h = vector<double>("h", {2});
    const auto add = [](const Variable& x, const Variable& a) { return x + a; };
    CHECK_THROWS_WITH(scan(add, {.init = {h}}),
                      "scan: the step takes 2 parameters, given 0 sequences and 1 state");
    CHECK_THROWS_WITH(scan([](const Variable& a) { return a; }, {.init = {h}}),
                      "scan: without sequences the number of steps is needed: .steps = n");
    CHECK_THROWS_WITH(scan([](const Variable&, const Variable&, const Variable& a) { return a; },
                           {.sequences = {xs, ys}, .init = {h}}),
                      "scan: sequences have different lengths: 5 of 'xs' and 4 of 'ys'");
    CHECK_THROWS_WITH(scan(add, {.sequences = {xs}, .init = {h}, .steps = 6}),
                      "scan: 6 steps for a sequence of length 5: 'xs'");
    CHECK_THROWS_WITH(scan([](const Variable& x, const Variable&) { return Variables{x, x}; },
                           {.sequences = {xs}, .init = {h}}),
                      "scan: the step returns 2 states, 1 were given");
    CHECK_THROWS_WITH(
        scan([](const Variable& x, const Variable& a) { return sum(x * a); },
             {.sequences = {xs}, .init = {h}}),
        contains("scan: state 0 has shape (2) before the step and () after it: the result of sum"));
    CHECK_THROWS_WITH(
        scan([](const Variable& x, const Variable& a) { return (x + a).as(DType::f32); },
             {.sequences = {xs}, .init = {h}}),
        contains("scan: state 0 is f64 before the step and f32 after it: the result of cast"));
    CHECK_THROWS_WITH(scan(add, {.sequences = {xs}, .init = {h}, .steps = sum(h)}),
                      contains("scan: steps must be a whole number or an Extent, fori_loop takes "
                               "computed ones"));
    CHECK_THROWS_WITH(scan(add, {.sequences = {{xs, {-1, 0}}}, .init = {h}}),
                      "scan: the step takes 2 parameters, given 2 taps of 1 sequence and 1 state");
    CHECK_THROWS_WITH(scan(add, {.sequences = {{xs, {-6}}}, .init = {h}}),
                      "scan: taps (-6) need 6 rows of sequence 0, which has 5: 'xs'");
    CHECK_THROWS_WITH(scan(add, {.sequences = {{xs, {}}}, .init = {h}}),
                      "scan: sequence 0 has no taps");
    CHECK_THROWS_WITH(scan(add, {.sequences = {xs}, .init = {{h, {-1, -1}}}}),
                      "scan: state 0 has tap -1 twice: (-1, -1)");
    CHECK_THROWS_WITH(scan(add, {.sequences = {xs}, .init = {{h, {0}}}}),
                      "scan: tap 0 of state 0: only values of steps before are there");
    CHECK_THROWS_WITH(scan(add, {.sequences = {xs}, .init = {{h, {-3}}}}),
                      "scan: state 0 has taps (-3), so its start needs 3 rows, not 2: 'h'");
    CHECK_THROWS_WITH(
        scan([](const Variable& x,
                const Variable& a) { return Step{.state = {a + x}, .until = a > 0}; },
             {.sequences = {xs}, .init = {h}}),
        contains("scan: until is bool (2), not a bool scalar: the result of greater"));
    CHECK_THROWS_WITH(scan(add, {.sequences = {xs}, .init = {h}, .checkpoint = -2}),
                      "scan: checkpoint is -2: a number of steps, or square_root");
    CHECK_THROWS_WITH(scan(add, {.sequences = {xs}, .init = {h}, .unroll = 0}),
                      "scan: unroll is 0, not from 1 to 256");
    const auto stops = [](const Variable& x, const Variable& a) {
        return Step{.state = {a + x}, .until = sum(a) > 0};
    };
    CHECK_THROWS_WITH(scan(stops, {.sequences = {xs}, .init = {h}, .unroll = 2}),
                      "scan: a loop that may stop early is not unrolled");
    CHECK_THROWS_WITH(scan(stops, {.sequences = {xs}, .init = {h}, .checkpoint = binomial(2)}),
                      "scan: binomial checkpoints need a loop that runs all its steps, without "
                      "until: .checkpoint = k (the states of every k-th step) or square_root take "
                      "any loop");
    CHECK_THROWS_WITH(
        scan([](const Variable& a) { return a; },
             {.init = {h}, .steps = Variable(dim("q")), .checkpoint = binomial(2)}),
        "scan: binomial checkpoints need a number of steps that is known before the call, not q: "
        ".checkpoint = k (the states of every k-th step) or square_root take any loop");
    CHECK_THROWS_WITH(binomial(0), "binomial: 0 snapshots, not from 1 to 4096");
    try {
        scan(add, {.init = {h}});
        FAIL("not refused");
    } catch (const UserError& e) {
        CHECK(e.where().line() == __LINE__ - 3);
    }
    const Variable free = vector<double>("free", {dim("m")});
    const auto run = scan(
        add, {.sequences = {matrix<double>("zs", {dim("k"), 2})}, .init = {h}, .steps = dim("j")});
    CHECK(run.last[0].owner().requirements().size() == 1);
}

TEST_CASE("scan: derivatives of a running product, all outputs, both directions")
{
    for (const bool reverse : {false, true})
        for (const std::int64_t steps : {0, 1, 4}) {
            const Variable xs = vector<double>("xs", {dim("t")});
            const Variable p0 = scalar<double>("p0");
            const auto run = scan(
                [](const Variable& x, const Variable& p) { return Step{{p * x}, {sin(p) * x}}; },
                {.sequences = {xs}, .init = {p0}, .reverse = reverse});
            const std::vector<Array> at{sample(1, {steps}), sample(2, {})};
            check_derivatives({xs, p0}, at, run.last[0]);
            check_derivatives({xs, p0}, at, sum(run.history[0] * run.history[0]));
            check_derivatives({xs, p0}, at, sum(exp(run.out[0])));
            check_derivatives({xs, p0}, at,
                              run.last[0] * sum(run.history[0]) + sum(run.out[0] * xs));
        }
}

TEST_CASE("scan: derivatives of a recurrent network agree with central differences")
{
    const Variable xs = matrix<double>("xs", {4, 3});
    const Variable h0 = vector<double>("h0", {2});
    const Variable w = matrix<double>("w", {2, 3});
    const Variable u = matrix<double>("u", {2, 2});
    const Variable b = vector<double>("b", {2});
    const auto step = [&](const Variable& x, const Variable& h) {
        return tanh(sum(w * x, Axis{1}) + sum(u * h, Axis{1}) + b);
    };
    const auto run = scan(step, {.sequences = {xs}, .init = {h0}});
    const Variable loss = sum(square(run.last[0])) + sum(run.history[0]) * 0.1;
    const std::vector<Array> at{sample(1, {4, 3}, -1, 1), sample(2, {2}, -1, 1),
                                sample(3, {2, 3}, -1, 1), sample(4, {2, 2}, -1, 1),
                                sample(5, {2}, -1, 1)};
    check_derivatives({xs, h0, w, u, b}, at, loss);
}

TEST_CASE("scan: derivatives of a pendulum by start and length")
{
    const Variable start = vector<double>("start", {2});
    const Variable length = scalar<double>("length");
    const Variable first = sum(start * Variable(row({1, 0})));
    const Variable second = sum(start * Variable(row({0, 1})));
    const double dt = 0.05;
    const auto run = scan(
        [&](const Variable& angle, const Variable& speed) {
            const Variable faster = speed - dt * 9.81 / length * sin(angle);
            return Variables{angle + dt * faster, faster};
        },
        {.init = {first, second}, .steps = 8});
    check_derivatives({start, length}, {row({0.7, -0.2}), Array::scalar(1.3)}, run.last[0]);
}

TEST_CASE("scan: where inside the body, integer states, loops in loops")
{
    const Variable xs = vector<double>("xs", {3});
    const Variable a = scalar<double>("a");
    const auto safe = scan(
        [&](const Variable& x, const Variable& s, const Variable& i) {
            return Variables{s + where(x > 0, sqrt(x) * a, 0.0) * i.as(DType::f64), i + 1};
        },
        {.sequences = {xs}, .init = {0.0, 1}});
    const std::vector<Array> at{row({4, 0, 9}), Array::scalar(2.0)};
    CHECK(values_of({xs, a}, at, grad(safe.last[0], xs)) == List{0.5, 0, 1});
    CHECK(values_of({xs, a}, at, grad(safe.last[0], a)) == List{11});
    const auto outer = scan(
        [&](const Variable& x, const Variable& s) {
            const auto inner =
                scan([&](const Variable& r) { return r * x + a * s; }, {.init = {s}, .steps = 2});
            return inner.last[0];
        },
        {.sequences = {xs}, .init = {1.0}});
    check_derivatives({xs, a}, {sample(3, {3}), Array::scalar(0.3)}, outer.last[0]);
}

TEST_CASE("scan: what a step or a mask broadcasts is no state of another shape")
{
    const auto x = vector<double>("x", {2});
    const std::vector<Array> at{sample(5, {2})};
    const auto spread = fori_loop(2,
                                  [&](const Variable&, const Variable& h) {
                                      return broadcast_to(tanh(sum(h, 0, true)), h.shape());
                                  },
                                  {x})[0];
    check_derivatives({x}, at, sum(spread * x));
    // Of the where in relu the outer product's gradients carry a mask from step to step.
    const auto c = relu(x);
    const auto run = fori_loop(
        2, [&](const Variable&, const Variable& h) { return tanh(dot(outer(c, x), h)); }, {x})[0];
    check_derivatives({x}, at, sum(run * x));
}

TEST_CASE("scan: a gradient reads only the histories that it needs")
{
    const Variable xs = vector<double>("xs", {5});
    const Variable w = scalar<double>("w");
    const auto linear = scan([&](const Variable& x, const Variable& s) { return s * 0.5 + w * x; },
                             {.sequences = {xs}, .init = {0.0}});
    const Variable bar = grad(linear.last[0], w);
    for (const Apply& apply : applies_of(std::span(&bar, 1)))
        CHECK(apply.op().name != "delay");
}

TEST_CASE("scan: an op without a gradient in the body is named at the caller's line")
{
    const Variable xs = vector<double>("xs", {5});
    const auto run = scan([](const Variable& x, const Variable& s) { return floor(s) + x; },
                          {.sequences = {xs}, .init = {0.0}});
    try {
        grad(run.last[0], xs);
        FAIL("not refused");
    } catch (const UserError& e) {
        CHECK(e.where().line() == __LINE__ - 3);
        CHECK_THAT(std::string(e.message()),
                   contains("grad: floor (scan.cpp:") && contains("has no gradient"));
    }
}

TEST_CASE("scan: tangents go past what has none, as far as nobody needs one of its")
{
    const Variable xs = vector<double>("xs", {3});
    const std::vector<Array> at{row({1.2, 0.7, 2.6})};
    const auto run = scan(
        [](const Variable& x, const Variable& step, const Variable& s, const Variable& top) {
            return Step{{where(step > 1, sqrt(x) * s, s + x * x), maximum(top, floor(s))},
                        {s > 0, floor(s)}};
        },
        {.sequences = {xs, floor(xs)}, .init = {1.0, 0.0}});
    const Variable loss = sum(where(run.out[1] > 1, run.history[0], xs * run.history[0]));
    check_derivatives({xs}, at, loss); // second derivatives push through a loop that carries masks
    const Variable by_top = sum(where(run.history[1] > 1, run.history[0], xs));
    check_derivatives({xs}, at, by_top);
    for (const Variable& needs : {run.history[1], run.out[1]})
        try {
            jvp(sum(needs), {xs}, {xs});
            FAIL("not refused");
        } catch (const UserError& e) {
            CHECK(e.where().line() == __LINE__ - 3);
            CHECK_THAT(std::string(e.message()), contains("floor (scan.cpp:"));
        }
}
