// Functions with derivatives of their own.
#include <croton/croton.hpp>
#include <croton/ir/print.hpp>

#include <cmath>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/compiled.hpp"

namespace ct = croton;
using croton::test::Approx;
using croton::test::compiled_values;
using ct::Array;
using ct::Variable;
using ct::Variables;
using List = std::vector<double>;

namespace {

/// The norm, whose gradient at 0 is 0.
const auto norm =
    ct::custom_vjp([](const Variable& x) { return sqrt(ct::sum(square(x))); },
                   [](const Variable& x, const Variable& y, const Variable& y_bar) {
                       return Variables{where(y > 0.0, y_bar * x / where(y > 0.0, y, 1.0), 0.0)};
                   });

} // namespace

TEST_CASE("custom_vjp: its value, its gradient, forward mode and second derivatives from it")
{
    const auto x = ct::vector<double>("x", {2});
    const Variable y = norm(x);
    CHECK(compiled_values(y, {x}, {List{3, 4}}) == List{5});
    CHECK(compiled_values(ct::grad(y, x), {x}, {List{3, 4}}) == List{0.6, 0.8});
    CHECK(compiled_values(ct::grad(y, x), {x}, {List{0, 0}}) == List{0, 0});
    CHECK(compiled_values(ct::jvp(y, {x}, {ct::ones(ct::DType::f64, {2})}), {x}, {List{3, 4}})[0] ==
          Approx(1.4));
    const List h = compiled_values(ct::hessian(y, x), {x}, {List{3, 4}});
    CHECK(h[0] == Approx(16.0 / 125));
    CHECK(h[1] == Approx(-12.0 / 125));
    // A rule that is not what the ops say is what counts.
    const auto wrong = ct::custom_vjp(
        [](const Variable& v) { return square(v); },
        [](const Variable&, const Variable&, const Variable& bar) { return Variables{7.0 * bar}; });
    CHECK(compiled_values(ct::grad(ct::sum(wrong(x)), x), {x}, {List{3, 4}}) == List{7, 7});
}

TEST_CASE("custom_vjp: several parameters, of which some have no gradient")
{
    const auto x = ct::vector<double>("x", {3});
    const auto k = ct::scalar<std::int64_t>("k");
    const auto taken = ct::custom_vjp(
        [](const Variable& v, const Variable& i) { return ct::take(v, i); },
        [](const Variable& v, const Variable&, const Variable&, const Variable& bar) {
            return Variables{bar + 0.0 * v, Variable()}; // all elements get it
        });
    const Variable y = taken(x, k);
    CHECK(compiled_values(y, {x, k}, {List{1, 2, 3}, std::int64_t{2}}) == List{3});
    CHECK(compiled_values(ct::grad(y, x), {x, k}, {List{1, 2, 3}, std::int64_t{2}}) ==
          List{1, 1, 1});
}

TEST_CASE("custom_jvp: both modes from a forward rule")
{
    const auto x = ct::vector<double>("x", {2});
    const auto soft =
        ct::custom_jvp([](const Variable& v) { return log(1.0 + exp(v)); },
                       [](const Variable& v, const Variable& dot) { return dot * sigmoid(v); });
    const Variable y = ct::sum(soft(x));
    CHECK(compiled_values(ct::grad(y, x), {x}, {List{0, 1000}}) == List{0.5, 1});
    CHECK(compiled_values(ct::jvp(y, {x}, {Variable(2.0)}), {x}, {List{0, 1000}}) == List{3});
    CHECK(compiled_values(ct::hvp(y, x, Variable(1.0)), {x}, {List{0, 1000}}) == List{0.25, 0});
}

TEST_CASE("clip_gradient holds the cotangent, not the value or the tangent")
{
    const auto x = ct::vector<double>("x", {3});
    const Variable y = ct::sum(square(ct::clip_gradient(x, -1, 2)));
    CHECK(compiled_values(y, {x}, {List{-3, 0.5, 4}}) == List{25.25});
    CHECK(compiled_values(ct::grad(y, x), {x}, {List{-3, 0.5, 4}}) == List{-1, 1, 2});
    CHECK(compiled_values(ct::jvp(y, {x}, {Variable(1.0)}), {x}, {List{-3, 0.5, 4}}) == List{3});
}

TEST_CASE("derivatives of one's own in loops, branches and batches")
{
    const auto t = ct::scalar<double>("t");
    const auto step = [](const Variable& s) { return 0.5 * s + norm(ct::stack({s, s})); };
    const Variable y = ct::scan(step, {.init = {t}, .steps = 3}).last[0];
    const double factor = 0.5 + std::sqrt(2.0);
    CHECK(compiled_values(y, {t}, {2.0})[0] == Approx(2 * std::pow(factor, 3)));
    CHECK(compiled_values(ct::grad(y, t), {t}, {2.0})[0] == Approx(std::pow(factor, 3)));
    CHECK(compiled_values(ct::grad(y, t), {t}, {0.0})[0] == Approx(0.125)); // of norm 0 at 0
    const auto xs = ct::matrix<double>("xs", {3, 2});
    const ct::Array rows =
        ct::Array::copy(ct::View<const double, 2>(List{3, 4, 0, 0, 6, 8}.data(), {3, 2}));
    const Variable norms = ct::vmap(norm)(xs);
    CHECK(compiled_values(norms, {xs}, {rows}) == List{5, 0, 10});
    CHECK(compiled_values(ct::grad(ct::sum(norms), xs), {xs}, {rows}) ==
          List{0.6, 0.8, 0, 0, 0.6, 0.8});
    const auto w = ct::vector<double>("w", {2});
    const auto scaled = ct::custom_vjp(
        [](const Variable& a, const Variable& b) { return ct::dot(a, b); },
        [](const Variable& a, const Variable& b, const Variable&, const Variable& bar) {
            return Variables{10.0 * bar * b, 100.0 * bar * a};
        });
    // What members share gets the sum of what each gives.
    const Variable all = ct::sum(ct::vmap(scaled, {0, ct::no_axis})(xs, w));
    CHECK(compiled_values(ct::grad(all, w), {xs, w}, {rows, List{1, 2}}) == List{900, 1200});
    CHECK(compiled_values(ct::grad(all, xs), {xs, w}, {rows, List{1, 2}}) ==
          List{10, 20, 10, 20, 10, 20});
}

TEST_CASE("a member's rule counts for nothing in a branch that it does not take")
{
    // Both are NaN there: what members share gets the sum of the others' alone.
    const auto by_vjp = ct::custom_vjp(
        [](const Variable& a, const Variable& b) { return sqrt(a) * b; },
        [](const Variable& a, const Variable& b, const Variable&, const Variable& bar) {
            return Variables{0.5 * bar * b / sqrt(a), bar * sqrt(a)};
        });
    const auto by_jvp =
        ct::custom_jvp([](const Variable& a, const Variable& b) { return sqrt(a) * b; },
                       [](const Variable& a, const Variable& b, const Variable& da,
                          const Variable& db) { return 0.5 * da * b / sqrt(a) + sqrt(a) * db; });
    const auto root_of = [](const Variable& a, const Variable& b) {
        return ct::fixed_point(
                   [](const Variable& y, const Variable& p) { return 0.5 * (y + p / y); }, a + 1.0,
                   {sqrt(a) * sqrt(a)}) *
               b;
    };
    const auto xs = ct::vector<double>("xs", {4});
    const auto w = ct::scalar<double>("w");
    const auto check = [&](const auto& root) {
        const auto member = [&](const Variable& x) {
            return ct::cond(x > 0, [&] { return root(x, w); }, [&] { return x * w; })[0];
        };
        const Variable y = ct::sum(ct::vmap(member)(xs));
        const List members{4, -1, 9, -2};
        const std::vector<ct::Any> at{members, 3.0};
        const List by_x = compiled_values(ct::grad(y, xs), {xs, w}, at);
        const List by_w = compiled_values(ct::grad(y, w), {xs, w}, at);
        const List expected{0.75, 3, 0.5, 3};
        for (std::size_t i = 0; i < 4; ++i)
            CHECK(by_x[i] == Approx(expected[i]));
        CHECK(by_w[0] == Approx(2 - 1 + 3 - 2));
    };
    check(by_vjp);
    check(by_jvp);
    check(root_of);
}

TEST_CASE("custom_vjp and custom_jvp of several values")
{
    const auto x = ct::vector<double>("x", {2});
    const auto k = ct::scalar<std::int64_t>("k");
    // The rule takes the parameters, all values, and a cotangent for each float among these.
    const auto parts = ct::custom_vjp(
        [](const Variable& v, const Variable& i) {
            return Variables{ct::sum(v * v), i + 1, ct::exp(v)};
        },
        [](const Variable& v, const Variable&, const Variable&, const Variable& next,
           const Variable& e, const Variable& s_bar, const Variable& e_bar) {
            return Variables{2.0 * s_bar * v + 10.0 * e_bar * e + 0.0 * next.as(ct::DType::f64),
                             Variable()};
        });
    const Variables y = parts(x, k);
    REQUIRE(y.size() == 3);
    CHECK(y[1].dtype() == ct::DType::i64);
    const std::int64_t three = 3;
    CHECK(compiled_values(y[0], {x, k}, {List{3, 4}, three}) == List{25});
    CHECK(compiled_values(ct::grad(y[0], x), {x, k}, {List{3, 4}, three}) == List{6, 8});
    const Variable both = y[0] + ct::sum(y[2]);
    CHECK(compiled_values(ct::grad(both, x), {x, k}, {List{0, 0}, three}) == List{10, 10});
    CHECK(compiled_values(ct::jvp(both, {x}, {Variable(1.0)}), {x, k}, {List{0, 0}, three}) ==
          List{20});
    const auto waves = ct::custom_jvp([](const Variable& v) { return Variables{sin(v), cos(v)}; },
                                      [](const Variable& v, const Variable& dot) {
                                          return Variables{dot * cos(v), -dot * sin(v)};
                                      });
    const Variable t = ct::sum(waves(x)[0] * 2.0 + waves(x)[1]);
    const List at{0.5, 1.5};
    const List g = compiled_values(ct::grad(t, x), {x}, {at});
    const List h = compiled_values(ct::hessian(t, x), {x}, {at});
    for (std::size_t i = 0; i < 2; ++i) {
        CHECK(g[i] == Approx(2 * std::cos(at[i]) - std::sin(at[i])));
        CHECK(h[3 * i] == Approx(-2 * std::sin(at[i]) - std::cos(at[i])));
    }
    const auto xs = ct::matrix<double>("xs", {2, 2});
    const Array rows = Array::copy(ct::View<const double, 2>(List{1, 2, 3, 4}.data(), {2, 2}));
    const Variables all = ct::vmap(parts, {0, ct::no_axis})(xs, k);
    CHECK(compiled_values(all[0], {xs, k}, {rows, three}) == List{5, 25});
    CHECK(compiled_values(ct::grad(ct::sum(all[0]), xs), {xs, k}, {rows, three}) ==
          List{2, 4, 6, 8});
}

TEST_CASE("inline_function: a graph as an op, of other extents at each use")
{
    const ct::Extent n = ct::dim("n");
    const auto a = ct::vector<double>("a", {n}), b = ct::vector<double>("b", {n});
    const auto f = ct::inline_function("blend", {a, b}, {sqrt(a * a + b * b), ct::sum(a * b)});
    const auto x = ct::vector<double>("x", {2});
    const auto y = ct::vector<double>("y");
    const Variables two = f(x, 2.0 * x);
    CHECK(same(two[0].extent(0), ct::Extent(2)));
    CHECK(compiled_values(two[1], {x}, {List{1, 2}}) == List{10});
    const Variable h = ct::sum(f(y, y)[0]);
    CHECK(compiled_values(h, {y}, {List{3, 4, 5}})[0] == Approx(12 * std::sqrt(2.0)));
    CHECK(compiled_values(ct::grad(two[1], x), {x}, {List{1, 2}}) == List{4, 8});
    CHECK(compiled_values(ct::jvp(two[1], {x}, {Variable(1.0)}), {x}, {List{1, 2}}) == List{12});
    // One op in what is printed, and its name in the text that is compiled.
    const std::string text = ct::to_text({&x, 1}, {&two[1], 1});
    CHECK(text.find("name=blend") != std::string::npos);
    const ct::Function compiled = ct::function({x}, two[1]);
    CHECK(compiled.source().find("in blend, called at custom.cpp:") != std::string::npos);
    // A gradient of its own.
    const auto own =
        ct::custom_vjp(f, [](const Variables& in) { // a, b, the values, their cotangents
            return Variables{7.0 * in[4] + 0.0 * in[0], Variable()};
        });
    CHECK(compiled_values(ct::grad(ct::sum(own(x, x)[0]), x), {x}, {List{3, 4}}) == List{7, 7});
    // As without the op, bit for bit, what is not selected included.
    const Variable g = ct::grad(ct::sum(where(x > 0.0, f(x, x)[0], 0.0)), x);
    CHECK(compiled_values(g, {x}, {List{0, 1}})[0] == 0);
    const auto many = ct::matrix<double>("many", {3, 2});
    const Variable each = ct::vmap([&](const Variable& row) { return f(row, row)[1]; })(many);
    CHECK(compiled_values(each, {many}, {Array::full<double>({3, 2}, 1)}) == List{2, 2, 2});
}

TEST_CASE("inline_function: of a compiled function, with what it shares")
{
    const auto x = ct::vector<double>("x");
    const auto w = ct::shared("w", Array::scalar(2.0));
    const ct::Function scaled = ct::function({x}, {w * x, ct::sum(w * x)}, {.name = "scaled"});
    const auto f = ct::inline_function(scaled);
    const auto z = ct::vector<double>("z", {3});
    const Variable y = ct::sum(square(f(z)[0])) + f(z)[1];
    CHECK(compiled_values(y, {z}, {List{1, 2, 3}}) == List{68});
    CHECK(compiled_values(ct::grad(y, z), {z}, {List{1, 2, 3}}) == List{10, 18, 26});
    CHECK(compiled_values(ct::grad(y, w), {z}, {List{1, 2, 3}}) == List{62});
    w.set(Array::scalar(3.0));
    CHECK(compiled_values(f(z)[1], {z}, {List{1, 2, 3}}) == List{18});
}
