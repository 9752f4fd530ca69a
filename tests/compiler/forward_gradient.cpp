// Gradients of long loops on few numbers by few parameters: forward mode, with nothing stored. The
// same numbers as reverse mode's, and the same refusals.
#include <croton/croton.hpp>

#include <cmath>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/compare.hpp"
#include "support/text.hpp"

namespace ct = croton;
using croton::test::Approx;
using ct::Array;
using ct::DType;
using ct::Extent;
using ct::Variable;
using ct::Variables;

namespace {

/// The end of a pendulum's swing, by Euler's method.
Variable swing(const Variable& state, const Variable& length, ct::ScanArgs args)
{
    args.init = {state};
    return ct::scan(
               [&](const Variable& s) {
                   return ct::stack({s(0) + 0.01 * s(1), s(1) - 0.0981 / length * sin(s(0))});
               },
               args)
        .last[0](0);
}

std::size_t loops_in(const ct::Function& f)
{
    return croton::test::count(f.source(), "\nCT_KERNEL void steps_");
}

} // namespace

TEST_CASE("forward gradient: of few elements through a long loop, without memory")
{
    const auto state = ct::vector<double>("state", {2});
    const auto length = ct::scalar<double>("length");
    const std::vector<ct::Any> at{Array::normal(3, {2}, DType::f64), 1.3};
    const auto run = [&](ct::ScanArgs args, bool forward) {
        const Variable angle = swing(state, length, args);
        const Variables xs{state, length};
        const Variables bars = ct::grad(angle, xs), others = ct::vjp({angle}, xs, {Variable(1.0)});
        const auto f = ct::function({state, length}, {angle, bars[0], bars[1]});
        INFO(f.source());
        CHECK((f.workspace_bytes() < 1000) == forward);
        CHECK((loops_in(f) == 1) == forward);
        const ct::Results a = f.call(at);
        const ct::Results b = ct::function({state, length}, others).call(at);
        for (std::size_t k = 0; k < 2; ++k)
            CHECK(croton::test::first_difference(a[k + 1], b[k], {1e4, 1e-12}) == "");
    };
    run({.steps = 500}, true);
    run({.steps = 500, .reverse = true}, true);
    run({.steps = 500, .checkpoint = 20}, false); // asked for: reverse mode
}

TEST_CASE("forward gradient: symbolic steps, none, and second derivatives")
{
    const Extent n = ct::dim("n");
    const auto times = ct::vector<double>("times", {n}), x = ct::vector<double>("x", {2});
    const auto run = ct::scan(
        [&](const Variable& t, const Variable& s) { return s + 0.1 * sin(x(0) * s + x(1) * t); },
        {.sequences = {times}, .init = {x(0)}});
    const Variable y = square(run.last[0]);
    const Variable bar = ct::grad(y, x);
    const Variable second = ct::grad(ct::sum(bar * bar), x);
    const Variable other = ct::vjp({y}, {x}, {Variable(1.0)})[0];
    const Variable other_second = ct::vjp({ct::sum(other * other)}, {x}, {Variable(1.0)})[0];
    const auto f = ct::function({times, x}, {bar, other, second, other_second});
    for (const std::int64_t length : {0, 1, 7, 200}) {
        const ct::Results r =
            f(Array::normal(5, {length}, DType::f64), Array::normal(6, {2}, DType::f64));
        INFO(length << " steps");
        CHECK(croton::test::first_difference(r[0], r[1], {1e4, 1e-12}) == "");
        CHECK(croton::test::first_difference(r[2], r[3], {1e5, 1e-11}) == "");
    }
}

TEST_CASE("forward gradient: an x that y does not need, in both modes alike")
{
    const auto state = ct::vector<double>("state", {2});
    const auto length = ct::scalar<double>("length"), other = ct::scalar<double>("other");
    const Variable angle = swing(state, length, {.steps = 100});
    CHECK_THROWS_WITH(ct::grad(angle, Variables{length, other}),
                      Catch::Contains("does not depend on 'other'"));
    const Variables bars = ct::grad(angle, Variables{length, other}, {.disconnected_zero = true});
    const auto f = ct::function({state, length}, bars);
    const ct::Results r = f(Array::normal(3, {2}, DType::f64), 1.3);
    CHECK(r[0].item<double>() != 0.0);
    CHECK(r[1].item<double>() == 0.0);
}

TEST_CASE("forward gradient: not where rules of its own or many elements are in the way")
{
    const auto five = ct::vector<double>("five", {5});
    const auto step = [&](const Variable& s) { return s + 0.01 * sin(s * five); };
    const Variable many = ct::scan(step, {.init = {five}, .steps = 300}).last[0](0);
    CHECK(ct::function({five}, {ct::grad(many, five)}).workspace_bytes() > 1000);
    // What clips gradients clips those of reverse mode.
    const auto x = ct::scalar<double>("x");
    const Variable clipped = ct::clip_gradient(x, -0.1, 0.1);
    const auto small = [&](const Variable& s) { return s + 0.01 * sin(s * clipped); };
    const Variable y = ct::scan(small, {.init = {clipped}, .steps = 300}).last[0];
    CHECK(ct::function({x}, {ct::grad(y, x)})(0.7)[0].item<double>() == Approx(0.1));
}

TEST_CASE("forward gradient: of each x's own type, whatever the loop computes in")
{
    const auto x = ct::scalar<float>("x");
    const auto none = ct::input("none", DType::f64, {0, 3});
    const auto y_of = [&](std::int64_t steps) {
        return ct::scan([&](const Variable& s) { return 0.99 * s + 0.1 * sin(s * x); },
                        {.init = {ct::cast(x, DType::f64)}, .steps = steps})
            .last[0];
    };
    for (const std::int64_t steps : {31, 32}) {
        const Variables bars =
            ct::grad(y_of(steps), Variables{x, none}, {.disconnected_zero = true});
        CHECK(bars[0].type() == x.type());
        CHECK(bars[1].type() == none.type());
    }
}

TEST_CASE("forward gradient: no infinite slope where reverse mode lets nothing through")
{
    // From rest with a drag that grows with the speed, whose slope at 0 is infinite.
    const auto force = ct::vector<double>("force", {2});
    const auto fall =
        ct::scan([&](const Variable& v) { return v + 0.01 * (force - v * sqrt(ct::sum(v * v))); },
                 {.init = {ct::zeros(DType::f64, {2})}, .steps = 100});
    const auto drag = ct::scan(
        [&](const Variable& a, const Variable& b) {
            const Variable speed = sqrt(square(a) + square(b));
            return Variables{a + 0.01 * (force(0) - a * speed), b + 0.01 * (force(1) - b * speed)};
        },
        {.init = {ct::zeros(DType::f64, {}), ct::zeros(DType::f64, {})}, .steps = 100});
    // A ladder of resistors, which begins as a short circuit.
    const auto ladder = ct::scan(
        [&](const Variable& r) {
            return square(force(0)) + 1.0 / (1.0 / square(force(1)) + 1.0 / r);
        },
        {.init = {ct::zeros(DType::f64, {})}, .steps = 100});
    for (const Variable& y : {fall.last[0](0), drag.last[0], ladder.last[0]}) {
        const Array at = Array::normal(11, {2}, DType::f64);
        const ct::Results got = ct::function({force}, {ct::grad(y, force)})(at);
        const ct::Results wanted =
            ct::function({force}, ct::vjp({y}, {force}, {Variable(1.0)}))(at);
        CHECK(std::isfinite(got[0].as_double(0)));
        CHECK(croton::test::first_difference(got[0], wanted[0], {1e4, 1e-12}) == "");
    }
}
