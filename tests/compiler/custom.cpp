// Functions with derivatives of their own.
#include <croton/croton.hpp>

#include <cmath>
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
