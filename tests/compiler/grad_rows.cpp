// Gradients by values whose rows are taken one by one.
#include <croton/croton.hpp>
#include <croton/ir/apply.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/traverse.hpp>

#include <string>

#include "support/catch.hpp"

namespace ct = croton;
using ct::Variable;
using ct::Variables;

namespace {

std::size_t count_of(const Variables& outputs, std::string_view op)
{
    std::size_t count = 0;
    for (const ct::Apply& a : ct::applies_of(outputs))
        count += a.op().name == op;
    return count;
}

} // namespace

TEST_CASE("cotangents of rows are joined in the order of their places")
{
    const Variable x = ct::matrix<double>("x", {5, 3});
    const Variable y = ct::sum(x(3) * x(1)) + ct::sum(ct::square(x(3))) + ct::sum(x(-5));
    const Variable x_bar = ct::grad(y, x);
    CHECK(count_of({x_bar}, "set_slice") == 0);
    CHECK(count_of({x_bar}, "concatenate") == 1);
    const auto f = ct::function(x, x_bar, {.name = "rows", .reference = true});
    const ct::Array at = ct::Array::uniform(1, {5, 3}).cast(ct::DType::f64);
    const ct::Array got = f(at)[0];
    for (std::int64_t j = 0; j < 3; ++j) {
        const double one = at.as_double(3 + j), three = at.as_double(9 + j);
        CHECK(got.as_double(j) == 1);
        CHECK(got.as_double(3 + j) == three);
        CHECK(got.as_double(6 + j) == 0);
        CHECK(got.as_double(9 + j) == Approx(one + 2 * three));
        CHECK(got.as_double(12 + j) == 0);
    }
}

TEST_CASE("rows along another axis, a single one, and what is no row are added as they were")
{
    const Variable x = ct::matrix<double>("x");
    const ct::Array at = ct::Array::uniform(1, {6, 4}).cast(ct::DType::f64);
    const auto check = [&](const Variable& y) {
        INFO(to_expression(y));
        const Variable x_bar = ct::grad(y, x);
        const ct::Array got = ct::function(x, x_bar, {.name = "rows"})(at)[0];
        const auto value = ct::function(x, y, {.name = "y", .reference = true});
        for (std::int64_t i = 0; i < at.size(); ++i) {
            constexpr double h = 1e-5;
            ct::Array low = at.clone(), high = at.clone();
            low.view<double, 2>().data[i] -= h;
            high.view<double, 2>().data[i] += h;
            const double slope = (value(high)[0].as_double(0) - value(low)[0].as_double(0)) / 2 / h;
            CHECK(got.as_double(i) == Approx(slope).margin(1e-8));
        }
    };
    const auto whole = [](const Variable& v) { return ct::sum(ct::square(v)); };
    check(whole(x(0)));
    check(whole(x(0) * x(1)) + whole(x));
    check(whole(x(0)) + whole(x(2)) + whole(x(ct::_, 1)) + whole(x(ct::_, 3)));
    check(whole(x(0)) + whole(x(5)) + whole(x(ct::slice(1, 4))) + ct::square(x(2, 3)) * x(0, 0));
    check(whole(x(ct::slice(1, 2))) + whole(x(1)) * whole(x(ct::slice(2, 3))));
    check(whole(x(-1)) + whole(x(-2)) + whole(x(0)));
    const Variable twice = ct::grad(whole(ct::stack({x(0), x(2) * x(0), x(4)})), x);
    check(ct::sum(ct::square(twice)));
}

TEST_CASE("the gradient of many single elements has one addition for each of them")
{
    for (const int count : {10, 100}) {
        const Variable x = ct::vector<float>("x", {count});
        Variable y = 0.0f;
        for (int i = 0; i < count; ++i)
            y = y + x(i) * x((i + 1) % count);
        CHECK(count_of({ct::grad(y, x)}, "add") == static_cast<std::size_t>(count));
    }
}
