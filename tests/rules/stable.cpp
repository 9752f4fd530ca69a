// What overflows, underflows or cancels as written is right to a few units once it is compiled.
#include <croton/croton.hpp>

#include <cmath>
#include <vector>

#include "rules/big.hpp"
#include "support/catch.hpp"

using namespace croton;
using namespace croton::test;

namespace {

/// log(erfc(x)), and its first and second derivative, with 100 digits.
std::vector<Big> exact_derivatives(double at)
{
    const Variable x = input("x", DType::f64, {});
    const Array value = Array::scalar(at);
    const auto exact = [&](const Variable& v) {
        return exact_value(v, std::span(&x, 1), std::span(&value, 1), 0);
    };
    const Big slope = -2 / sqrt(4 * atan(Big(1))) * exact(exp(-square(x)) / erfc(x));
    return {exact(log(erfc(x))), slope, -slope * (2 * Big(at) + slope)};
}

struct Format {
    double epsilon; ///< the distance from 1 to the next number
    double tail;    ///< from where on log(erfc(x)) is made of the tail's form
};

Format format_of(DType t)
{
    if (t == DType::f64) return {0x1p-52, 26};
    if (t == DType::f32) return {0x1p-23, 9};
    return {t == DType::f16 ? 0x1p-10 : 0x1p-7, 2};
}

void check(DType t, const std::vector<double>& numbers)
{
    const Format format = format_of(t);
    const Array points = Array::copy(numbers).cast(t);
    const Variable x = input("x", t, {points.size()});
    const Variable y = log(erfc(x));
    const Variable slope = grad(sum(y), x);
    const Variable ratio = exp(-square(x)) / erfc(x);
    const auto f = function(x, Variables{y, slope, grad(sum(slope), x), ratio}, {.name = "tail"});
    const Results got = f(points);
    for (std::int64_t i = 0; i < points.size(); ++i) {
        const double point = points.as_double(i);
        std::vector<Big> exact = exact_derivatives(point);
        exact.push_back(exact[1] * sqrt(4 * atan(Big(1))) / -2);
        for (std::size_t k = 0; k < exact.size(); ++k) {
            const double value = got[k].as_double(i);
            INFO(name(t) << ", x = " << point << ", output " << k << ": " << value << ", exactly "
                         << exact[k].convert_to<double>());
            // Before the tail the error is that of the square in exp(-square(x)), and a second
            // derivative cancels.
            const double square = point * point;
            const double units = k == 0 || point >= format.tail ? 2
                                 : k == 2                       ? 8 + square * square
                                                                : 8 + square;
            const double bound = units * format.epsilon;
            CHECK(abs(Big(value) - exact[k]) <= bound * abs(exact[k]));
        }
    }
}

} // namespace

TEST_CASE("every way to write a stable form is found")
{
    const Variable x = scalar<double>("x");
    const auto at = [&](double value, const Variable& y) {
        return function(x, y, {.name = "stable", .fast_start = true})(value)[0].as_double(0);
    };
    CHECK(at(1e-20, -1 + exp(x)) == 1e-20);
    CHECK(at(1e-20, exp(x) + -1) == 1e-20);
    CHECK(at(10, -1 + erf(x)) == Approx(-std::erfc(10.0)));
    CHECK(at(1e-20, erfc(-x) - 1) == Approx(std::erf(1e-20)));
    CHECK(at(1e-20, -1 + erfc(-x)) == Approx(std::erf(1e-20)));
    CHECK(at(1e-20, 1 - erfc(x)) == Approx(std::erf(1e-20)));
    CHECK(at(-1e200, sqrt(x * x)) == 1e200);
    CHECK(at(-1e200, 1 / sqrt(x * x)) == 1e-200);
    CHECK(at(1e200, x / sqrt(square(x))) == Approx(1));
    CHECK(at(-1000, sigmoid(x) * exp(-x)) == 1);
    CHECK(at(-1000, exp(-x) * sigmoid(x)) == 1);
    CHECK(at(-1000, exp(-x) * 3 * sigmoid(x)) == 3);
    CHECK(at(-1000, sigmoid(x) * 3 * exp(-x)) == 3);
    CHECK(at(1000, log(exp(x) + exp(x - 1) + exp(x + 1))) == Approx(1001.4076059644444));
    CHECK(at(-1000, log(exp(x) + exp(x - 1) + exp(x + 1))) == Approx(-998.5923940355556));
    CHECK(at(1000, log((exp(x) + exp(x)) + (exp(x) + exp(x)))) == Approx(1000 + std::log(4.0)));
    CHECK(at(1000, log(1 + exp(x) + exp(x))) == Approx(1000 + std::log(2.0)));
    CHECK(at(-40, log(exp(x) + exp(x) + 1)) == Approx(2 * std::exp(-40.0)));
}

TEST_CASE("a softmax is found in the ways to write one, whatever axes are left")
{
    const Variable v = vector<float>("v", {4}), m = matrix<float>("m", {2, 2});
    const Array numbers = Array::copy(std::vector<float>{1000, 1001, 999, 0});
    const auto first = [&](const Variable& x, const Variable& y) {
        return function(x, y, {.name = "softmax", .fast_start = true})(
                   x.rank() == 1 ? numbers : numbers.reshape({2, 2}))[0]
            .as_double(0);
    };
    const double of_four = 1 / (1 + std::exp(1.0) + std::exp(-1.0));
    const double of_two = 1 / (1 + std::exp(1.0));
    CHECK(first(v, exp(v) / sum(exp(v))) == Approx(of_four));
    CHECK(first(v, v - log(sum(exp(v)))) == Approx(std::log(of_four)));
    CHECK(first(m, exp(m) / sum(exp(m), Axis(1), true)) == Approx(of_two));
    CHECK(first(m, exp(m) / sum(exp(m))) == Approx(of_four));
    CHECK(first(m, exp(m) / sum(exp(m), Axis(0))) == Approx(1 / (1 + std::exp(-1.0))));
    // Columns' sums under rows: no softmax.
    CHECK(std::isnan(first(m, exp(m) / sum(exp(m), Axis(1)))));
}

TEST_CASE("the logarithm of a product is right where the product underflows")
{
    const Variable x = vector<double>("x", {200});
    const std::vector<double> low(200, -40), tiny(200, -1e-30);
    const Variables products{log(prod(sigmoid(x))), log(abs(prod(x))), log(square(prod(x))),
                             log(prod(abs(x)))};
    const auto f = function(x, products, {.name = "products", .fast_start = true});
    CHECK(f(low)[0].as_double(0) == Approx(-8000));
    for (const std::size_t i : {1, 3})
        CHECK(f(tiny)[i].as_double(0) == Approx(200 * std::log(1e-30)));
    CHECK(f(tiny)[2].as_double(0) == Approx(400 * std::log(1e-30)));
}

TEST_CASE("log(erfc(x)) and its derivatives are right where erfc(x) underflows")
{
    check(DType::f64, {-5, -0.5, 0.5, 3, 10, 25.99, 26, 26.5, 27, 30, 100, 1e4});
    check(DType::f32, {-5, -0.5, 0.5, 3, 8.99, 9, 9.3, 10, 26, 27, 30, 100, 1e4});
    check(DType::f16,
          {-2, -0.5, 0.5, 1.999, 2, 2.5, 2.8, 2.97, 3, 3.1, 4, 5, 6, 8, 9, 10, 26, 100});
    check(DType::bf16, {-5, -0.5, 0.5, 1.99, 2, 2.5, 2.9, 3, 3.1, 4, 5, 6, 8, 9, 10, 26, 100, 1e4});
}
