// Elementary functions of the prelude against MPFR: samples and edges here, more of them and every
// f32 under [.exhaustive]. It prints the largest errors.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "math_cases.hpp"
#include "support/catch.hpp"

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

struct Worst {
    double ulp = 0;
    double x = 0;
    double y = 0; ///< the second argument, if there is one

    void take(double error, double at, double other = 0)
    {
        if (error > ulp) *this = {error, at, other};
    }
};

/// Zeros, infinities, NaN, and where results of some function become constant or infinite.
std::vector<double> common_edges()
{
    std::vector<double> v{0,
                          inf,
                          1,
                          2,
                          0.5,
                          0.25,
                          0.47,
                          3,
                          4,
                          1e8,
                          1e30,
                          1e300,
                          0x1p-126,
                          0x1p-149,
                          0x1p-130,
                          0x1p-1022,
                          0x1p-1074,
                          0x1p-1060,
                          0x1.fffffep127,
                          0x1p128,
                          0x1.fffffffffffffp1023,
                          88.72283,
                          88.72284,
                          88.8,
                          89.4,
                          87.34,
                          103.9,
                          104,
                          709.78,
                          709.79,
                          710.4758,
                          710.476,
                          708.4,
                          745.1,
                          745.2,
                          1024,
                          1023.99,
                          127.99,
                          128,
                          149,
                          150,
                          1074,
                          1075,
                          26.54,
                          27.2,
                          10.05,
                          0x1p20,
                          0x1.000002p20,
                          0x1p21,
                          6381956970095103.0 * 0x1p797, // the f64 nearest to a multiple of pi/2
                          16367173.0 * 0x1p72,
                          0x1.921fb54442d18p0,
                          0x1.921fb6p0,
                          0x1.6a09e6p0,
                          0x1.555556p-1,
                          0.99999994,
                          0x1.fffffffffffffp-1,
                          1 + 0x1p-23,
                          1 + 0x1p-52};
    for (int e = 10; e <= 60; e += 3)
        v.push_back(std::ldexp(1.0, -e));
    std::size_t n = v.size();
    for (std::size_t i = 0; i < n; ++i)
        v.push_back(-v[i]);
    v.push_back(std::nan(""));
    return v;
}

/// The common ones, and a function's own with the next few numbers of T around them.
template <class T, class Function>
std::vector<T> edges(const Function& function)
{
    std::vector<T> all;
    for (double edge : common_edges())
        all.push_back(static_cast<T>(edge));
    constexpr int around = 4;
    for (double edge : function.edges)
        for (double sign : {1.0, -1.0}) {
            auto x = static_cast<T>(sign * edge);
            for (int i = 0; i < around; ++i)
                x = std::nextafter(x, T{0});
            for (int i = 0; i <= 2 * around; ++i, x = std::nextafter(x, static_cast<T>(sign * inf)))
                all.push_back(x);
        }
    return all;
}

template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

template <class T>
T from_bits(Bits<T> bits)
{
    T x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
}

/// Any bit pattern, near 1, or even over [low, high], in turn.
template <class T>
T sample(std::mt19937_64& random, long i, double low, double high)
{
    auto any = from_bits<T>(static_cast<Bits<T>>(random()));
    if (i % 3 == 0) return any;
    if (i % 3 == 1) {
        std::uniform_real_distribution<double> exponent(-30, 12);
        double size = std::exp2(exponent(random));
        return static_cast<T>(std::signbit(any) ? -size : size);
    }
    constexpr double most = sizeof(T) == 4 ? 3e38 : 1e308;
    std::uniform_real_distribution<double> even(std::max(low, -most), std::min(high, most));
    return static_cast<T>(even(random));
}

template <class T>
Worst measure(const MathCase& function, T (*approximate)(T), long samples, std::uint64_t seed)
{
    Worst worst;
    Big x(std::numeric_limits<T>::digits);
    Big exact(function.bits<T>());
    auto take = [&](T at) {
        mpfr_set_d(x, static_cast<double>(at), MPFR_RNDN);
        function.exact(exact, x);
        worst.take(ulp_error(approximate(at), exact), static_cast<double>(at));
    };
    for (T edge : edges<T>(function))
        take(edge);
    std::mt19937_64 random(seed);
    for (long i = 0; i < samples; ++i)
        take(sample<T>(random, i, function.low, function.high));
    return worst;
}

template <class T>
Worst measure(const MathCase2& function, T (*approximate)(T, T), long samples, std::uint64_t seed)
{
    Worst worst;
    Big x(std::numeric_limits<T>::digits);
    Big y(std::numeric_limits<T>::digits);
    Big exact(exact_bits<T>);
    auto take = [&](T at, T other) {
        mpfr_set_d(x, static_cast<double>(at), MPFR_RNDN);
        mpfr_set_d(y, static_cast<double>(other), MPFR_RNDN);
        function.exact(exact, x, y);
        worst.take(ulp_error(approximate(at, other), exact), static_cast<double>(at),
                   static_cast<double>(other));
    };
    const std::vector<T> some = edges<T>(function);
    for (T a : some)
        for (T b : some)
            take(a, b);
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal;
    for (long i = 0; i < samples; ++i) {
        T a = sample<T>(random, i, function.low, function.high);
        take(a, sample<T>(random, i + i / 3, function.low, function.high));
        take(static_cast<T>(1 + 1e-3 * normal(random)), static_cast<T>(1e5 * normal(random)));
        take(std::abs(a), static_cast<T>(std::round(8 * normal(random))));
    }
    return worst;
}

template <class Function, class T>
void check(const Function& function, T (*approximate)(T), long samples)
{
    Worst worst = measure(function, approximate, samples, 1);
    INFO(function.name << (sizeof(T) == 4 ? " f32" : " f64") << " at " << worst.x);
    CHECK(worst.ulp <= function.bound);
}

/// |y - exact| in ULP of f32 at `exact`, which has the precision of f64; as ulp_error().
double error_in_f32(float y, double exact)
{
    if (std::isnan(y) || std::isnan(exact)) return std::isnan(y) && std::isnan(exact) ? 0 : inf;
    if (std::signbit(y) != std::signbit(exact)) return inf;
    double size = std::abs(exact);
    if (std::isinf(y)) return size >= 0x1p128 ? 0 : (0x1p128 - size) * 0x1p-104;
    if (size == 0) return y == 0 ? 0 : inf;
    std::int64_t bits;
    std::memcpy(&bits, &size, sizeof bits);
    std::int64_t exponent = std::clamp<std::int64_t>(bits >> 52, 1023 - 126, 1023 + 127);
    return std::abs(static_cast<double>(y) - exact) *
           from_bits<double>(static_cast<std::uint64_t>(2046 + 23 - exponent) << 52);
}

/// Of the f32 in bit order from `first` to `last`, every stride-th. The f64 form, itself measured,
/// stands for the exact value: its own error is nothing here.
Worst scan(const MathCase& function, std::uint64_t first, std::uint64_t last, std::uint64_t stride)
{
    constexpr std::size_t block = 4096;
    std::vector<float> x(block), y(block);
    std::vector<double> wide(block), exact(block);
    Worst worst;
    for (std::uint64_t base = first; base <= last; base += block * stride) {
        for (std::size_t i = 0; i < block; ++i) {
            x[i] = from_bits<float>(static_cast<std::uint32_t>(std::min(base + i * stride, last)));
            wide[i] = static_cast<double>(x[i]);
        }
        function.f32s(x.data(), y.data(), block);
        function.f64s(wide.data(), exact.data(), block);
        for (std::size_t i = 0; i < block; ++i)
            worst.take(error_in_f32(y[i], exact[i]), wide[i]);
    }
    return worst;
}

Worst scan_all(const MathCase& function, std::uint64_t stride)
{
    std::uint64_t count = std::max(1u, std::thread::hardware_concurrency());
    std::vector<Worst> found(count);
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < count; ++t)
        threads.emplace_back([&, t] {
            constexpr std::uint64_t all = std::uint64_t(1) << 32;
            found[t] = scan(function, all * t / count, all * (t + 1) / count - 1, stride);
        });
    for (auto& thread : threads)
        thread.join();
    return *std::ranges::max_element(found, {}, &Worst::ulp);
}

/// Prints a row of docs/math_ulp.md, the first one with the table's head, and checks it.
template <class Function>
void report(const Function& function,
            const char* type,
            const std::string& arguments,
            const Worst& worst)
{
    static const int head = std::puts("| function | type | arguments | ULP | at |\n"
                                      "| --- | --- | --- | --- | --- |");
    static_cast<void>(head);
    std::printf("| %s | %s | %s | %.3f | %a", function.name, type, arguments.c_str(), worst.ulp,
                worst.x);
    if constexpr (std::is_same_v<Function, MathCase2>) std::printf(", %a", worst.y);
    std::puts(" |");
    std::fflush(stdout);
    CHECK(worst.ulp <= function.bound);
}

} // namespace

TEST_CASE("every function is within its bound on edges and samples")
{
    constexpr long samples = 20000;
    for (const MathCase& function : math_cases()) {
        check(function, function.f32, samples);
        check(function, function.f64, samples);
    }
    for (const MathCase2& function : math_cases2()) {
        INFO(function.name);
        CHECK(measure(function, function.f32, samples, 1).ulp <= function.bound);
        CHECK(measure(function, function.f64, samples, 1).ulp <= function.bound);
    }
}

TEST_CASE("every function has the same bits in a loop as alone")
{
    std::mt19937_64 random(5);
    std::vector<float> x(3001), y(x.size());
    std::vector<double> u(x.size()), v(x.size());
    for (const MathCase& function : math_cases()) {
        for (std::size_t i = 0; i < x.size(); ++i) {
            x[i] = sample<float>(random, static_cast<long>(i), function.low, function.high);
            u[i] = sample<double>(random, static_cast<long>(i), function.low, function.high);
        }
        function.f32s(x.data(), y.data(), static_cast<long>(x.size()));
        function.f64s(u.data(), v.data(), static_cast<long>(u.size()));
        for (std::size_t i = 0; i < x.size(); ++i) {
            float a = function.f32(x[i]);
            double b = function.f64(u[i]);
            INFO(function.name << " " << x[i] << " " << u[i]);
            REQUIRE((std::isnan(a) ? std::isnan(y[i]) : std::memcmp(&a, &y[i], sizeof a) == 0));
            REQUIRE((std::isnan(b) ? std::isnan(v[i]) : std::memcmp(&b, &v[i], sizeof b) == 0));
        }
    }
}

TEST_CASE("functions that are x near 0 leave the smallest numbers as they are")
{
    const std::set<std::string_view> wanted{"expm1", "log1p", "tanh", "sin",   "sincos_sin", "tan",
                                            "asin",  "atan",  "sinh", "asinh", "atanh"};
    std::size_t found = 0;
    for (const MathCase& function : math_cases()) {
        if (!wanted.contains(function.name)) continue;
        ++found;
        for (int bits : {1, 2, 3, 5, 0x7ffff, 0x400001})
            for (double sign : {1.0, -1.0}) {
                INFO(function.name << " of " << sign * bits << " times the smallest number");
                const auto x = static_cast<float>(sign * bits * 0x1p-149);
                CHECK(function.f32(x) == x);
                CHECK(function.f64(sign * bits * 0x1p-1074) == sign * bits * 0x1p-1074);
            }
    }
    CHECK(found == wanted.size());
}

TEST_CASE("a power that the format holds is exact")
{
    const auto power = std::ranges::find(math_cases2(), std::string_view("pow"), &MathCase2::name);
    REQUIRE(power != math_cases2().end());
    long count = 0, wrong = 0, wrong_narrow = 0;
    for (int base = 2; base <= 3000; ++base)
        for (double scale : {1.0, 0.5, 0x1p-20, 0x1p+9, -1.0, -0x1p-3}) {
            double product = 1;
            for (int exponent = 0;; ++exponent) {
                const double x = base * scale;
                wrong += power->f64(x, exponent) != product;
                if (std::pow(base, exponent) < 0x1p24 && std::abs(std::ilogb(product)) < 126)
                    wrong_narrow +=
                        power->f32(static_cast<float>(x), static_cast<float>(exponent)) != product;
                ++count;
                product *= x; // no digit is lost below 2^53
                if (std::pow(base, exponent + 1) >= 0x1p53) break;
            }
        }
    CHECK(count > 50'000);
    CHECK(wrong == 0);
    CHECK(wrong_narrow == 0);
}

TEST_CASE("every function, measured: all f32, ten million f64", "[.exhaustive]")
{
    // CROTON_MATH_QUICK=k takes every k-th of all of these, for a quicker look; `-c exp` and
    // `-c exp -c f32` measure one function.
    const char* wanted = std::getenv("CROTON_MATH_QUICK");
    const long part = wanted != nullptr ? std::atol(wanted) : 1;
    REQUIRE(part >= 1);
    const long samples = 10'000'000 / part;
    const std::string count = std::to_string(samples);
    const std::string narrow_count = part == 1 ? "all" : "every " + std::to_string(part) + "th";
    for (const MathCase& function : math_cases())
        SECTION(function.name) {
            SECTION("f32")
                report(function, "f32", narrow_count,
                       scan_all(function, static_cast<std::uint64_t>(part)));
            SECTION("f64")
                report(function, "f64", count, measure(function, function.f64, samples, 2));
        }
    for (const MathCase2& function : math_cases2())
        SECTION(function.name) {
            SECTION("f32")
                report(function, "f32", count, measure(function, function.f32, samples / 3, 2));
            SECTION("f64")
                report(function, "f64", count, measure(function, function.f64, samples / 3, 2));
        }
}
