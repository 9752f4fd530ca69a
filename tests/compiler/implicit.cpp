// Fixed points with their implicit derivatives, parallel prefixes, Gauss-Newton's matrix.
#include <croton/croton.hpp>

#include <cmath>
#include <vector>

#include "support/catch.hpp"
#include "support/compiled.hpp"

namespace ct = croton;
using croton::test::Approx;
using croton::test::compiled_values;
using croton::test::contains;
using ct::_;
using ct::Variable;
using ct::Variables;
using List = std::vector<double>;

TEST_CASE("fixed_point: the solution, its derivatives of both modes and of second order")
{
    const auto a = ct::scalar<double>("a");
    const Variable x = ct::fixed_point(
        [](const Variable& v, const Variable& p) { return cos(p * v); }, Variable(0.5), {a});
    const double at = 0.8;
    double solution = 0.5;
    for (int i = 0; i < 500; ++i)
        solution = std::cos(at * solution);
    // x = cos(a x): x' (1 + a sin) = -x sin.
    const double sine = std::sin(at * solution), slope = -solution * sine / (1 + at * sine);
    CHECK(compiled_values(x, {a}, {at})[0] == Approx(solution));
    const Variable g = ct::grad(x, a);
    CHECK(compiled_values(g, {a}, {at})[0] == Approx(slope));
    CHECK(compiled_values(ct::jvp(x, {a}, {Variable(2.0)}), {a}, {at})[0] == Approx(2 * slope));
    const double h = 1e-4;
    const auto f = ct::function({a}, g);
    const double second = (f(at + h)[0].item<double>() - f(at - h)[0].item<double>()) / (2 * h);
    CHECK(compiled_values(ct::grad(g, a), {a}, {at})[0] == Approx(second).epsilon(1e-6));
    CHECK(compiled_values(ct::jvp(g, {a}, {Variable(1.0)}), {a}, {at})[0] ==
          Approx(second).epsilon(1e-6));
    // Nothing of each step is stored.
    CHECK(ct::function({a}, g).workspace_bytes() < 1024);
}

TEST_CASE("fixed_point: of vectors, with several parameters, and of a batch")
{
    const auto w = ct::matrix<double>("w", {3, 3});
    const auto b = ct::vector<double>("b", {3});
    const auto layer = [](const Variable& x, const Variable& m, const Variable& c) {
        return tanh(0.3 * ct::dot(m, x) + c);
    };
    const Variable start = ct::zeros(ct::DType::f64, {3});
    const Variable x = ct::fixed_point(layer, start, {w, b});
    const Variable loss = ct::sum(square(x));
    const ct::Array wv = ct::Array::normal(1, {3, 3}, ct::DType::f64);
    const List bv{0.1, -0.4, 0.7};
    CHECK(compiled_values(x - layer(x, w, b), {w, b}, {wv, bv})[1] == Approx(0).margin(1e-9));
    const List slope = compiled_values(ct::grad(loss, b), {w, b}, {wv, bv});
    const auto f = ct::function({w, b}, loss);
    for (std::size_t i = 0; i < 3; ++i) {
        List up = bv, down = bv;
        up[i] += 1e-5;
        down[i] -= 1e-5;
        const double expected =
            (f(wv, up)[0].item<double>() - f(wv, down)[0].item<double>()) / 2e-5;
        CHECK(slope[i] == Approx(expected).epsilon(1e-6).margin(1e-8));
    }
    const auto bs = ct::matrix<double>("bs", {2, 3});
    const Variable xs =
        ct::vmap([&](const Variable& c) { return ct::fixed_point(layer, start, {w, c}); })(bs);
    const Variable of_batch = ct::grad(ct::sum(square(xs)), bs);
    const List two{0.1, -0.4, 0.7, 0.1, -0.4, 0.7};
    const List both = compiled_values(
        of_batch, {w, bs}, {wv, ct::Array::copy(ct::View<const double, 2>(two.data(), {2, 3}))});
    for (std::size_t i = 0; i < 6; ++i)
        CHECK(both[i] == Approx(slope[i % 3]).epsilon(1e-8));
}

TEST_CASE("associative_scan: explain() says where slices are taken one after the other")
{
    const auto explained = [](const ct::Extent& n) {
        const auto x = ct::vector<double>("x", {n});
        const auto f = [](const Variable& a, const Variable& b) { return a * b; };
        return ct::function({x}, ct::associative_scan(f, {x})).explain();
    };
    const std::string note = "associative_scan (one slice after the other, as their number is a "
                             "symbol)";
    CHECK_THAT(explained(ct::dim("n")), contains(note));
    CHECK_THAT(explained(8), !contains(note));
}

TEST_CASE("associative_scan: as one slice after the other")
{
    for (const std::int64_t n : {0, 1, 2, 3, 7, 8, 21}) {
        const auto x = ct::vector<double>("x", {n});
        const Variable sums = ct::associative_scan(
            [](const Variable& a, const Variable& b) { return a + b; }, {x})[0];
        const ct::Array at = ct::Array::uniform(4, {n}, ct::DType::f64, 0, 1);
        const List got = compiled_values(sums, {x}, {at});
        double expected = 0;
        REQUIRE(got.size() == static_cast<std::size_t>(n));
        for (std::int64_t i = 0; i < n; ++i)
            CHECK(got[static_cast<std::size_t>(i)] == Approx(expected += at.as_double(i)));
    }
    // s' = a s + b as pairs, whose order counts; known and unknown lengths, and a gradient.
    const auto affine = [](const Variable& a, const Variable& b, const Variable& c,
                           const Variable& d) { return Variables{c * a, c * b + d}; };
    const auto recurrence = [&](const ct::Extent& n) {
        const auto a = ct::vector<double>("a", {n}), b = ct::vector<double>("b", {n});
        const Variables r = ct::associative_scan(affine, {a, b});
        const List av{0.5, -1, 2, 0.25, 1}, bv{1, 2, 3, 4, 5};
        const List s = compiled_values(r[1], {a, b}, {av, bv});
        double expected = 0;
        for (std::size_t i = 0; i < 5; ++i)
            CHECK(s[i] == Approx(expected = av[i] * expected + bv[i]));
        return compiled_values(ct::grad(ct::sum(r[1] * r[0]), a), {a, b}, {av, bv});
    };
    const List known = recurrence(5), unknown = recurrence(ct::dim("n"));
    for (std::size_t i = 0; i < 5; ++i)
        CHECK(known[i] == Approx(unknown[i]));
    // Products of matrices.
    const auto m = ct::tensor<double>("m", {6, 2, 2});
    const Variable products = ct::associative_scan(
        [](const Variable& p, const Variable& q) { return ct::dot(p, q); }, {m})[0];
    const Variable one_by_one =
        ct::scan([](const Variable& q, const Variable& p) { return ct::dot(p, q); },
                 {.sequences = {m}, .init = {ct::eye(ct::DType::f64, 2)}})
            .history[0];
    const ct::Array mv = ct::Array::normal(3, {6, 2, 2}, ct::DType::f64);
    const List got = compiled_values(products, {m}, {mv}),
               expected = compiled_values(one_by_one, {m}, {mv});
    for (std::size_t i = 0; i < 24; ++i)
        CHECK(got[i] == Approx(expected[i]).margin(1e-12));
}

TEST_CASE("gauss_newton: the product of the Jacobian with itself")
{
    const auto x = ct::vector<double>("x", {2});
    const Variable r = ct::stack({x(0) * x(1), sin(x(0)), x(1)});
    const List h = compiled_values(ct::gauss_newton(r, x), {x}, {List{2, 3}});
    const double c = std::cos(2.0);
    CHECK(h[0] == Approx(9 + c * c));
    CHECK(h[1] == Approx(6));
    CHECK(h[2] == Approx(6));
    CHECK(h[3] == Approx(5));
}
