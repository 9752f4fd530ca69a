// The sine and the cosine of one value by one function: as exact, for all arguments, and the same
// number wherever it is computed.
#include <croton/croton.hpp>

#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/compare.hpp"
#include "support/text.hpp"

namespace ct = croton;
using croton::test::count;
using ct::Array;
using ct::DType;
using ct::Variable;
using ct::Variables;

namespace {

/// The kernels alone, without the prelude.
bool has_pair(const ct::Function& f) { return count(f.source(), "sincos_") > 0; }

Array of(const std::vector<double>& values, DType t)
{
    Array a = Array::zeros(DType::f64, {static_cast<std::int64_t>(values.size())});
    std::copy(values.begin(), values.end(), static_cast<double*>(a.data()));
    return a.cast(t);
}

} // namespace

TEST_CASE("sines in pairs: every kind of argument, in vectors and in the rest of them")
{
    constexpr double inf = std::numeric_limits<double>::infinity();
    std::vector<double> values{0.0,     -0.0,    1e-300, -1e-40, 0.5,  -0.785, 0.786,
                               1.5707,  -1.5708, 3.14,   4.0,    -5.5, 100.0,  -1e5,
                               1048575, 1e9,     -1e17,  1e300,  inf,  -inf,   std::nan("")};
    for (int i = 0; i < 400; ++i)
        values.push_back(0.37 * i - 70);
    for (const DType t : {DType::f64, DType::f32, DType::f16}) {
        const auto x = ct::input("x", t, {static_cast<std::int64_t>(values.size())});
        const auto f = ct::function({x}, {sin(x), cos(x)});
        CHECK(has_pair(f) == (t == DType::f64));
        const Array at = of(values, t);
        const ct::Results r = f(at);
        const ct::Results expected = ct::function({x}, {sin(x), cos(x)}, {.reference = true})(at);
        const double ulp = t == DType::f64 ? 0x1p-52 : t == DType::f32 ? 0x1p-23 : 0x1p-10;
        for (std::int64_t i = 0; i < at.size(); ++i)
            for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) {
                const double got = r[k].as_double(i), exact = expected[k].as_double(i);
                INFO("of " << at.as_double(i));
                if (std::isnan(exact)) {
                    CHECK(std::isnan(got));
                    continue;
                }
                CHECK(std::abs(got - exact) <= 2 * ulp * std::abs(exact));
                CHECK(std::signbit(got) == std::signbit(exact));
            }
    }
}

TEST_CASE("sines in pairs: only where both are there, and not in strict mode")
{
    const auto x = ct::vector<double>("x", {100}), y = ct::vector<double>("y", {100});
    CHECK(!has_pair(ct::function({x}, {sin(x)})));
    CHECK(!has_pair(ct::function({x, y}, {sin(x) + cos(y)})));
    CHECK(!has_pair(ct::function({x}, {sin(x) * cos(x)}, {.strict = true})));
    const auto f = ct::function({x}, {sin(x) * cos(x)});
    CHECK(has_pair(f));
    // Twice, with and without the fast form, and not for each of them.
    CHECK(count(f.source(), "sincos_fast_f64(") == 1);
    // Of a sine of a sine each has its pair.
    const Variable inner = sin(x);
    const auto nested = ct::function({x}, {cos(x) + sin(inner) * cos(inner)});
    CHECK(count(nested.source(), "sincos_fast_f64(") == 2);
}

TEST_CASE("sines in pairs: one that several kernels compute is the same number")
{
    // What is the largest is found by a kernel without the cosine.
    const auto x = ct::matrix<double>("x", {30, 50});
    const Variable y = ct::max(sin(x), ct::Axis(1));
    const Variable bar = ct::grad(ct::sum(y), x);
    const auto f = ct::function({x}, {bar, ct::sum(ct::cast(bar != 0.0, DType::i64))});
    CHECK(f(Array::normal(7, {30, 50}, DType::f64))[1].item<std::int64_t>() == 30);
    // In a loop the reverse one computes again what the loop did not keep.
    const auto h = ct::vector<double>("h", {3});
    const auto w = ct::vector<double>("w", {20});
    const auto run = ct::scan(
        [&](const Variable& s) {
            const Variable terms = sin(w + ct::sum(s));
            return 0.3 * s + 0.1 * ct::max(terms) + 0.002 * ct::sum(cos(w + ct::sum(s)));
        },
        {.init = {h}, .steps = 25});
    const Variable value = ct::sum(run.last[0]);
    const Variables bars = ct::grad(value, Variables{h, w});
    const std::vector<ct::Any> at{Array::normal(8, {3}, DType::f64),
                                  Array::normal(9, {20}, DType::f64)};
    const ct::Results got = ct::function({h, w}, bars).call(at);
    const ct::Results expected = ct::function({h, w}, bars, {.reference = true}).call(at);
    for (std::size_t k = 0; k < bars.size(); ++k)
        CHECK(croton::test::first_difference(got[k], expected[k], {1e6, 1e-10}) == "");
}

TEST_CASE("sines in pairs: kept together where one of them is kept")
{
    // Neighbours read both at two places: one loop computes all of them.
    const auto x = ct::vector<double>("x", {1000});
    const Variable s = sin(x), c = cos(x);
    const auto f = ct::function({x}, {s(ct::slice(1, ct::_)) * x(ct::slice(1, ct::_)) +
                                      s(ct::slice(ct::_, -1)) * c(ct::slice(1, ct::_))});
    CHECK(count(f.source(), "sincos_fast_f64(") == 1);
}

TEST_CASE("sines in pairs: programs that exchange sine and cosine are two programs")
{
    // One after the other from the same cache, and as two kernels of one.
    const auto x = ct::vector<double>("x", {20});
    const Array at = Array::normal(10, {20}, DType::f64);
    const Variable one = 2.0 * sin(x) + cos(x), other = 2.0 * cos(x) + sin(x);
    const Variables all{ct::sum(one), ct::sum(other)};
    const ct::Results wanted = ct::function({x}, all, {.reference = true})(at);
    const ct::Results together = ct::function({x}, all)(at);
    for (std::size_t k = 0; k < 2; ++k) {
        const ct::Results alone = ct::function({x}, {all[k]})(at);
        CHECK(std::abs(alone[0].item<double>() - wanted[k].item<double>()) < 1e-12);
        CHECK(std::abs(together[k].item<double>() - wanted[k].item<double>()) < 1e-12);
    }
}
