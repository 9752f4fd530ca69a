// What overflows, underflows or cancels as written is right to a few units once it is compiled.
#include <croton/croton.hpp>

#include <cmath>
#include <limits>
#include <utility>
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

template <class T>
void check(const std::vector<T>& points)
{
    const Variable x = vector<T>("x", {static_cast<std::int64_t>(points.size())});
    const Variable y = log(erfc(x));
    const Variable slope = grad(sum(y), x);
    const Variable ratio = exp(-square(x)) / erfc(x);
    const auto f = function(x, Variables{y, slope, grad(sum(slope), x), ratio}, {.name = "tail"});
    const Results got = f(points);
    for (std::size_t i = 0; i < points.size(); ++i) {
        std::vector<Big> exact = exact_derivatives(static_cast<double>(points[i]));
        exact.push_back(exact[1] * sqrt(4 * atan(Big(1))) / -2);
        for (std::size_t k = 0; k < exact.size(); ++k) {
            const double value = got[k].as_double(static_cast<std::int64_t>(i));
            INFO("x = " << points[i] << ", output " << k << ": " << value << ", exactly "
                        << exact[k].template convert_to<double>());
            // Of exp(-square(x)) the error is that of the square; a second derivative cancels.
            const double square = std::min<double>(points[i] * points[i], 800);
            const double units = k == 0 ? 2 : k == 2 ? 8 + square * square : 8 + square;
            const double bound = units * std::numeric_limits<T>::epsilon();
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
    check<double>({-5, -0.5, 0.5, 3, 10, 25.99, 26, 26.5, 27, 30, 100, 1e4});
    check<float>({-5, -0.5F, 0.5F, 3, 8.99F, 9, 9.3F, 10, 26, 27, 30, 100, 1e4F});
}
