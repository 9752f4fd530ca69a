// Derivatives of the structured ops: gradients against central differences, forward against reverse
// mode, second order.
#include <croton/ir/ops.hpp>
#include <croton/passes/grad.hpp>

#include <array>
#include <limits>

#include "support/catch.hpp"
#include "support/finite_difference.hpp"

namespace ct = croton;
using ct::_, ct::Array, ct::Axis, ct::slice, ct::Variable, ct::Variables;
using ct::test::check_derivatives, ct::test::sample;

namespace {

Variable x_of(const ct::Shape& shape) { return ct::tensor<double>("x", shape); }

/// A scalar that depends on every element, each in its own way, to second order.
Variable mixed(const Variable& y)
{
    return sum(sin(y) * (iota(y.shape(), -1).as(ct::DType::f64) + 1));
}

template <class F>
void check(std::vector<std::int64_t> shape, const F& f)
{
    const Variable x = x_of(ct::Shape(shape.begin(), shape.end()));
    check_derivatives({x}, {sample(3, shape)}, mixed(f(x)));
}

Variable indices(std::vector<std::int64_t> values)
{
    return Array::copy(ct::View<std::int64_t>(values));
}

} // namespace

TEST_CASE("reductions have right derivatives")
{
    check({3, 4}, [](const Variable& x) { return sum(x, 1); });
    check({3, 4}, [](const Variable& x) { return prod(x, {0, 1}); });
    check({3, 4}, [](const Variable& x) { return prod(x, 0, true); });
    check({3, 4}, [](const Variable& x) { return prod(where(x > 1, x, 0), 1); });
    check({3, 4}, [](const Variable& x) { return max(x, Axis{1}); });
    check({3, 4}, [](const Variable& x) { return min(x, Axis{0}, true) * x; });
    check({3, 4}, [](const Variable& x) { return mean(x * x, {0, 1}); });
    check({3, 4}, [](const Variable& x) { return var(x, 1, true, 1) * x; });
    check({3, 4}, [](const Variable& x) { return stddev(x, 0); });
    check({3, 4}, [](const Variable& x) { return logsumexp(x * 2, 1); });
    check({3, 4}, [](const Variable& x) { return softmax(x * 3); });
    check({3, 4}, [](const Variable& x) { return log_softmax(x * 3, {0, 1}); });
    check({3, 4}, [](const Variable& x) { return cumsum(x, 1, true); });
    check({3, 4}, [](const Variable& x) { return cumprod(x, 1); });
    check({3, 4}, [](const Variable& x) { return cumprod(x, 0, true); });
}

TEST_CASE("gradients of products are right where factors are zero")
{
    const auto gradient = [](const std::vector<double>& at, auto f) {
        const Variable x = x_of({static_cast<std::int64_t>(at.size())});
        const Array v = Array::copy(ct::View<const double>(at));
        std::vector<double> g;
        const Variable x_bar = grad(f(x), x);
        for (std::size_t i = 0; i < at.size(); ++i)
            g.push_back(ct::test::value_at({x}, {v}, x_bar, static_cast<std::int64_t>(i)));
        return g;
    };
    const auto product = [](const Variable& x) { return prod(x); };
    const auto running = [](const Variable& x) { return sum(cumprod(x, 0)); };
    CHECK(gradient({2, 0, 3}, product) == std::vector<double>{0, 6, 0});
    CHECK(gradient({0, 0, 3}, product) == std::vector<double>{0, 0, 0});
    CHECK(gradient({2, 0, 3}, running) == std::vector<double>{1, 8, 0});
    CHECK(gradient({0, 0, 3}, running) == std::vector<double>{1, 0, 0});
    const auto largest = [](const Variable& x) { return max(x); };
    CHECK(gradient({2, 5, 5}, largest) == std::vector<double>{0, 0.5, 0.5});
    const auto smallest = [](const Variable& x) { return min(x); };
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(gradient({nan, 5, nan, 7}, largest) == std::vector<double>{0.5, 0, 0.5, 0});
    CHECK(gradient({1, nan, 7}, smallest) == std::vector<double>{0, 1, 0});
    const auto number = [](const Variable& x) { return max_number(x); };
    CHECK(gradient({nan, 1, 3, 2, 3}, number) == std::vector<double>{0, 0, 0.5, 0, 0.5});
}

TEST_CASE("products and powers have right derivatives of any order where a factor is zero")
{
    // f(at) and its first four derivatives.
    const auto derivatives = [](double at, auto f) {
        const Variable s = x_of({});
        std::vector<double> all;
        Variable y = f(s);
        for (int order = 0; order < 5; ++order) {
            all.push_back(ct::test::value_at({s}, {Array::scalar(at)}, y, 0));
            y = grad(y, s, {.disconnected_zero = true});
        }
        return all;
    };
    const auto factors = [](const Variable& s) { return ct::stack({s, s - 1, s + 2}); };
    const auto product = [&](const Variable& s) { return prod(factors(s)); };
    const auto running = [&](const Variable& s) { return cumprod(factors(s), 0)(2); };
    const auto from_end = [&](const Variable& s) { return cumprod(factors(s), 0, true)(0); };
    // s^3 + s^2 - 2s
    const std::vector<double> at_0{0, -2, 2, 6, 0}, at_1{0, 3, 8, 6, 0};
    for (const auto& [at, expected] : {std::pair(0.0, at_0), std::pair(1.0, at_1)}) {
        CHECK(derivatives(at, product) == expected);
        CHECK(derivatives(at, running) == expected);
        CHECK(derivatives(at, from_end) == expected);
    }
    const auto cube = [](const Variable& s) { return cumprod(ct::stack({s, s, s}), 0)(2); };
    CHECK(derivatives(0, cube) == std::vector<double>{0, 0, 0, 6, 0});
    CHECK(derivatives(1, [](const Variable& s) { return pow(s, s); }) ==
          std::vector<double>{1, 1, 2, 3, 8});
    for (const double tiny : {0.0, 5e-324, -1e-310}) // without an inverse
        CHECK(derivatives(tiny, [](const Variable& s) { return pow(s, 0 * s); })[1] == 0);
    const auto moved = [](const Variable& s) { return pow(s + 2, s); };
    CHECK(derivatives(0, moved)[2] == Approx(1 + std::log(2.0) * std::log(2.0)));
}

TEST_CASE("ops that move elements have right derivatives")
{
    check({3, 4}, [](const Variable& x) { return x(slice(1, _), slice(_, _, -2)); });
    check({3, 4}, [](const Variable& x) { return x(-1, ct::newaxis); });
    check({3, 4},
          [](const Variable& x) { return x.set({0, slice(1, 3)}, x(1, slice(0, 2)) * x(2, 0)); });
    check({3, 4}, [](const Variable& x) { return x.add({_, 1}, x(_, 0)); });
    check({3, 4}, [](const Variable& x) { return pad(x, {1, -1}, {0, 2}, x(0, 0)); });
    check({3, 4}, [](const Variable& x) { return flip(x, {0, 1}); });
    check({3, 4}, [](const Variable& x) { return tile(x, {2, 1}) * repeat(x, 2, 0); });
    check({3, 4}, [](const Variable& x) { return ct::concatenate({x, x * x, x}, 1); });
    check({3, 4}, [](const Variable& x) { return ct::stack({x, x * x}, -1); });
    check({4}, [](const Variable& x) { return unpack(x, {{2}, {1, 2}})[1] * x(0); });
    check({3, 4}, [](const Variable& x) { return diagonal(x, 1); });
    check({3, 4}, [](const Variable& x) { return diagonal(x, -1, 1, 0); });
    check({3, 3}, [](const Variable& x) { return tril(x) + diag(diag(x), 0) + triu(x, 1); });
}

TEST_CASE("a diagonal that begins below the last row has no elements, and a gradient of zeros")
{
    check({1, 3}, [](const Variable& x) { return diagonal(x, -2); });
    const auto n = ct::dim("n");
    const Variable x = x_of({n, n});
    for (const std::int64_t rows : {0, 1, 2, 4})
        check_derivatives({x}, {sample(3, {rows, rows})}, mixed(diagonal(x, -2)));
}

TEST_CASE("gathers and scatters have right derivatives")
{
    const Variable i = indices({0, 2, 0, -1});
    check({3, 4}, [&](const Variable& x) { return take(x, i, 0); });
    check({3, 4}, [&](const Variable& x) { return x(i, i) * x(i, 0); });
    check({4, 4}, [&](const Variable& x) { return take_along_axis(x, expand_dims(i, 1), 1); });
    check({4, 4}, [&](const Variable& x) { return x.add({i}, x * x); });
    check({4, 4}, [&](const Variable& x) { return x.set({i}, x * x); });
    check({4, 4}, [&](const Variable& x) { return x.set({slice(1, 3), i}, x(slice(2, _))); });
    check({4},
          [&](const Variable& x) { return scatter_add(ct::zeros(ct::DType::f64, {3}), {i}, x); });
}

TEST_CASE("products of arrays have right derivatives")
{
    check({3, 4}, [](const Variable& x) { return dot(x, x.T()); });
    check({4}, [](const Variable& x) { return dot(x, x) * x; });
    check({2, 3, 4}, [](const Variable& x) { return matmul(x, x.reshape({2, 4, 3})); });
    check({2, 3, 4}, [](const Variable& x) { return matmul(x(0), x.reshape({2, 4, 3})); });
    check({2, 3, 4},
          [](const Variable& x) { return matmul(x(slice(0, 1)), x.reshape({2, 4, 3})); });
    check({2, 3, 4}, [](const Variable& x) { return tensordot(x, x, {2, 0}, {2, 0}); });
    check({2, 3, 4}, [](const Variable& x) { return tensordot(x, x * 2, {0, 2}, {0, 2}); });
    check({3, 3}, [](const Variable& x) { return ct::einsum("ij,jk,ii->k", {x, x, x}); });
    check({3, 4}, [](const Variable& x) { return outer(x(0), x(_, 1)); });
}
