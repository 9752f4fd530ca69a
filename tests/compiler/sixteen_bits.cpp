// 16-bit floats: counts that f16 cannot hold, as 70,001, and sums that it cannot either.
#include <croton/croton.hpp>
#include <croton/ir/convert.hpp>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace ct = croton;
using ct::DType;

namespace {

constexpr std::int64_t many = 70001;

/// Half a unit in the last place, and a little for the f32 that was rounded; of f16's least numbers
/// half of 2^-24.
double room(DType t, double value)
{
    const double relative = t == DType::f16 ? 0x1p-11 : 0x1p-8;
    return std::fabs(value) * relative * 1.01 + (t == DType::f16 ? 0x1p-25 : 0);
}

void check_near(const ct::Array& y, std::int64_t at, double value, const std::string& what)
{
    INFO(what << " at " << at << " of " << y.size() << ": " << y.as_double(at) << ", not "
              << value);
    CHECK(std::fabs(y.as_double(at) - value) <= room(y.dtype(), value));
}

/// With the count known and symbolic, compiled and by the references, in both dtypes.
template <class Check>
void check_all(Check check)
{
    for (const DType t : {DType::f16, DType::bf16})
        for (const bool known : {true, false})
            for (const bool reference : {false, true}) {
                INFO(name(t) << (known ? ", known count" : ", symbolic count")
                             << (reference ? ", by reference" : ", compiled"));
                check(t, known ? ct::Extent(many) : ct::dim("n"),
                      ct::Options{.name = "f", .reference = reference});
            }
}

/// -1.5, 2.5, -1.5, ..
ct::Array alternating(DType t)
{
    ct::Array a = ct::zeros<float>({many});
    for (std::int64_t i = 0; i < many; ++i)
        a.view<float>().data[i] = i % 2 == 0 ? -1.5f : 2.5f;
    return a.cast(t);
}

} // namespace

TEST_CASE("moments of more 16-bit floats than f16 can count, and their gradients")
{
    const double n = many;
    const double mean = (-1.5 * (many + 1) / 2 + 2.5 * (many - 1) / 2) / n;
    const double variance = 4 - (mean - 0.5) * (mean - 0.5);
    check_all([&](DType t, const ct::Extent& count, ct::Options options) {
        const auto x = ct::input("x", t, {count});
        const auto f =
            ct::function({x},
                         {ct::mean(x), ct::var(x), ct::stddev(x), ct::grad(ct::mean(x) * 1024, x),
                          ct::grad(ct::var(x) * 1024, x), ct::grad(ct::stddev(x) * 1024, x)},
                         options);
        const auto y = f(alternating(t));
        check_near(y[0], 0, mean, "mean");
        check_near(y[1], 0, variance, "var");
        check_near(y[2], 0, std::sqrt(variance), "stddev");
        for (std::int64_t i : {std::int64_t(0), std::int64_t(1), many - 1}) {
            const double apart = (i % 2 == 0 ? -1.5 : 2.5) - mean;
            check_near(y[3], i, 1024 / n, "gradient of mean");
            check_near(y[4], i, 2048 / n * apart, "gradient of var");
            check_near(y[5], i, 1024 / (n * std::sqrt(variance)) * apart, "gradient of stddev");
        }
    });
}

TEST_CASE("a mean of 16-bit floats whose sum f16 cannot hold")
{
    check_all([&](DType t, const ct::Extent& count, ct::Options options) {
        const auto x = ct::input("x", t, {count});
        const auto along = ct::jvp(ct::mean(x), {x}, {x});
        const auto f = ct::function({x}, {ct::mean(x), ct::var(x), along}, options);
        const auto y = f(ct::Array::full<float>({many}, 200).cast(t));
        CHECK(y[2].as_double(0) == 200);
        CHECK(y[0].as_double(0) == 200);
        CHECK(y[1].as_double(0) == 0);
    });
}

TEST_CASE("as many equal extremes as f16 cannot count share the gradient")
{
    check_all([&](DType t, const ct::Extent& count, ct::Options options) {
        const auto x = ct::input("x", t, {count});
        const auto f = ct::function({x}, ct::grad(ct::max(x) * 4096, x), options);
        check_near(f(ct::Array::full<float>({many}, 3).cast(t))[0], 7, 4096.0 / many, "gradient");
        const auto along = ct::jvp(ct::max(x), {x}, {ct::full(t, {count}, 2)});
        const auto forward = ct::function({x}, along, options);
        check_near(forward(ct::Array::full<float>({many}, 3).cast(t))[0], 0, 2, "jvp");
    });
}

TEST_CASE("ranges of more 16-bit floats than f16 can count, and their gradients")
{
    check_all([&](DType t, const ct::Extent& count, ct::Options options) {
        const auto x = ct::input("x", t, {count});
        const auto a = ct::input("a", t, {}), b = ct::input("b", t, {});
        const auto line = ct::linspace(a, b, count, t);
        const auto g = ct::grad(ct::sum(line * 0.25), {a, b});
        const auto f = ct::function(
            {x, a, b}, {line, g[0], g[1], ct::linspace(-3, 5, count, t)},
            {.name = "f", .reference = options.reference, .allow_unused_inputs = true});
        const auto scalar = [&](float v) { return ct::Array::scalar(v).cast(t); };
        const auto y = f(ct::Array::full<float>({many}, 0).cast(t), scalar(-2), scalar(6));
        for (std::int64_t i :
             {std::int64_t(0), std::int64_t(1), std::int64_t(300), many / 2, many - 2, many - 1}) {
            const double at = static_cast<double>(i) / (many - 1);
            check_near(y[0], i, -2 + 8 * at, "linspace");
            check_near(y[3], i, -3 + 8 * at, "linspace of numbers");
        }
        CHECK(y[0].as_double(many - 1) == 6);
        check_near(y[1], 0, many * 0.125, "gradient by start");
        check_near(y[2], 0, many * 0.125, "gradient by stop");
    });
    const auto steps = ct::arange(0.0, 2.0, 1.0 / 65536, DType::f16);
    const auto y = ct::function({}, steps)()[0];
    CHECK(y.size() == 131072);
    CHECK(y.as_double(98304) == 1.5);
}

TEST_CASE("16-bit floats are scattered and taken back as numbers, not as bits")
{
    for (const ct::DType t : {ct::DType::f16, ct::DType::bf16}) {
        const auto w = ct::input("w", t, {4});
        const auto i = ct::vector<std::int64_t>("i", {ct::dim("n")});
        const ct::Variable twice = ct::scatter_add(w, {i}, ct::take(w, i, 0));
        const ct::Variable bar = ct::grad(ct::sum(square(ct::take(w, i, 0))), w);
        const ct::Array ws = ct::Array::full<double>({4}, 1.5).cast(t);
        const auto r = ct::function({w, i}, {twice, bar})(ws, std::vector<std::int64_t>{1, 3, 3});
        const double sums[] = {1.5, 3, 1.5, 4.5}, bars[] = {0, 3, 0, 6};
        for (std::int64_t k = 0; k < 4; ++k) {
            CHECK(r[0].as_double(k) == sums[k]);
            CHECK(r[1].as_double(k) == bars[k]);
        }
    }
}

TEST_CASE("the larger of a bool and false is the bool")
{
    const auto x = ct::vector<double>("x", {3});
    const auto r = ct::function({x}, ct::maximum(x > 1, x < x))(std::vector<double>{0, 1, 2});
    CHECK_FALSE(r[0].as_int(1));
    CHECK(r[0].as_int(2) == 1);
}

TEST_CASE("what is rounded from f64 in one step is linked, and rounds as the references do")
{
    const auto h = ct::input("h", DType::f16, {ct::dim("n")});
    const auto x = ct::input("x", DType::f64, {ct::dim("n")});
    const auto y = ct::where(h > 2, h % x.as(DType::f16), h * (1 - x.as(DType::f16)));
    std::vector<double> hs, xs;
    for (int i = 0; i < 4000; ++i) {
        hs.push_back(std::ldexp(1 + i % 1000 / 1024.0, i % 30 - 15) * (i % 3 == 0 ? -1 : 1));
        xs.push_back(std::ldexp(1 + i * 7 % 1000 / 999.0, i % 44 - 26) * (i % 5 == 0 ? -1 : 1));
    }
    const ct::Array a = ct::Array::copy(hs).cast(DType::f16), b = ct::Array::copy(xs);
    const ct::Array expected = ct::function({h, x}, y, {.reference = true})(a, b)[0];
    for (const bool fast : {false, true}) {
        const ct::Array got = ct::function({h, x}, y, {.fast_start = fast})(a, b)[0];
        for (std::int64_t i = 0; i < got.size(); ++i) {
            INFO(hs[static_cast<std::size_t>(i)] << " and " << xs[static_cast<std::size_t>(i)]);
            const double value = got.as_double(i), wanted = expected.as_double(i);
            CHECK((value == wanted || (std::isnan(value) && std::isnan(wanted))));
        }
    }
}

TEST_CASE("a cast of f64 to 16 bits rounds once: beside every middle of two neighbours")
{
    for (const DType t : {DType::f16, DType::bf16}) {
        std::vector<double> x;
        std::vector<std::uint16_t> expected;
        const unsigned infinity = t == DType::f16 ? 0x7c00 : 0x7f80;
        const auto value = [&](unsigned bits) {
            const auto half = static_cast<std::uint16_t>(bits);
            return static_cast<double>(t == DType::f16 ? ct::f32_from_f16(half)
                                                       : ct::f32_from_bf16(half));
        };
        for (unsigned bits = 0; bits + 1 < infinity; ++bits) {
            const double middle = (value(bits) + value(bits + 1)) / 2;
            for (const double side : {-1.0, 0.0, 1.0}) {
                const unsigned nearest = side == 0 ? bits + bits % 2 : bits + (side > 0 ? 1 : 0);
                const double beside =
                    side == 0 ? middle : std::nextafter(middle, side * double(INFINITY));
                for (const double sign : {1.0, -1.0}) {
                    x.push_back(sign * beside);
                    expected.push_back(
                        static_cast<std::uint16_t>(nearest | (sign < 0 ? 0x8000u : 0u)));
                }
            }
        }
        for (const double past : {1e300, double(INFINITY), -1e300, -double(INFINITY)}) {
            x.push_back(past);
            expected.push_back(static_cast<std::uint16_t>(infinity | (past < 0 ? 0x8000u : 0u)));
        }
        const auto given = ct::vector<double>("x");
        for (const bool reference : {false, true}) {
            const auto f = ct::function({given}, {given.as(t), given.as(t).as(DType::f64)},
                                        {.name = "f", .reference = reference});
            const auto y = f(ct::View<const double>(x));
            for (std::size_t i = 0; i < x.size(); ++i) {
                const auto at = static_cast<std::int64_t>(i);
                const auto bits = static_cast<const std::uint16_t*>(y[0].data())[i];
                if (bits == expected[i] && y[1].as_double(at) == y[0].as_double(at)) continue;
                INFO(name(t) << (reference ? ", by reference: " : ", compiled: ") << x[i]);
                REQUIRE(bits == expected[i]);
                REQUIRE(y[1].as_double(at) == y[0].as_double(at));
            }
        }
    }
}

TEST_CASE("a reduction's result is rounded before it is read, as that of every op")
{
    for (const DType t : {DType::f16, DType::bf16})
        for (const std::int64_t rows : {1, 3, 9000}) { // all of them: short, and in blocks
            const auto x = ct::input("x", t, {ct::dim("n"), ct::dim("m")});
            const auto line = ct::sum(x, ct::Axis{1}), all = ct::sum(x), product = ct::prod(x, 1);
            const ct::Variables y{
                line,    line.as(DType::f32),       line - 2048, all, all.as(DType::f32),
                product, product.as(DType::f32) + 1};
            ct::Array v = ct::Array::full<float>({rows, 4}, 1);
            for (std::int64_t i = 0; i < rows; ++i)
                static_cast<float*>(v.data())[4 * i] = 2049;
            const ct::Array at = v.cast(t);
            const auto got = ct::function({x}, y)(at);
            INFO(name(t) << ", rows: " << rows);
            for (const auto& [rounded, widened] : {std::pair{0, 1}, {3, 4}})
                for (std::int64_t i = 0; i < got[rounded].size(); ++i)
                    REQUIRE(got[rounded].as_double(i) == got[widened].as_double(i));
            CHECK(got[2].as_double(0) == got[0].as_double(0) - 2048);
            CHECK(got[6].as_double(0) == got[5].as_double(0) + 1);
        }
}

TEST_CASE("a sum over axes that lie apart is rounded once")
{
    const auto x = ct::input("x", DType::f16, {ct::dim("n"), ct::dim("m"), ct::dim("k")});
    const ct::Array at = ct::Array::copy(std::vector<float>{60000, 60000, -60000, -60000})
                             .reshape({2, 1, 2})
                             .cast(DType::f16);
    const auto y = ct::sum(x, ct::Axis{0, 2});
    CHECK(ct::function({x}, y)(at)[0].as_double(0) == 0); // both halves are infinite in f16
}
