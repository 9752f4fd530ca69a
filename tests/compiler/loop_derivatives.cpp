// Derivatives of loops beyond gradients: of third order, and the products of Jacobians that least
// squares need, of loops and of batches.
#include <croton/croton.hpp>

#include <cmath>
#include <vector>

#include "support/catch.hpp"
#include "support/compiled.hpp"

namespace ct = croton;
using croton::test::Approx;
using croton::test::compiled_values;
using ct::Array;
using ct::DType;
using ct::Variable;
using ct::Variables;
using List = std::vector<double>;

namespace {

void check_close(const List& got, const List& expected)
{
    REQUIRE(got.size() == expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
        INFO("element " << i);
        CHECK(got[i] == Approx(expected[i]).epsilon(1e-10));
    }
}

/// A curve of least squares: a * b^t at the times t = 1 .. 5, by a loop.
Variable decay(const Variable& a, const Variable& b)
{
    return ct::scan([&](const Variable& s) { return s * b; }, {.init = {a}, .steps = 5}).history[0];
}

/// J' J of it by a and b, as its closed form has it.
List decay_matrix(double a, double b)
{
    List m(4, 0);
    for (int t = 1; t <= 5; ++t) {
        const double row[] = {std::pow(b, t), a * t * std::pow(b, t - 1)};
        for (std::size_t i = 0; i < 2; ++i)
            for (std::size_t j = 0; j < 2; ++j)
                m[2 * i + j] += row[i] * row[j];
    }
    return m;
}

} // namespace

TEST_CASE("third derivatives of a loop, by any order of modes")
{
    // s / (1 + n * h * s) after n steps.
    constexpr int steps = 40;
    constexpr double h = 0.01, at = 0.5;
    const double c = steps * h, shrink = 1 + c * at;
    const double third = 6 * c * c / std::pow(shrink, 4);
    const auto x = ct::scalar<double>("x");
    const auto ones = ct::vector<double>("ones", {ct::dim("n")});
    const auto ends = [&](bool symbol, const ct::Checkpoints& checkpoint) {
        ct::ScanArgs args{.init = {x}, .checkpoint = checkpoint};
        if (symbol)
            args.sequences = {ones};
        else
            args.steps = steps;
        const auto next = [&](const Variable& s, const Variable& rate) {
            return s / (1.0 + rate * s);
        };
        if (symbol)
            return ct::scan(
                       [&](const Variable& one, const Variable& s) { return next(s, h * one); },
                       args)
                .last[0];
        return ct::scan([&](const Variable& s) { return next(s, h); }, args).last[0];
    };
    const auto forward = [&](const Variable& y) { return ct::jvp(y, {x}, {Variable(1.0)}); };
    const auto reverse = [&](const Variable& y) { return ct::vjp({y}, {x}, {Variable(1.0)})[0]; };
    const auto either = [&](const Variable& y) { return ct::grad(y, x); };
    const List of_ones(steps, 1.0);
    for (const bool symbol : {false, true})
        for (const bool chunks : {false, true}) {
            INFO((symbol ? "a symbol's steps" : "known steps") << (chunks ? ", in chunks" : ""));
            const Variable y = ends(symbol, chunks ? ct::square_root : 0);
            for (const Variable& d : {either(either(either(y))), forward(forward(forward(y))),
                                      reverse(reverse(reverse(y))), forward(reverse(reverse(y))),
                                      reverse(forward(reverse(y))), reverse(reverse(forward(y))),
                                      forward(ct::hessian(y, x)), reverse(ct::hvp(y, x, 1.0))}) {
                const List found = symbol ? compiled_values(d, {x, ones}, {at, of_ones})
                                          : compiled_values(d, {x}, {at});
                CHECK(found[0] == Approx(third).epsilon(1e-10));
            }
        }
}

TEST_CASE("third derivatives of a loop that stops early, and of one on a vector")
{
    const auto x = ct::scalar<double>("x");
    const auto step = [&](const Variable& s) {
        const Variable next = s / (1.0 + 0.01 * s);
        return ct::Step{{next}, {}, next < 0.45};
    };
    const auto r = ct::scan(step, {.init = {x}, .steps = 1000});
    // 0.5 / (1 + n / 200) is below 0.45 from n = 23 on.
    const double c = 0.23, shrink = 1 + c * 0.5;
    const Variable third = ct::grad(ct::grad(ct::grad(r.last[0], x), x), x);
    CHECK(compiled_values(third, {x}, {0.5})[0] == Approx(6 * c * c / std::pow(shrink, 4)));
    // Of sum(x^8), which three squarings of each element are.
    const auto v = ct::vector<double>("v", {6});
    const auto squared =
        ct::scan([](const Variable& s) { return s * s; }, {.init = {v}, .steps = 3});
    const Variable hessian = ct::hessian(ct::sum(squared.last[0]), v);
    const List at{0.5, -0.7, 1.1, 0.2, -1.3, 0.9};
    List expected;
    for (const double e : at)
        expected.push_back(8 * 7 * 6 * std::pow(e, 5));
    check_close(compiled_values(ct::grad(ct::sum(hessian), v), {v}, {at}), expected);
}

TEST_CASE("gauss_newton of a loop: the product of its Jacobian with itself")
{
    const auto p = ct::vector<double>("p", {2});
    const Variable curve = decay(p(0), p(1));
    check_close(compiled_values(ct::gauss_newton(curve, p), {p}, {List{1.5, 0.8}}),
                decay_matrix(1.5, 0.8));
    // Of residuals that are 0 it is half the Hessian of their squares, and has its gradient.
    const Variable residual = curve - ct::stop_gradient(curve);
    const Variable half = 0.5 * ct::hessian(ct::sum(square(residual)), p);
    check_close(compiled_values(half, {p}, {List{1.5, 0.8}}), decay_matrix(1.5, 0.8));
    // With more numbers than residuals: from reverse sweeps.
    const auto rates = ct::vector<double>("rates", {7});
    const auto product = ct::scan([](const Variable& r, const Variable& s) { return s * r; },
                                  {.sequences = {rates}, .init = {1.0}});
    const List at{1, 2, 0.5, 4, 0.25, 3, 1.5};
    double all = 1;
    for (const double r : at)
        all *= r;
    List expected;
    for (const double a : at)
        for (const double b : at)
            expected.push_back(all / a * all / b);
    check_close(
        compiled_values(ct::gauss_newton(product.last[0], rates).reshape({49}), {rates}, {at}),
        expected);
}

TEST_CASE("gauss_newton of a batch, and a batch of them")
{
    // Curves of all members by the same two numbers: the sum of their matrices.
    const auto p = ct::vector<double>("p", {2}), starts = ct::vector<double>("starts", {3});
    const auto curve = [&](const Variable& a) { return decay(a * p(0), p(1)); };
    const Variable curves = ct::vmap(curve)(starts);
    const List from{1, 2, 0.5};
    List total(4, 0);
    for (const double a : from) {
        const List one = decay_matrix(1.5 * a, 0.8);
        for (std::size_t i = 0; i < 4; ++i) // by p(0) it is a times that by a * p(0)
            total[i] += one[i] * (i == 0 ? a * a : i == 3 ? 1 : a);
    }
    check_close(compiled_values(ct::gauss_newton(curves, p), {p, starts}, {List{1.5, 0.8}, from}),
                total);
    // Each member's own matrix.
    const auto ps = ct::matrix<double>("ps", {ct::dim("members"), 2});
    const auto matrix = [](const Variable& q) { return ct::gauss_newton(decay(q(0), q(1)), q); };
    const Variable all = ct::vmap(matrix)(ps);
    const List given{1.5, 0.8, -0.4, 1.2, 2, 0.5};
    List expected;
    for (std::size_t m = 0; m < 3; ++m) {
        const List one = decay_matrix(given[2 * m], given[2 * m + 1]);
        expected.insert(expected.end(), one.begin(), one.end());
    }
    check_close(
        compiled_values(all, {ps}, {Array::copy(ct::View<const double, 2>(given.data(), {3, 2}))}),
        expected);
}
