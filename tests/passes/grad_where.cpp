#include <croton/ir/ops.hpp>
#include <croton/ir/reference.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/passes/grad.hpp>

#include <cmath>

#include "support/catch.hpp"
#include "support/finite_difference.hpp"

// What a `where` does not select must not reach a gradient, not even as NaN.

using namespace croton;
using namespace croton::test;

namespace {

/// Both orders, both modes at the bad point.
struct At {
    double first, second, forward, forward_second;
};

At derivatives(const Variable& x, const Variable& y, double at)
{
    const std::vector<Array> values{Array::scalar(at)};
    const Variable bar = grad(y, x, {.disconnected_zero = true});
    const Variable dot = jvp(y, {x}, {Variable(1.0)});
    const GradOptions zero{.disconnected_zero = true};
    return {value_at({x}, values, bar), value_at({x}, values, grad(bar, x, zero)),
            value_at({x}, values, dot),
            value_at({x}, values, jvp(bar, {x}, {Variable(1.0)}, zero))};
}

void check(const At& got, double first, double second)
{
    CHECK(got.first == Approx(first));
    CHECK(got.second == Approx(second));
    CHECK(got.forward == Approx(first));
    CHECK(got.forward_second == Approx(second));
}

} // namespace

TEST_CASE("where: the root of what is not positive")
{
    const Variable x = scalar<double>("x");
    const Variable y = where(x > 0, sqrt(x), 0.0);
    check(derivatives(x, y, 0.0), 0, 0);
    check(derivatives(x, y, -1.0), 0, 0);
    check(derivatives(x, y, 4.0), 0.25, -1.0 / 32);
    check(derivatives(x, y * y * x, 0.0), 0, 0);
    check(derivatives(x, exp(y) + x * 3.0, 0.0), 3, 0);
    check(derivatives(x, where(x <= 0, 0.0, sqrt(x)), 0.0), 0, 0);
}

TEST_CASE("where: sin(x) / x")
{
    const Variable x = scalar<double>("x");
    const Variable y = where(x != 0, sin(x) / x, 1.0);
    check(derivatives(x, y, 0.0), 0, 0);
    const double s = std::sin(2.0), c = std::cos(2.0);
    check(derivatives(x, y, 2.0), c / 2 - s / 4, -s / 2 - c / 2 + s / 4);
}

TEST_CASE("where: through products, nesting, shapes and reductions")
{
    const Variable x = scalar<double>("x");
    check(derivatives(x, where(x > 0, log(sqrt(x * 2.0) * x) * 0.5, x * 2.0), 0.0), 2, 0);
    check(derivatives(x, where(x > 0, where(x > 1, sqrt(x - 1.0), 1.0 / x), 0.0), 0.0), 0, 0);
    check(derivatives(x, where(x > 0, where(x > 1, sqrt(x - 1.0), 1.0 / x), 0.0), 0.5), -4, 16);
    const Variable wide = broadcast_to(sqrt(x), {2, 3});
    check(derivatives(x, sum(where(wide.T().reshape({6}) > 0, wide.T().reshape({6}), 0.0)), 0.0), 0,
          0);
    check(derivatives(x, where(x > 0, sum(wide), x), 0.0), 1, 0);
    check(derivatives(x, where(x > 0, sum(broadcast_to(1.0 / x, {4})), x * x), 0.0), 0, 2);
}

TEST_CASE("where: elements are masked one by one, and used again elsewhere")
{
    const Variable x = vector<double>("x", {4});
    const Variable root = sqrt(x);
    const Array at = Array::zeros<double>({4});
    static_cast<double*>(const_cast<void*>(at.data()))[2] = 4;
    const Variable y = sum(where(x > 0, root, 0.0)) + sum(where(x > 3, root * root, 0.0));
    const Variable bar = grad(y, x);
    const double expected[] = {0, 0, 1.25, 0};
    for (std::int64_t i = 0; i < 4; ++i)
        CHECK(value_at({x}, {at}, bar, i) == Approx(expected[i]).margin(0));
    // A second user without a `where` makes the infinity count.
    const Variable outside = grad(y + sum(root), x);
    CHECK(std::isinf(value_at({x}, {at}, outside, 0)));
    CHECK(value_at({x}, {at}, outside, 2) == Approx(1.5));
}

TEST_CASE("where: a zero cotangent is no mask")
{
    const Variable x = scalar<double>("x");
    const Variable y = where(x > -1.0, square(x) * square(x), 0.0) + square(x) * 0.5;
    check(derivatives(x, y, 0.0), 0, 1);
    const Variable w = scalar<double>("w");
    const Variable mixed = where(x > 0, sqrt(x) * w, 0.0); // d2 / dx dw at w = 0 is not 0
    const Variable cross = grad(grad(mixed, x), w);
    CHECK(value_at({x, w}, {Array::scalar(4.0), Array::scalar(0.0)}, cross) == Approx(0.25));
}

namespace {

Array array(const std::vector<double>& values) { return Array::copy(View<const double>(values)); }

void check_bar(const Variable& x, const Array& at, const Variable& y, std::vector<double> expected)
{
    const Variable bar = grad(y, x);
    for (std::size_t i = 0; i < expected.size(); ++i)
        CHECK(value_at({x}, {at}, bar, static_cast<std::int64_t>(i)) == Approx(expected[i]));
}

} // namespace

TEST_CASE("where: some elements of a loop's history")
{
    const Variable x = vector<double>("x", {4});
    const auto run = scan([](const Variable& a, const Variable& h) { return h + sqrt(a); },
                          {.sequences = {x}, .init = {Variable(0.0)}});
    const Array at = array({1.0, 4.0, 9.0, 0.0});
    check_bar(x, at, sum(where(x > 0, run.history[0], 0.0)), {1.5, 0.5, 1.0 / 6, 0});
}

TEST_CASE("where: in a loop's step, the mask goes to earlier steps and to what the loop takes")
{
    const Variable x = vector<double>("x", {3});
    // The second step takes the root of 0, and the third does not take the second's result.
    const auto kept =
        scan([](const Variable& a, const Variable& h) { return where(a > 0, sqrt(h), 0.0) + a; },
             {.sequences = {x}, .init = {Variable(0.0)}});
    check_bar(x, array({0.0, 1.0, 0.0}), kept.last[0], {0, 0, 1});
    const auto outside =
        scan([](const Variable& a, const Variable& h) { return h + where(a > 1, a, 0.0); },
             {.sequences = {sqrt(x)}, .init = {Variable(0.0)}});
    check_bar(x, array({0.0, 4.0, 9.0}), outside.last[0], {0, 0.25, 1.0 / 6});
}

TEST_CASE("where: columns of a product that are not selected")
{
    const Variable x = vector<double>("x", {2});
    const Variable w = vector<double>("w", {3});
    const Variable product =
        matmul(outer(x, Variable(array({1.0, 2.0}))), stack({log(w), sqrt(w)}));
    const Variable y = sum(where(w > 0, product, 0.0));
    const std::vector<Array> at{array({3.0, 5.0}), array({1.0, 0.0, 4.0})};
    const auto bars = grad(y, {x, w});
    const double of_x = std::log(4.0) + 2 * (1 + 2), of_w[] = {8 * 2.0, 0, 8 * (0.25 + 0.5)};
    for (std::int64_t i = 0; i < 2; ++i)
        CHECK(value_at({x, w}, at, bars[0], i) == Approx(of_x));
    for (std::int64_t i = 0; i < 3; ++i)
        CHECK(value_at({x, w}, at, bars[1], i) == Approx(of_w[i]));
}

TEST_CASE("where: a running product up to what is selected")
{
    const Variable x = vector<double>("x", {4});
    const Variable y = sum(where(x > 0, cumprod(log(x), 0), 0.0));
    const double a = std::log(2.0), b = std::log(3.0);
    check_bar(x, array({2.0, 3.0, 0.0, -1.0}), y, {(1 + b) / 2, a / 3, 0, 0});
}

TEST_CASE("where: a mask that is true everywhere costs nothing")
{
    const Variable x = vector<double>("x", {4});
    const Variable m = input("m", DType::f64, {4, 4});
    const auto selects = [](const Variable& y) {
        std::size_t count = 0;
        for (const Apply& a : applies_of(std::span(&y, 1)))
            count += &a.op() == &where_op;
        return count;
    };
    // Both sides of a `where` together are everything: of the four, two are its gradient and two
    // cut what lies between it and v. That of v is not cut.
    const Variable v = tanh(x);
    CHECK(selects(grad(sum(where(v > 0, v * 2.0, v * 0.5)) + sum(exp(m)), x)) == 4);
    // Each row of a triangle has an element: the triangle's own `where` and its gradient.
    const Variable scores = outer(x, x);
    const Variable product = matmul(exp(m), scores);
    const Variable bar = grad(sum(where(tril(ones(DType::boolean, {4, 4})), product, 0.0)), m);
    CHECK(selects(bar) == 2);
}
