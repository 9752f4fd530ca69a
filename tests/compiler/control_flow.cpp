// Taps, early stops, branches and loops of unknown length: compiled, by the references, and their
// derivatives.
#include <croton/croton.hpp>

#include <cmath>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/compiled.hpp"

namespace ct = croton;
using croton::test::Approx;
using croton::test::compiled_values;
using ct::Variable;
using ct::Variables;
using List = std::vector<double>;

namespace {

/// The derivatives of a scalar by a scalar at `x`: reverse and forward mode, both orders, against
/// differences of the compiled function.
void check_derivatives(const Variable& y, const Variable& x, double at)
{
    const auto f = ct::function({x}, y);
    const auto value = [&](double v) { return f(v)[0].item<double>(); };
    const double h = 1e-4;
    const double first = (value(at + h) - value(at - h)) / (2 * h);
    const double second = (value(at + h) - 2 * value(at) + value(at - h)) / (h * h);
    const Variable one = ct::ones(x.dtype(), x.shape());
    const Variable reverse = ct::grad(y, x);
    const Variable forward = ct::jvp(y, {x}, {one});
    const List found = {
        compiled_values(reverse, {x}, {at})[0], compiled_values(forward, {x}, {at})[0],
        compiled_values(ct::grad(reverse, x, {.disconnected_zero = true}), {x}, {at})[0],
        compiled_values(ct::jvp(reverse, {x}, {one}), {x}, {at})[0],
        compiled_values(ct::jvp(forward, {x}, {one}), {x}, {at})[0]};
    const List expected = {first, first, second, second, second};
    for (std::size_t i = 0; i < found.size(); ++i) {
        INFO("derivative " << i);
        CHECK(found[i] == Approx(expected[i]).epsilon(2e-5).margin(2e-5));
    }
}

} // namespace

TEST_CASE("taps of a sequence: slices before, at and behind a step")
{
    const auto x = ct::vector<double>("x", {ct::dim("n")});
    const auto second =
        ct::scan([](const Variable& before, const Variable& at,
                    const Variable& behind) { return ct::Step{{}, {before - 2.0 * at + behind}}; },
                 {.sequences = {{x, {-1, 0, 1}}}});
    CHECK(compiled_values(second.out[0], {x}, {List{1, 4, 9, 16, 30}}) == List{2, 2, 7});
    CHECK(compiled_values(second.out[0], {x}, {List{1, 4}}).empty());
    const auto ahead = ct::scan([](const Variable& a, const Variable& s) { return s + a; },
                                {.sequences = {{x, {2}}}, .init = {0.0}, .reverse = true});
    CHECK(compiled_values(ahead.history[0], {x}, {List{1, 2, 3, 4}}) == List{7, 4});
    const Variable t = ct::scalar<double>("t");
    const Variable y = ct::sum(ct::square(
        ct::scan([](const Variable& a, const Variable& b) { return ct::Step{{}, {a * sin(b)}}; },
                 {.sequences = {{t * ct::arange(6, ct::DType::f64), {-2, 0}}}})
            .out[0]));
    check_derivatives(y, t, 0.3);
}

TEST_CASE("taps of a state: values of several steps before, without copies")
{
    const auto start = ct::vector<double>("start", {3});
    // x[t] = x[t - 1] + x[t - 3]
    const auto recurrence =
        ct::scan([](const Variable& third, const Variable& one) { return one + third; },
                 {.init = {{start, {-3, -1}}}, .steps = 6});
    CHECK(compiled_values(recurrence.history[0], {start}, {List{1, 1, 1}}) ==
          List{2, 3, 4, 6, 9, 13});
    CHECK(compiled_values(recurrence.last[0], {start}, {List{1, 1, 1}}) == List{13});
    const auto f = ct::function({start}, recurrence.last[0]);
    CHECK(std::string(f.source()).find("copy_bytes") ==
          std::string(f.source()).rfind("copy_bytes"));
    const Variable t = ct::scalar<double>("t");
    const auto damped =
        ct::scan([&](const Variable& second,
                     const Variable& first) { return sin(t * first) - 0.5 * second; },
                 {.init = {{ct::stack({t, t * t}), {-2, -1}}}, .steps = 7});
    check_derivatives(damped.last[0], t, 0.7);
    check_derivatives(ct::sum(damped.history[0] * ct::arange(7, ct::DType::f64)), t, 0.7);
}

TEST_CASE("states that change places move no element")
{
    const auto a = ct::vector<double>("a", {4}), b = ct::vector<double>("b", {4});
    const auto swapped =
        ct::scan([](const Variable& x, const Variable& y) { return Variables{y, x}; },
                 {.init = {a, b}, .steps = 3});
    CHECK(compiled_values(swapped.last[0] - 2.0 * swapped.last[1], {a, b},
                          {List{1, 2, 3, 4}, List{5, 6, 7, 8}}) == List{3, 2, 1, 0});
    const auto fibonacci =
        ct::scan([](const Variable& x, const Variable& y) { return Variables{y, x + y}; },
                 {.init = {a, b}, .steps = 5});
    CHECK(compiled_values(fibonacci.last[0], {a, b}, {List{0, 1, 0, 1}, List{1, 1, 2, 2}}) ==
          List{5, 8, 10, 13});
}

TEST_CASE("until: the step that says so is the last, what is behind it is 0")
{
    const auto x = ct::vector<double>("x", {ct::dim("n")});
    const auto limit = ct::scalar<double>("limit");
    const auto sums = [&](bool reverse) {
        return ct::scan(
            [&](const Variable& v, const Variable& s) {
                const Variable next = s + v;
                return ct::Step{{next}, {2.0 * next}, next > limit};
            },
            {.sequences = {x}, .init = {0.0}, .reverse = reverse});
    };
    const List at{1, 2, 3, 4, 5};
    const auto forward = sums(false), backward = sums(true);
    CHECK(compiled_values(forward.history[0], {x, limit}, {at, 4.0}) == List{1, 3, 6, 0, 0});
    CHECK(compiled_values(forward.out[0], {x, limit}, {at, 4.0}) == List{2, 6, 12, 0, 0});
    CHECK(compiled_values(forward.last[0], {x, limit}, {at, 4.0}) == List{6});
    CHECK(compiled_values(forward.count, {x, limit}, {at, 4.0}) == List{3});
    CHECK(compiled_values(forward.count, {x, limit}, {at, 100.0}) == List{5});
    CHECK(compiled_values(forward.count, {x, limit}, {List{}, 4.0}) == List{0});
    CHECK(compiled_values(backward.history[0], {x, limit}, {at, 4.0}) == List{0, 0, 0, 0, 5});
    CHECK(compiled_values(backward.history[0], {x, limit}, {at, 8.0}) == List{0, 0, 0, 9, 5});
    CHECK(compiled_values(backward.count, {x, limit}, {at, 8.0}) == List{2});
    // Only what ran has a gradient.
    const Variable loss = ct::sum(ct::square(forward.history[0])) + forward.last[0];
    CHECK(compiled_values(ct::grad(loss, x), {x, limit}, {at, 4.0}) == List{21, 19, 13, 0, 0});
    const Variable back = ct::sum(ct::square(backward.history[0])) + backward.last[0];
    CHECK(compiled_values(ct::grad(back, x), {x, limit}, {at, 8.0}) == List{0, 0, 0, 19, 29});
}

TEST_CASE("derivatives of both orders through a loop that stops early")
{
    const auto t = ct::scalar<double>("t");
    for (const bool reverse : {false, true}) {
        const auto growing = ct::scan(
            [&](const Variable& v, const Variable& s) {
                const Variable next = s * (1.0 + t * v) + sin(t);
                return ct::Step{{next}, {next * next}, next > 3.0};
            },
            {.sequences = {0.1 * ct::arange(20, ct::DType::f64)},
             .init = {1.0 + t},
             .reverse = reverse});
        check_derivatives(growing.last[0], t, 0.4);
        check_derivatives(ct::sum(growing.out[0]) + ct::sum(growing.history[0]), t, 0.4);
    }
}

TEST_CASE("while_loop: on its condition alone, or with a bound")
{
    const auto x = ct::scalar<double>("x");
    const auto root = [&](std::int64_t most) {
        return ct::while_loop([&](const Variable& r) { return abs(r * r - x) > 1e-10; },
                              [&](const Variable& r) { return 0.5 * (r + x / r); }, {x + 1.0},
                              most)[0];
    };
    CHECK(compiled_values(root(0), {x}, {2.0})[0] == Approx(std::sqrt(2.0)).epsilon(1e-9));
    CHECK(compiled_values(root(2), {x}, {2.0})[0] == Approx(1.4166666666666667).epsilon(1e-1));
    check_derivatives(root(50), x, 2.0);
    CHECK(compiled_values(ct::jvp(root(0), {x}, {ct::ones(x.dtype(), x.shape())}), {x}, {2.0})[0] ==
          Approx(0.5 / std::sqrt(2.0)).epsilon(1e-6));
    const auto never = ct::while_loop([&](const Variable& s) { return s > 100.0; },
                                      [](const Variable& s) { return s * 2.0; }, {x})[0];
    CHECK(compiled_values(never, {x}, {2.0}) == List{2});
}

TEST_CASE("fori_loop: a known number of steps, or one that is computed")
{
    const auto x = ct::vector<double>("x", {4});
    const auto n = ct::scalar<std::int64_t>("n");
    const auto step = [&](const Variable& i, const Variable& s) {
        return 2.0 * s + ct::take(x, i, 0) * i.as(ct::DType::f64);
    };
    const List at{1, 10, 100, 1000};
    CHECK(compiled_values(ct::fori_loop(4, step, {0.0})[0], {x}, {at}) ==
          List{4 * 10 + 2 * 200 + 3000});
    CHECK(compiled_values(ct::fori_loop(n, step, {0.0})[0], {x, n}, {at, std::int64_t{3}}) ==
          List{20 + 200});
    CHECK(compiled_values(ct::fori_loop(n, step, {7.0})[0], {x, n}, {at, std::int64_t{-3}}) ==
          List{7});
    CHECK(compiled_values(ct::grad(ct::fori_loop(4, step, {0.0})[0], x), {x}, {at}) ==
          List{0, 4, 4, 3});
}

TEST_CASE("loops of no steps whose number is known")
{
    const auto x = ct::vector<double>("x", {2});
    const auto none = ct::vector<double>("none", {0});
    const auto taps = ct::scan([](const Variable& a, const Variable& b, const Variable& c,
                                  const Variable& s) { return s + a + b + c; },
                               {.sequences = {{x, {-1, 0, 1}}}, .init = {7.0}});
    CHECK(compiled_values(taps.last[0], {x}, {List{1, 2}}) == List{7});
    const auto plain = ct::scan([](const Variable& a, const Variable& s) { return s + a; },
                                {.sequences = {none}, .init = {7.0}});
    CHECK(compiled_values(plain.last[0], {none}, {List{}}) == List{7});
}

TEST_CASE("map and reduce are scans")
{
    const auto m = ct::matrix<double>("m", {ct::dim("n"), 2});
    const ct::Array at =
        ct::Array::copy(ct::View<const double, 2>(List{1, 2, 3, 4, 5, 6}.data(), {3, 2}));
    CHECK(compiled_values(ct::map([](const Variable& r) { return r(0) * r(1); }, {m})[0], {m},
                          {at}) == List{2, 12, 30});
    CHECK(compiled_values(ct::reduce([](const Variable& r,
                                        const Variable& s) { return ct::maximum(s, ct::sum(r)); },
                                     {m}, {0.0})[0],
                          {m}, {at}) == List{11});
}

TEST_CASE("cond and switch_case run the branch that is chosen")
{
    const auto c = ct::scalar<bool>("c");
    const auto x = ct::vector<double>("x", {3});
    const auto k = ct::scalar<std::int64_t>("k");
    const auto chosen = ct::cond(
        c, [&] { return Variables{ct::sum(sqrt(x)), 1.0 * x}; },
        [&] { return Variables{ct::sum(x), x * x}; });
    CHECK(compiled_values(chosen[0], {c, x}, {true, List{1, 4, 9}}) == List{6});
    CHECK(compiled_values(chosen[0], {c, x}, {false, List{1, 4, 9}}) == List{14});
    CHECK(compiled_values(chosen[1], {c, x}, {false, List{1, 4, 9}}) == List{1, 16, 81});
    const auto cases = ct::switch_case(k, {[&] { return x; }, [&] { return x + 1.0; },
                                           [&] { return ct::ones(x.dtype(), x.shape()); }})[0];
    CHECK(compiled_values(cases, {x, k}, {List{1, 2, 3}, std::int64_t{0}}) == List{1, 2, 3});
    CHECK(compiled_values(cases, {x, k}, {List{1, 2, 3}, std::int64_t{1}}) == List{2, 3, 4});
    CHECK(compiled_values(cases, {x, k}, {List{1, 2, 3}, std::int64_t{9}}) == List{1, 1, 1});
    CHECK(compiled_values(cases, {x, k}, {List{1, 2, 3}, std::int64_t{-9}}) == List{1, 2, 3});
    // What nobody asks a gradient of may be behind an op that has none.
    const auto z = ct::scalar<double>("z");
    const auto signed_x =
        ct::cond(c, [&] { return ct::sum(x) * ct::sign(z); }, [&] { return ct::sum(x); })[0];
    CHECK(compiled_values(ct::grad(signed_x, x), {c, x, z}, {true, List{1, 2, 3}, -4.0}) ==
          List{-1, -1, -1});
    // The other branch's NaN is not computed, nor does it get into the gradient.
    CHECK(compiled_values(ct::grad(ct::sum(chosen[1]) + chosen[0], x), {c, x},
                          {false, List{-1, 4, 9}}) == List{-1, 9, 19});
}

TEST_CASE("derivatives of both orders through branches, in a loop and around one")
{
    const auto t = ct::scalar<double>("t");
    const auto bouncing = ct::scan(
        [&](const Variable& s) {
            return ct::cond(s > 1.0, [&] { return sin(s) * t; }, [&] { return s * s + t; })[0];
        },
        {.init = {t}, .steps = 6});
    check_derivatives(bouncing.last[0], t, 0.63);
    check_derivatives(ct::sum(bouncing.history[0]), t, 0.63);
    const auto around = ct::cond(
        t > 0.5,
        [&] {
            return ct::scan([&](const Variable& s) { return s * t + 1.0; },
                            {.init = {t}, .steps = 4})
                .last[0];
        },
        [&] { return exp(t); });
    check_derivatives(around[0], t, 0.63);
    check_derivatives(around[0], t, 0.33);
}
