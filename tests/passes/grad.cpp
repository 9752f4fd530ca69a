#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/reference.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/passes/grad.hpp>

#include <cmath>

#include "support/catch.hpp"
#include "support/finite_difference.hpp"

using namespace croton;
using namespace croton::test;

TEST_CASE("grad of arithmetic, shapes and sums")
{
    const auto n = dim("n");
    const Variable x = matrix<double>("x", {n, 3});
    const Variable b = vector<double>("b", {3});
    const Variable s = scalar<double>("s");
    const std::vector<Array> values{sample(1, {2, 3}), sample(2, {3}), sample(3, {})};
    check_derivatives({x, b, s}, values, sum(x * b + s));
    check_derivatives({x, b, s}, values, sum((x - b) / (x * x + s)) * s);
    check_derivatives({x, b, s}, values, sum(x.T().reshape({3 * n}) * 2.0 - s) / s);
    check_derivatives({x, b, s}, values, sum(sum(x, 0) * b * sum(x * s, Axis{1}, true)));
    check_derivatives({x, b, s}, values, s);
}

TEST_CASE("grad: x may be an intermediate Variable, and depend on another x")
{
    const Variable x = scalar<double>("x");
    const Variable h = x * x;
    const Variable y = h * h * x;
    const auto [x_bar, h_bar] = grad(y, {x, h});
    const std::vector<Array> at{Array::scalar(3.0)};
    CHECK(value_at({x}, at, h_bar) == 2 * 9 * 3.0);
    CHECK(value_at({x}, at, x_bar) == 5 * 81.0);
    CHECK(value_at({x}, at, grad(y, y)) == 1);
}

TEST_CASE("the gradient of a loss is that of its stable form: log(softmax(x)) where softmax is 0")
{
    const Variable x = matrix<double>("x", {1, 2});
    const Variable label = vector<std::int64_t>("label", {1});
    const Variable likely = take_along_axis(softmax(x, 1), expand_dims(label, 1), 1);
    const std::vector<double> row{1000, 0};
    const std::vector<Array> at{Array::copy(View<const double, 1>(row)).reshape({1, 2}),
                                Array::full<std::int64_t>({1}, 1)};
    const Variables inputs{x, label};
    const auto values = [](const Array& a) {
        const double* first = static_cast<const double*>(a.data());
        return std::vector<double>(first, first + a.size());
    };
    const Array x_bar = evaluate_reference(inputs, at, grad(-sum(log(likely)), {x}))[0];
    CHECK(values(x_bar) == std::vector<double>{1, -1});
    // A computed x: its derivative is taken as it stands.
    const Variable y = softmax(x, 1);
    const Array y_bar = evaluate_reference(inputs, at, grad(-sum(log(y)), {y}))[0];
    CHECK(values(y_bar) == std::vector<double>{-1, -INFINITY});
}

TEST_CASE("grad of grad")
{
    const Variable x = scalar<double>("x");
    const Variable y = 1.0 / (x * x);
    const Variable third = grad(grad(grad(y, x), x), x);
    CHECK(value_at({x}, {Array::scalar(2.0)}, third) == Approx(-24.0 / 32));
}

TEST_CASE("grad of gelu, gelu_tanh and silu keeps its digits in the lower tail")
{
    const Variable x = scalar<double>("x");
    const auto slope = [&](const Variable& y, double at) {
        return value_at({x}, {Array::scalar(at)}, grad(y, x));
    };
    CHECK(slope(gelu_tanh(x), -9) == Approx(-2.51573528506742515e-27).epsilon(1e-13));
    CHECK(slope(gelu_tanh(x), -15) == Approx(-7.7446337695007666e-113).epsilon(1e-13));
    CHECK(slope(gelu_tanh(x), 3) == Approx(1.01158416663096973).epsilon(1e-14));
    CHECK(slope(silu(x), -100) == Approx(-99 * std::exp(-100.0)).epsilon(1e-13));
    CHECK(slope(gelu(x), -12) == Approx(-2.55789566167489562e-31).epsilon(1e-13));
}

TEST_CASE("grad keeps narrow dtypes and flows through casts")
{
    const Variable x = vector<float>("x", {2});
    const Variable y = sum(x.as(DType::f64) * x.as(DType::f64));
    const Variable bar = grad(y, x);
    CHECK(bar.dtype() == DType::f32);
    const std::vector<Array> at{Array::full<float>({2}, 3.0f)};
    CHECK(value_at({x}, at, bar) == 6);
    CHECK_THROWS_WITH(grad(sum(x.as(DType::i32)).as(DType::f32), x),
                      contains("only through cast (grad.cpp:"));
}

TEST_CASE("vjp contracts with the cotangents given")
{
    const Variable x = vector<double>("x", {3});
    const Variables bars = vjp({x * x, sum(x)}, {x}, {Variable(2.0), Variable(1.0)});
    const std::vector<Array> got =
        evaluate_reference(Variables{x}, std::vector<Array>{Array::full<double>({3}, 5)}, bars);
    CHECK(got[0].as_double(2) == 21);
    CHECK_THROWS_WITH(vjp({x}, {x}, {vector<double>("v", {4})}),
                      "vjp: a direction of shape (4) does not fit 'x': its shape is (3)");
    CHECK_THROWS_WITH(vjp({x}, {x}, {}), "vjp: 0 cotangents for 1 result: each result needs one");
    CHECK_THROWS_WITH(jvp(x, {x}, {x, x}), "jvp: 2 tangents for 1 x: each x needs one");
}

TEST_CASE("grad: what has no gradient is refused at the caller's line")
{
    const Variable x = matrix<double>("x", {3, 4});
    const Variable w = scalar<double>("w");
    const Variable i = scalar<std::int64_t>("i");
    CHECK_THROWS_WITH(
        grad(x, x),
        "grad: the loss must be a scalar, it has shape (3, 4); sum it, or use jacobian or vjp");
    const auto line = __LINE__ + 1;
    const Variable product = i * 2;
    CHECK_THROWS_WITH(grad(product, i),
                      "grad: the loss must be floating point: the result of mul (grad.cpp:" +
                          std::to_string(line) + ") is i64");
    CHECK_THROWS_WITH(grad(w * 2, i), "grad: x must be floating point: 'i' is i64");
    CHECK_THROWS_WITH(grad(w, Variable()),
                      "grad: x is an empty Variable: nothing was assigned to it");
    CHECK_THROWS_WITH(grad(sum(x), {w}), "grad: the loss does not depend on 'w'");
    CHECK(value_at({w}, {Array::scalar(1.0)}, grad(w * 2, x, {.disconnected_zero = true})) == 0);
    try {
        grad(x, x);
        FAIL("not refused");
    } catch (const UserError& e) {
        CHECK(e.where().line() == __LINE__ - 3);
        CHECK(e.code() == Code::shape);
    }
}

TEST_CASE("stop_gradient stops above ops that have no gradient, in both modes")
{
    const Variable x = scalar<double>("x");
    const Variable y = floor(stop_gradient(x * 2)) * x;
    const std::vector<Array> at{Array::scalar(-0.75)};
    CHECK(value_at({x}, at, grad(y, x)) == -2);
    CHECK(value_at({x}, at, vjp({y}, {x}, {1.0})[0]) == -2);
    CHECK(value_at({x}, at, jvp(y, {x}, {1.0})) == -2);
    const Variable apart = floor(stop_gradient(x));
    CHECK(value_at({x}, at, grad(apart, x, {.disconnected_zero = true})) == 0);
}

TEST_CASE("grad: an op without a gradient is named with its reason and its line")
{
    static constexpr Op steps_op{
        .name = "steps",
        .doc = "floor(x).",
        .dtype = promote_to_float,
        .shape = same_shape,
        .lowering = Pointwise{"floor({a})"},
        .reference = reference_of<1>([](std::floating_point auto x) { return std::floor(x); }),
        .grad = not_differentiable("it is piecewise constant"),
    };
    const Variable x = scalar<double>("x");
    const Variable y = apply(steps_op, {x * 2});
    CHECK_THROWS_WITH(grad(y + x, x), "grad: steps (grad.cpp:" + std::to_string(__LINE__ - 1) +
                                          ") has no gradient: it is piecewise constant");
}

TEST_CASE("grad: applies made have the lines of those they come from")
{
    const Variable x = scalar<double>("x");
    const Variable y = x * x; // the line
    const auto line = static_cast<std::uint32_t>(__LINE__ - 1);
    const Variable x_bar = grad(y, x);
    for (const Apply& a : applies_of(std::span(&x_bar, 1)))
        CHECK(a.location()->line() == line);
}

TEST_CASE("grad makes a bounded number of applies for each and does not recurse")
{
    const auto count = [](int n) {
        const Variable x = scalar<double>("x");
        Variable y = x;
        for (int i = 0; i < n; ++i)
            y = y * x;
        const Variable x_bar = grad(y, x);
        return applies_of(std::span(&x_bar, 1)).size();
    };
    const std::size_t few = count(10);
    CHECK(few < 60);
    CHECK(count(10'000) < 6 * 10'000);
    CHECK(count(1'000'000) < 6'000'000);
}
