// References of the pointwise ops on special values, as NumPy has them.
#include <croton/ir/ops.hpp>
#include <croton/ir/reference.hpp>

#include <cmath>
#include <limits>

#include "support/catch.hpp"

namespace ct = croton;
using ct::Variable;

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

/// The value of an expression of constants.
double real(const Variable& y)
{
    return ct::evaluate_reference({}, {}, std::span(&y, 1))[0].as_double(0);
}
std::int64_t integer(const Variable& y)
{
    return ct::evaluate_reference({}, {}, std::span(&y, 1))[0].as_int(0);
}

/// A 0-d constant of T's dtype.
template <class T>
Variable c(T value)
{
    return ct::Array::scalar(value);
}

/// The same value, zeros with the same sign, NaN for NaN.
bool same_value(double a, double b)
{
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
    return a == b && std::signbit(a) == std::signbit(b);
}
bool is_near(double a, double b, double relative)
{
    return std::abs(a - b) <= relative * std::abs(b);
}
#define CHECK_REAL(expression, expected) CHECK(same_value(real(expression), expected))

} // namespace

TEST_CASE("floor_div and mod of floats round down, with NumPy's signs of zero")
{
    CHECK_REAL(floor_div(c(7.0), c(-2.0)), -4.0);
    CHECK_REAL(floor_div(c(0.3), c(0.1)), 2.0);
    CHECK_REAL(floor_div(c(1.0), c(0.0)), inf);
    CHECK_REAL(floor_div(c(0.0), c(0.0)), nan_value);
    CHECK_REAL(floor_div(c(inf), c(2.0)), nan_value);
    CHECK_REAL(floor_div(c(1.0), c(-inf)), -1.0);
    CHECK_REAL(floor_div(c(-0.0), c(2.0)), -0.0);
    CHECK_REAL(c(7.0) % c(-2.0), -1.0);
    CHECK_REAL(c(-7.0) % c(2.0), 1.0);
    CHECK_REAL(c(4.0) % c(-2.0), -0.0);
    CHECK_REAL(c(1.0) % c(0.0), nan_value);
    CHECK_REAL(c(inf) % c(2.0), nan_value);
    CHECK_REAL(c(2.5) % c(-inf), -inf);
    CHECK_REAL(c(2.5) % c(inf), 2.5);
}

TEST_CASE("integers wrap, and division by zero is 0")
{
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    CHECK(integer(floor_div(c(std::int64_t{7}), c(std::int64_t{0}))) == 0);
    CHECK(integer(c(std::int64_t{7}) % c(std::int64_t{0})) == 0);
    CHECK(integer(floor_div(c(least), c(std::int64_t{-1}))) == least);
    CHECK(integer(c(least) % c(std::int64_t{-1})) == 0);
    CHECK(integer(floor_div(c(std::int8_t{-128}), c(std::int8_t{-1}))) == -128);
    CHECK(integer(floor_div(c(-7), c(2))) == -4);
    CHECK(integer(floor_div(c(7), c(-2))) == -4);
    CHECK(integer(c(-7) % c(2)) == 1);
    CHECK(integer(c(7) % c(-2)) == -1);
    CHECK(integer(floor_div(c(7u), c(2u))) == 3);
    CHECK(integer(c(~std::uint64_t{0}) % c(std::uint64_t{10})) == 5);
    CHECK(integer(abs(c(least))) == least);
    CHECK(integer(abs(c(std::int8_t{-128}))) == -128);
    CHECK(integer(square(c(std::int32_t{1} << 16))) == 0);
    CHECK(integer(-c(std::uint8_t{1})) == 255);
}

TEST_CASE("integer powers wrap, and a negative power is that of the fraction towards 0")
{
    CHECK(integer(pow(c(3), c(4))) == 81);
    CHECK(integer(pow(c(0), c(0))) == 1);
    CHECK(integer(pow(c(std::int8_t{2}), c(std::int8_t{7}))) == -128);
    CHECK(integer(pow(c(2), -c(1))) == 0);
    CHECK(integer(pow(c(-1), -c(3))) == -1);
    CHECK(integer(pow(c(-1), -c(2))) == 1);
    CHECK(integer(pow(c(std::uint64_t{3}), c(std::uint64_t{40}))) ==
          static_cast<std::int64_t>(12157665459056928801u));
}

TEST_CASE("maximum, minimum, clip and relu propagate NaN")
{
    CHECK_REAL(maximum(c(nan_value), c(1.0)), nan_value);
    CHECK_REAL(maximum(c(1.0), c(nan_value)), nan_value);
    CHECK_REAL(minimum(c(nan_value), c(-inf)), nan_value);
    CHECK_REAL(minimum(c(1.0), c(nan_value)), nan_value);
    CHECK_REAL(maximum(c(-inf), c(-2.0)), -2.0);
    CHECK_REAL(clip(c(nan_value), c(0.0), c(1.0)), nan_value);
    CHECK_REAL(clip(c(3.0), c(0.0), c(1.0)), 1.0);
    CHECK_REAL(clip(c(0.5), c(2.0), c(1.0)), 1.0);
    CHECK_REAL(relu(c(nan_value)), nan_value);
    CHECK_REAL(relu(c(-inf)), 0.0);
    CHECK_REAL(relu(c(-0.0)), 0.0);
    CHECK(integer(relu(c(-3))) == 0);
    CHECK(integer(maximum(c(true), c(false))) == 1);
    CHECK(integer(minimum(c(true), c(false))) == 0);
    CHECK(integer(maximum(c(~std::uint64_t{0}), c(std::uint64_t{1}))) == -1);
}

TEST_CASE("signs, zeros and rounding")
{
    CHECK_REAL(sign(c(-0.0)), 0.0);
    CHECK_REAL(sign(c(nan_value)), nan_value);
    CHECK_REAL(sign(c(-inf)), -1.0);
    CHECK(integer(sign(c(-7))) == -1);
    CHECK(integer(sign(c(7u))) == 1);
    CHECK_REAL(abs(c(-0.0)), 0.0);
    CHECK_REAL(sqrt(c(-0.0)), -0.0);
    CHECK_REAL(sqrt(c(-1.0)), nan_value);
    CHECK_REAL(rsqrt(c(0.0)), inf);
    CHECK_REAL(round(c(0.5)), 0.0);
    CHECK_REAL(round(c(1.5)), 2.0);
    CHECK_REAL(round(c(-0.5)), -0.0);
    CHECK_REAL(round(c(-2.5)), -2.0);
    CHECK_REAL(round_through(c(2.5)), 2.0);
    CHECK_REAL(floor(c(-0.5)), -1.0);
    CHECK_REAL(ceil(c(-0.5)), -0.0);
    CHECK_REAL(trunc(c(-1.5)), -1.0);
    CHECK_REAL(floor(c(-inf)), -inf);
    CHECK(integer(floor(c(~std::uint64_t{0}))) == -1); // not by way of f64
    CHECK(integer(stop_gradient(c(std::int64_t{9007199254740993}))) == 9007199254740993);
}

TEST_CASE("activations neither overflow nor lose their tails")
{
    CHECK_REAL(sigmoid(c(1000.0)), 1.0);
    CHECK_REAL(sigmoid(c(-1000.0)), 0.0);
    CHECK_REAL(softplus(c(1000.0)), 1000.0);
    CHECK_REAL(softplus(c(-1000.0)), 0.0);
    CHECK_REAL(softplus(c(nan_value)), nan_value);
    CHECK_REAL(softplus(c(inf)), inf);
    CHECK(is_near(real(softplus(c(-40.0))), std::exp(-40.0), 1e-14));
    CHECK(is_near(real(norm_cdf(c(-20.0))), 2.7536241186062337e-89, 1e-12));
    CHECK(is_near(real(gelu(c(1.0))), 0.84134474606854293, 1e-14));
    CHECK(is_near(real(gelu_tanh(c(1.0))), 0.84119199060827676, 1e-14));
    CHECK(is_near(real(silu(c(1.0))), 0.73105857863000490, 1e-14));
    CHECK(is_near(real(norm_cdf(c(-30.0))), 4.90671392714818706e-198, 1e-15));
    CHECK(is_near(real(gelu(c(-12.0))), -2.1317785344932148e-32, 1e-15));
    CHECK(is_near(real(gelu_tanh(c(-9.0))), -1.33645959473487255e-28, 1e-15));
    CHECK(is_near(real(silu(c(-700.0))), -6.9017735806318396e-302, 1e-15));
    CHECK(is_near(real(log1mexp(c(-0.5))), -0.932752129567188572, 1e-15));
    for (const auto& gated : {gelu(c(-inf)), gelu_tanh(c(-inf)), silu(c(-inf)), gelu(c(-1000.0))})
        CHECK_REAL(gated, -0.0);
    for (const auto& gated : {gelu(c(inf)), gelu_tanh(c(inf)), silu(c(inf))})
        CHECK_REAL(gated, inf);
}

TEST_CASE("NaN is unequal to everything, and zeros are equal")
{
    CHECK(integer(c(nan_value) == c(nan_value)) == 0);
    CHECK(integer(c(nan_value) != c(nan_value)) == 1);
    CHECK(integer(c(nan_value) <= c(1.0)) == 0);
    CHECK(integer(c(0.0) == c(-0.0)) == 1);
    CHECK(integer(c(~std::uint64_t{0}) > c(std::uint64_t{1})) == 1);
    CHECK(integer(isnan(c(nan_value))) == 1);
    CHECK(integer(isinf(c(-inf))) == 1);
    CHECK(integer(isfinite(c(nan_value))) == 0);
    CHECK(integer(isfinite(c(3))) == 1);
    CHECK_REAL(where(c(true), c(1.0), c(nan_value)), 1.0);
    CHECK_REAL(where(c(false), c(1.0), c(nan_value)), nan_value);
    CHECK(integer(where(c(false), c(~std::uint64_t{0}), c(std::uint64_t{3}))) == 3);
}

TEST_CASE("logic and bits")
{
    CHECK(integer(c(true) && c(false)) == 0);
    CHECK(integer(c(true) || c(false)) == 1);
    CHECK(integer(!c(true)) == 0);
    CHECK(integer(~c(true)) == 0);
    CHECK(integer(c(true) ^ c(true)) == 0);
    CHECK(integer(~c(std::int8_t{5})) == -6);
    CHECK(integer(~c(std::uint8_t{5})) == 250);
    CHECK(integer(c(12) & c(10)) == 8);
    CHECK(integer(c(12) | c(10)) == 14);
    CHECK(integer(c(12) ^ c(10)) == 6);
}

TEST_CASE("shifts by too much or by a negative count leave only the sign")
{
    CHECK(integer(left_shift(c(1), c(4))) == 16);
    CHECK(integer(left_shift(c(std::int8_t{1}), c(std::int8_t{7}))) == -128);
    CHECK(integer(left_shift(c(std::int8_t{1}), c(std::int8_t{8}))) == 0);
    CHECK(integer(left_shift(c(std::int64_t{1}), c(std::int64_t{64}))) == 0);
    CHECK(integer(left_shift(c(1), c(-1))) == 0);
    CHECK(integer(right_shift(c(-5), c(1))) == -3);
    CHECK(integer(right_shift(c(-5), c(40))) == -1);
    CHECK(integer(right_shift(c(-5), c(-1))) == -1);
    CHECK(integer(right_shift(c(5), c(-1))) == 0);
    CHECK(integer(right_shift(c(~std::uint64_t{0}), c(std::uint64_t{63}))) == 1);
    CHECK(integer(right_shift(c(std::uint8_t{255}), c(std::uint8_t{9}))) == 0);
}

TEST_CASE("softmax of a line with inf is NaN, of one of -inf alone 0")
{
    const Variable line = croton::stack({c(inf), c(800.0), c(-inf)});
    const Variable masked = croton::stack({c(-inf), c(-inf)});
    for (const int i : {0, 1, 2}) {
        CHECK_REAL(softmax(line, 0)(i), nan_value);
        CHECK_REAL(log_softmax(line, 0)(i), nan_value);
    }
    CHECK_REAL(softmax(masked, 0)(1), 0.0);
    CHECK_REAL(logsumexp(line), inf);
    CHECK_REAL(logsumexp(masked), -inf);
}
