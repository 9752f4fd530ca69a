// Integers, rounding, division, casts and 16-bit floats of the prelude against their definitions.
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "prelude_operations.hpp"
#include "support/catch.hpp"

namespace {

template <class T>
std::vector<T> edge_integers()
{
    using L = std::numeric_limits<T>;
    std::vector<T> v{L::min(),
                     T(L::min() + 1),
                     T(-3),
                     T(-2),
                     T(-1),
                     0,
                     1,
                     2,
                     3,
                     7,
                     10,
                     T(L::max() - 1),
                     L::max(),
                     T(L::max() / 2),
                     T(sizeof(T) * 8 - 1),
                     T(sizeof(T) * 8),
                     T(sizeof(T) * 8 + 1)};
    std::mt19937_64 random(7);
    for (int i = 0; i < 60; ++i)
        v.push_back(static_cast<T>(random()));
    return v;
}

__extension__ using Wide = __int128;
__extension__ using UnsignedWide = unsigned __int128;

/// What an integer operation means, in 128 bits and then wrapped.
template <class T>
T wrapped(Wide x)
{
    return static_cast<T>(x);
}

template <class T>
T product(T a, T b)
{
    return static_cast<T>(static_cast<UnsignedWide>(a) * static_cast<UnsignedWide>(b));
}

template <class T>
T floor_div(T a, T b)
{
    if (b == 0) return 0;
    Wide q = Wide(a) / b;
    if (q * b != a && (a < 0) != (b < 0)) --q;
    return wrapped<T>(q);
}

template <class T>
T power(T a, T n)
{
    if (n < 0) return a == 1 ? T(1) : a == T(-1) ? (n % 2 != 0 ? T(-1) : T(1)) : T(0);
    T result = 1;
    for (auto left = static_cast<std::uint64_t>(n); left > 0; left >>= 1) {
        if (left & 1) result = product(result, a);
        a = product(a, a);
    }
    return result;
}

bool same(double a, double b)
{
    return std::isnan(a) ? std::isnan(b) : a == b && std::signbit(a) == std::signbit(b);
}

std::vector<double> edge_floats()
{
    constexpr double inf = std::numeric_limits<double>::infinity();
    std::vector<double> v{0.0,      0.5,    1.0,    1.5,   2.0,    2.5,          3.0,
                          0.1,      1e-40,  1e-310, 5.5,   100.75, 0x1p23,       0x1p24,
                          0x1.8p52, 0x1p53, 1e30,   1e300, inf,    std::nan(""), 7.0};
    std::size_t n = v.size();
    for (std::size_t i = 0; i < n; ++i)
        v.push_back(-v[i]);
    std::mt19937_64 random(3);
    std::normal_distribution<double> normal(0, 20);
    for (int i = 0; i < 40; ++i)
        v.push_back(normal(random));
    return v;
}

/// Python's remainder by way of the exact C one.
template <class T>
T python_mod(T a, T b)
{
    T r = std::fmod(a, b);
    if (r != 0) return (b < 0) != (r < 0) ? r + b : r;
    return std::isnan(r) ? r : std::copysign(T(0), b);
}

/// NumPy's definition.
template <class T>
T python_floor_div(T a, T b)
{
    if (b == 0) return a / b;
    T r = std::fmod(a, b);
    T q = (a - r) / b;
    if (r != 0 && (b < 0) != (r < 0)) q -= 1;
    if (q == 0) return std::copysign(T(0), a / b);
    T n = std::floor(q);
    return q - n > T(0.5) ? n + 1 : n;
}

} // namespace

TEMPLATE_TEST_CASE("integers wrap and never trap",
                   "",
                   std::int8_t,
                   std::int16_t,
                   std::int32_t,
                   std::int64_t,
                   std::uint8_t,
                   std::uint16_t,
                   std::uint32_t,
                   std::uint64_t)
{
    using T = TestType;
    const IntegerOperations<T>& op = integer_operations<T>();
    for (T a : edge_integers<T>()) {
        INFO("a = " << +a);
        CHECK(op.neg(a) == wrapped<T>(-Wide(a)));
        CHECK(op.abs(a) == wrapped<T>(a < 0 ? -Wide(a) : Wide(a)));
        CHECK(op.sign(a) == T((a > 0) - (a < 0)));
        for (T b : edge_integers<T>()) {
            INFO("b = " << +b);
            CHECK(op.add(a, b) == wrapped<T>(Wide(a) + b));
            CHECK(op.sub(a, b) == wrapped<T>(Wide(a) - b));
            CHECK(op.mul(a, b) ==
                  static_cast<T>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b)));
            CHECK(op.min(a, b) == std::min(a, b));
            CHECK(op.max(a, b) == std::max(a, b));
            CHECK(op.floor_div(a, b) == floor_div(a, b));
            T rest = b == 0 ? T(0) : wrapped<T>(Wide(a) - Wide(floor_div(a, b)) * b);
            CHECK(op.mod(a, b) == rest);
            CHECK(op.pow(a, b) == power(a, b));
            bool inside = b >= 0 && static_cast<std::uint64_t>(b) < sizeof(T) * 8;
            T left = inside ? static_cast<T>(static_cast<std::uint64_t>(a) << b) : T(0);
            CHECK(op.left_shift(a, b) == left);
            CHECK(op.right_shift(a, b) == (inside ? T(a >> b) : a < 0 ? T(-1) : T(0)));
        }
    }
}

TEMPLATE_TEST_CASE("floats become integers by truncation, clamped",
                   "",
                   std::int8_t,
                   std::int16_t,
                   std::int32_t,
                   std::int64_t,
                   std::uint8_t,
                   std::uint16_t,
                   std::uint32_t,
                   std::uint64_t)
{
    using T = TestType;
    using L = std::numeric_limits<T>;
    auto expected = [](double x) {
        if (std::isnan(x)) return T(0);
        if (x >= std::ldexp(1.0, L::digits)) return L::max();
        if (x <= static_cast<double>(L::min())) return L::min();
        return static_cast<T>(x);
    };
    std::vector<double> values = edge_floats();
    for (int shift : {7, 8, 15, 16, 31, 32, 63, 64})
        for (double delta : {-1.0, -0.5, 0.0, 0.5, 1.0})
            for (double sign : {-1.0, 1.0})
                values.push_back(sign * std::ldexp(1.0, shift) + delta);
    for (double x : values) {
        INFO("x = " << x);
        CHECK(integer_operations<T>().from_f64(x) == expected(x));
        auto narrow = static_cast<float>(x);
        CHECK(integer_operations<T>().from_f32(narrow) == expected(static_cast<double>(narrow)));
    }
}

TEMPLATE_TEST_CASE("floats round, compare and divide as NumPy has them", "", float, double)
{
    using T = TestType;
    const FloatOperations<T>& op = float_operations<T>();
    for (double wide_a : edge_floats()) {
        auto a = static_cast<T>(wide_a);
        INFO("a = " << a);
        CHECK(same(op.floor(a), std::floor(a)));
        CHECK(same(op.ceil(a), std::ceil(a)));
        CHECK(same(op.trunc(a), std::trunc(a)));
        CHECK(same(op.rint(a), std::nearbyint(a)));
        CHECK(same(op.sqrt(a), std::sqrt(a)));
        CHECK(same(op.rsqrt(a), 1 / std::sqrt(a)));
        CHECK(op.isnan(a) == std::isnan(a));
        CHECK(op.isinf(a) == std::isinf(a));
        CHECK(op.isfinite(a) == std::isfinite(a));
        CHECK(same(op.sign(a), a > 0 ? 1 : a < 0 ? -1 : a != a ? a : 0));
        for (double wide_b : edge_floats()) {
            auto b = static_cast<T>(wide_b);
            INFO("b = " << b);
            CHECK(same(op.copysign(a, b), std::copysign(a, b)));
            T nan = a + b;
            CHECK(same(op.max(a, b), std::isnan(nan) && (std::isnan(a) || std::isnan(b)) ? nan
                                     : a > b                                             ? a
                                                                                         : b));
            CHECK(same(op.min(a, b), std::isnan(nan) && (std::isnan(a) || std::isnan(b)) ? nan
                                     : a < b                                             ? a
                                                                                         : b));
            CHECK(same(op.mod(a, b), python_mod(a, b)));
            T quotient = python_floor_div(a, b);
            if (std::abs(quotient) < 0x1p22) // beyond, NumPy's own steps round
                CHECK(same(op.floor_div(a, b), quotient));
        }
    }
}

TEST_CASE("16-bit floats round to nearest even and come back exactly")
{
    for (unsigned bits = 0; bits < 65536; ++bits) {
        auto h = static_cast<std::uint16_t>(bits);
        float x = from_f16(h);
        int exponent = static_cast<int>(bits >> 10 & 31);
        double mantissa = (bits & 1023) + (exponent > 0 ? 1024.0 : 0.0);
        double value = std::ldexp(mantissa, std::max(exponent, 1) - 25);
        if (exponent == 31)
            value = mantissa == 1024.0 ? std::numeric_limits<double>::infinity() : NAN;
        REQUIRE(same(static_cast<double>(x), bits >> 15 ? -value : value));
        std::uint16_t quiet = std::isnan(x) ? 0x0200 : 0;
        REQUIRE(float_operations<float>().to_f16(x) == (h | quiet));
        REQUIRE(float_operations<double>().to_f16(static_cast<double>(x)) == (h | quiet));
        if (exponent < 30) { // between two neighbours: the even one, or the nearer
            double next = static_cast<double>(from_f16(static_cast<std::uint16_t>(h + 1)));
            double middle = (static_cast<double>(x) + next) / 2;
            auto even = static_cast<std::uint16_t>(h + (h & 1));
            REQUIRE(float_operations<float>().to_f16(static_cast<float>(middle)) == even);
            double nearer = middle * (1 + 0x1p-40);
            REQUIRE(float_operations<double>().to_f16(nearer) == h + 1);
        }
        float y = from_bf16(h);
        std::uint16_t quiet_b = std::isnan(y) ? 0x0040 : 0;
        REQUIRE(float_operations<float>().to_bf16(y) == (h | quiet_b));
        if ((bits >> 7 & 255) < 254) {
            float up = from_bf16(static_cast<std::uint16_t>(h + 1));
            double middle = (static_cast<double>(y) + static_cast<double>(up)) / 2;
            auto even = static_cast<std::uint16_t>(h + (h & 1));
            REQUIRE(float_operations<double>().to_bf16(middle) == even);
        }
    }
    CHECK(float_operations<float>().to_f16(65519.9f) == 0x7bff);
    CHECK(float_operations<float>().to_f16(65520.0f) == 0x7c00);
}
