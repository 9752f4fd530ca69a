#include <croton/ir/ops.hpp>
#include <croton/ir/reference.hpp>
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
