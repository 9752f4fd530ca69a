// Gradients of loops that stop early: rows of steps that did not run are neither written nor read.
#include <croton/croton.hpp>

#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/text.hpp"

namespace ct = croton;
using croton::test::Approx;
using croton::test::count;
using ct::Array;
using ct::DType;
using ct::Variable;
using ct::Variables;

namespace {

Variable step_of(const Variable& s, const Variable& a) { return s + a * sin(s) + 0.1; }

/// The last state of a loop over arrays that stops behind the step whose first element is over
/// `bound`.
ct::ScanResult stopped(const Variable& s0,
                       const Variable& a,
                       const Variable& bound,
                       std::int64_t most,
                       bool reverse = false)
{
    return ct::scan(
        [&](const Variable& s) {
            const Variable next = step_of(s, a);
            return ct::Step{.state = {next}, .until = next(0) > bound};
        },
        {.init = {s0}, .steps = most, .reverse = reverse});
}

/// The same of a number of steps that is known.
Variable plain(const Variable& s0, const Variable& a, std::int64_t steps)
{
    return ct::scan([&](const Variable& s) { return step_of(s, a); },
                    {.init = {s0}, .steps = steps})
        .last[0];
}

Array start() { return Array::uniform(1, {100}, DType::f64, 0.2, 0.5); }

std::int64_t steps_until(double bound, std::int64_t most)
{
    double s = start().as_double(0);
    for (std::int64_t t = 0; t < most; ++t)
        if ((s += 0.3 * std::sin(s) + 0.1) > bound) return t + 1;
    return most;
}

void check_same(const Array& got, const Array& expected, double epsilon)
{
    REQUIRE(got.size() == expected.size());
    for (std::int64_t i = 0; i < got.size(); ++i) {
        INFO("element " << i);
        CHECK(got.as_double(i) == Approx(expected.as_double(i)).epsilon(epsilon).margin(1e-12));
    }
}

const Variable s0 = ct::input("s0", DType::f64, {100});
const Variable a = ct::scalar<double>("a"), bound = ct::scalar<double>("bound");

} // namespace

TEST_CASE("stopped loops: a gradient neither clears nor copies what is collected")
{
    for (const bool reverse : {false, true}) {
        const Variable y = ct::sum(square(stopped(s0, a, bound, 100'000, reverse).last[0]));
        const auto f = ct::function({s0, a, bound}, ct::grad(y, Variables{s0, a}));
        const std::string_view text = f.source();
        INFO(text);
        CHECK(count(text, "zero_bytes((char*)") == 0);
        for (const double at : {0.0, 1.0, 2.0}) {
            const auto n = steps_until(at, 100'000);
            const Variable p = ct::sum(square(plain(s0, a, n)));
            const auto g = ct::function({s0, a}, ct::grad(p, Variables{s0, a}));
            const ct::Results got = f(start(), 0.3, at), expected = g(start(), 0.3);
            check_same(got[0], expected[0], 1e-12);
            check_same(got[1], expected[1], 1e-12);
        }
    }
}

TEST_CASE("stopped loops: a loop of all its steps reads the states before each where they lie")
{
    const auto step = [](const Variable& s) { return 0.1 * s * s + ct::mean(s * s * s); };
    for (const bool reverse : {false, true}) {
        const auto run = ct::scan(step, {.init = {s0}, .steps = 7, .reverse = reverse});
        Variable s = s0;
        for (int t = 0; t < 7; ++t)
            s = step(s);
        const Variable y = ct::sum(square(run.last[0])), z = ct::sum(square(s));
        const auto f = ct::function({s0}, ct::grad(y, s0)), g = ct::function({s0}, ct::grad(z, s0));
        check_same(f(start())[0], g(start())[0], 1e-12);
        INFO(f.source());
        CHECK(count(f.source(), reverse ? " == 6 ? " : " == 0 ? ") == 1);
        // Seven states, and what the loops have of their own.
        CHECK(f.workspace_bytes() < 13 * 832);
    }
}

TEST_CASE("stopped loops: no step, one step, all steps; and a second order")
{
    const auto gradients = [](const Variable& last, Variables more) {
        const Variable first = ct::grad(ct::sum(square(last)), s0);
        more.push_back(first);
        more.push_back(ct::grad(ct::sum(square(first)), s0));
        more.push_back(ct::grad(ct::sum(first), a));
        return more;
    };
    constexpr std::int64_t most = 12;
    const Variables last =
        ct::while_loop([&](const Variable& s) { return s(0) < bound; },
                       [&](const Variable& s) { return step_of(s, a); }, {s0}, most);
    const auto f = ct::function({s0, a, bound}, gradients(last[0], {}));
    const auto u =
        ct::function({s0, a, bound}, gradients(stopped(s0, a, bound, most, true).last[0], {}));
    for (const double at : {-1.0, 0.55, 1.0, 2.0, 100.0}) {
        INFO("bound " << at);
        const double s = start().as_double(0);
        const std::int64_t n = steps_until(at, most);
        const auto p = ct::function({s0, a}, gradients(plain(s0, a, s < at ? n : 0), {}));
        const auto q = ct::function({s0, a}, gradients(plain(s0, a, n), {}));
        const ct::Results w = f(start(), 0.3, at), v = u(start(), 0.3, at);
        const ct::Results of_while = p(start(), 0.3), of_until = q(start(), 0.3);
        for (std::size_t k = 0; k < 3; ++k) {
            check_same(w[k], of_while[k], 1e-11);
            check_same(v[k], of_until[k], 1e-11);
        }
    }
}

TEST_CASE("stopped loops: rows behind the stop are 0 for all else that reads them")
{
    const Variable weights = 1.0 + ct::arange(9, DType::f64);
    for (const bool reverse : {false, true}) {
        const auto run = stopped(s0, a, bound, 9, reverse);
        const Variable rows = ct::sum(run.history[0], 1);
        const Variable y = ct::sum(weights * rows) + ct::sum(square(run.last[0]));
        Variables outputs{rows, y};
        for (const Variable& g : ct::grad(y, Variables{s0, a}))
            outputs.push_back(g);
        const auto f = ct::function({s0, a, bound}, outputs);
        const auto r = ct::function({s0, a, bound}, outputs, {.reference = true});
        for (const double at : {0.0, 1.0, 1.5, 100.0}) {
            const auto ran = steps_until(at, 9);
            const ct::Results got = f(start(), 0.3, at), expected = r(start(), 0.3, at);
            for (std::size_t k = 0; k < outputs.size(); ++k)
                check_same(got[k], expected[k], 1e-12);
            for (std::int64_t t = ran; t < 9; ++t)
                CHECK(got[0].as_double(reverse ? 8 - t : t) == 0.0);
        }
    }
}

TEST_CASE("stopped loops: nested, and over a batch")
{
    const auto inner = [](const Variable& s) {
        return ct::while_loop([](const Variable& x) { return ct::sum(x) < bound; },
                              [](const Variable& x) { return step_of(x, a); }, {s}, 20)[0];
    };
    const auto outer =
        ct::scan([&](const Variable& s) { return 0.5 * inner(s); }, {.init = {s0}, .steps = 3})
            .last[0];
    const Variable batch = ct::input("batch", DType::f64, {4, 100});
    const Variable each = ct::vmap(inner)(batch);
    Variables outputs = ct::grad(ct::sum(square(outer)), Variables{s0, a});
    outputs.push_back(ct::grad(ct::sum(square(each)), batch));
    const auto f = ct::function({s0, a, bound, batch}, outputs);
    const auto r = ct::function({s0, a, bound, batch}, outputs, {.reference = true});
    const Array many = Array::uniform(5, {4, 100}, DType::f64, 0.1, 0.9);
    for (const double at : {-5.0, 60.0, 90.0, 150.0, 1e4}) {
        INFO("bound " << at);
        const ct::Results got = f(start(), 0.3, at, many), expected = r(start(), 0.3, at, many);
        for (std::size_t k = 0; k < outputs.size(); ++k)
            check_same(got[k], expected[k], 1e-11);
    }
}
