// What fixed points and parallel prefixes refuse, and where.
#include <croton/croton.hpp>

#include <string>

#include "errors/expect.hpp"

namespace ct = croton;
using ct::Variable;
using ct::Variables;

namespace {
const auto first = [](const Variable& x, const Variable&) { return x; };
} // namespace

TEST_CASE("fixed_point: functions that do not fit")
{
    const auto x = ct::vector<double>("x", {3});
    const auto p = ct::scalar<double>("p");
    const auto w = ct::vector<double>("w", {3});
    CHECK_REFUSED(ct::fixed_point(first, x, {}), domain,
                  "fixed_point: f takes 2 parameters, given x and 0 parameters");
    CHECK_REFUSED(ct::fixed_point(first, ct::vector<std::int64_t>("k", {3}), {p}), dtype,
                  "fixed_point: x0 is i64: it must be floating point");
    const auto sums = [](const Variable& v, const Variable&) { return ct::sum(v); };
    CHECK_REFUSED(ct::fixed_point(sums, x, {p}), shape,
                  "fixed_point: f gives f64 () of x, which is f64 (3)");
    const auto outer = [&](const Variable& v, const Variable&) { return v * w; };
    CHECK_REFUSED(ct::fixed_point(outer, x, {p}), domain,
                  "fixed_point: the function uses 'w', which is none of its parameters: a "
                  "derivative of its own can only be one by parameters");
    CHECK_REFUSED(ct::fixed_point(first, x, {p}, {.tolerance = -1}), domain,
                  "fixed_point: tolerance -1 and 1000 steps at most");
}

TEST_CASE("associative_scan: arrays and functions that do not fit")
{
    const auto x = ct::vector<double>("x", {3});
    const auto y = ct::vector<double>("y", {4});
    const auto sum_of = [](const Variable& a, const Variable& b) { return a + b; };
    const auto four = [](const Variable& a, const Variable& b, const Variable& c,
                         const Variable& d) { return Variables{a + c, b + d}; };
    CHECK_REFUSED(ct::associative_scan(sum_of, {}), domain,
                  "associative_scan: there are no arrays");
    CHECK_REFUSED(ct::associative_scan(sum_of, {x, x}), domain,
                  "associative_scan: f takes 2 parameters, given 2 slices of 2 arrays");
    CHECK_REFUSED(ct::associative_scan(four, {x, y}), shape,
                  "associative_scan: array 1 has shape (4), array 0 (3): axis 0 must be the same");
    const auto bools = [](const Variable& a, const Variable& b) { return a > b; };
    CHECK_REFUSED(ct::associative_scan(bools, {x}), shape,
                  "associative_scan: value 0 of f is bool (), a slice is f64 ()");
}

TEST_CASE("fixed_point and associative_scan: values of another shape, with f's own lines")
{
    const auto x = ct::vector<double>("x", {3});
    const auto p = ct::scalar<double>("p");
    const auto m = ct::matrix<double>("m", {4, 3}), n = ct::matrix<double>("n", {ct::dim("n"), 3});
    const auto joined = [](const Variable& v, const Variable&) { return ct::concatenate({v, v}); };
    CHECK_REFUSED(ct::fixed_point(joined, x, {p}), shape,
                  "fixed_point: f gives f64 (6) of x, which is f64 (3)");
    const auto one = [](const Variable& v, const Variable&) { return v(ct::slice(0, 1)); };
    CHECK_REFUSED(ct::fixed_point(one, x, {p}), shape,
                  "fixed_point: f gives f64 (1) of x, which is f64 (3)");
    for (const Variable& all : {m, m(ct::slice(0, 2), ct::_), n})
        CHECK_REFUSED(ct::associative_scan(one, {all}), shape,
                      "associative_scan: value 0 of f is f64 (1), a slice is f64 (3)");
    // What f makes is at its own lines, in a gradient's errors too.
    const auto rounded = [](const Variable& v, const Variable& a) { return floor(v) * a; };
    const std::string line = std::to_string(__LINE__ - 1);
    CHECK_THROWS_WITH(ct::fixed_point(rounded, x, {p}),
                      croton::test::contains("floor (implicit.cpp:" + line + ") has no gradient"));
}
