// Loops and branches that the passes join, write out or take work from, compiled and by the
// references.
#include <croton/croton.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/compiled.hpp"
#include "support/text.hpp"

namespace ct = croton;
using croton::test::compiled_values;
using croton::test::count;
using ct::Variable;
using ct::Variables;
using List = std::vector<double>;

namespace {

/// Whether explain() says that a pass changed the graph.
bool fired(const ct::Function& f, std::string_view pass)
{
    const std::string text = f.explain();
    for (std::size_t at = text.find(pass); at != text.npos; at = text.find(pass, at + 1)) {
        const std::string_view line = std::string_view(text).substr(at, text.find('\n', at) - at);
        if (line.find(" applies ") != line.npos && line.find("unchanged") == line.npos) return true;
    }
    return false;
}

} // namespace

TEST_CASE("gradients taken one by one and a tangent are a loop and its reverse")
{
    const auto x = ct::vector<double>("x", {2});
    const auto g = ct::scalar<double>("g");
    const auto run = ct::scan(
        [&](const Variable& s) {
            return ct::stack({s(0) + 0.1 * s(1), s(1) - 0.1 * g * sin(s(0))});
        },
        {.init = {x}, .steps = 20});
    const Variable y = ct::sum(ct::square(run.last[0]));
    const Variables all{y, ct::grad(y, x), ct::grad(y, g),
                        ct::jvp(y, {g}, {ct::ones(g.dtype(), g.shape())})};
    const auto f = ct::function({x, g}, {all[0], all[1], all[2], all[3]});
    CHECK(fired(f, "fuse loops"));
    // Each in two forms at most, of sines that are small and of any; there were four loops.
    const std::size_t kernels =
        count(f.source(), "static i32 steps_") + count(f.source(), "static void steps_");
    CHECK(kernels > 0);
    CHECK(kernels <= 4);
    const List tangent = compiled_values(all[3], {x, g}, {List{0.4, 0.1}, 9.8});
    CHECK(f(List{0.4, 0.1}, 9.8)[2].item<double>() ==
          croton::test::Approx(tangent[0]).epsilon(1e-12));
    for (const Variable& v : all)
        CHECK(!compiled_values(v, {x, g}, {List{0.4, 0.1}, 9.8}).empty());
}

TEST_CASE("a map and its gradient are no loops")
{
    const auto xs = ct::matrix<double>("xs", {ct::dim("n"), 3});
    const auto w = ct::matrix<double>("w", {3, 2});
    const Variable y =
        ct::sum(ct::square(ct::map([&](const Variable& x) { return tanh(dot(x, w)); }, {xs})[0]));
    const Variable bar = ct::grad(y, w);
    const auto f = ct::function({xs, w}, {y, bar});
    CHECK(fired(f, "batch loops"));
    CHECK(count(f.source(), "loop over steps") == 0);
    const List at_w{1, -1, 0.5, 0.25, -0.5, 2};
    const List at_x{1, 2, 3, 4, 5, 6, 0.1, 0.2, 0.3, -1, -2, -3};
    const ct::Array x = ct::Array::copy(ct::View<const double, 2>(at_x.data(), {4, 3}));
    const ct::Array v = ct::Array::copy(ct::View<const double, 2>(at_w.data(), {3, 2}));
    CHECK(compiled_values(bar, {xs, w}, {x, v}).size() == 6);
    CHECK(compiled_values(y, {xs, w}, {x, v}).size() == 1);
}

TEST_CASE("branches: common work is done in front, and a constant chooses when compiled")
{
    const auto x = ct::vector<double>("x", {40});
    const auto c = ct::scalar<bool>("c");
    const auto both = [&](const Variable& condition) {
        return ct::cond(
            condition, [&] { return ct::sum(exp(x)) * ct::sum(x); },
            [&] { return ct::sum(exp(x)) - ct::prod(x); })[0];
    };
    const auto f = ct::function({x, c}, {both(c)});
    CHECK(fired(f, "hoist from regions"));
    CHECK(count(f.source(), "branches") > 0);
    const auto known = ct::function({x}, {both(ct::Variable(2.0) > 1.0)});
    CHECK(fired(known, "inline regions"));
    CHECK(count(known.source(), "branches") == 0);
    const List at(40, 0.75);
    for (const bool taken : {true, false})
        CHECK(compiled_values(both(c), {x, c}, {at, taken}).size() == 1);
    CHECK(known(at)[0].item<double>() == f(at, true)[0].item<double>());
}
