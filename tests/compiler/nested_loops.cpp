// Loops in loops, deeper than anybody writes by hand.
#include <croton/croton.hpp>

#include <cmath>
#include <string>

#include "support/catch.hpp"

namespace ct = croton;
using croton::test::Approx;
using ct::Variable;

namespace {

constexpr int depth = 12;
constexpr int innermost_steps = 1 << depth;

/// state * factor + 0.001, 2^depth times.
Variable nest(int levels, const Variable& state, const Variable& factor)
{
    if (levels == 0) return state * factor + 0.001;
    return ct::scan([&](const Variable& s) { return nest(levels - 1, s, factor); },
                    {.init = {state}, .steps = 2})
        .last[0];
}

} // namespace

TEST_CASE("twelve loops in one another run as written")
{
    const auto x = ct::scalar<double>("x"), factor = ct::scalar<double>("factor");
    const auto f = ct::function({x, factor}, nest(depth, x, factor), {.name = "nest"});
    double expected = 2;
    for (int i = 0; i < innermost_steps; ++i)
        expected = expected * 0.999 + 0.001;
    CHECK(f(2.0, 0.999)[0].item<double>() == Approx(expected).epsilon(1e-13));
}

TEST_CASE("a vector goes through twelve loops in one another, every loop with its own input")
{
    const auto n = ct::dim("n");
    const auto x = ct::vector<float>("x", {n}), add = ct::vector<float>("add", {n});
    const auto grow = [&](const auto& self, int levels, const Variable& state) -> Variable {
        if (levels == 0) return state + add;
        return ct::scan([&](const Variable& s) { return self(self, levels - 1, s) + add; },
                        {.init = {state}, .steps = 2})
            .last[0];
    };
    const auto f = ct::function({x, add}, grow(grow, depth, x), {.name = "nest"});
    // 2^12 innermost additions, and one at the end of each of the 2 + 4 + .. + 2^12 steps.
    const double additions = innermost_steps + 2 * innermost_steps - 2;
    const auto y = f(ct::Array::full<float>({5}, 1), ct::Array::full<float>({5}, 1))[0];
    CHECK(y.as_double(4) == 1 + additions);
}

TEST_CASE("the gradient of loops in loops is loops in loops")
{
    const auto x = ct::scalar<double>("x"), factor = ct::scalar<double>("factor");
    constexpr int levels = 5, steps = 1 << levels;
    const Variable y = nest(levels, x, factor);
    const auto [x_bar, factor_bar] = ct::grad(y, {x, factor});
    const auto f = ct::function({x, factor}, {x_bar, factor_bar}, {.name = "nest"});
    const auto r = f(2.0, 0.9);
    CHECK(r[0].item<double>() == Approx(std::pow(0.9, steps)).epsilon(1e-12));
    double state = 2, derivative = 0;
    for (int i = 0; i < steps; ++i) {
        derivative = state + 0.9 * derivative;
        state = state * 0.9 + 0.001;
    }
    CHECK(r[1].item<double>() == Approx(derivative).epsilon(1e-12));
}
