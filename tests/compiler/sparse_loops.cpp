// Sparse derivatives as loops, whose extents a call may give.
#include <croton/croton.hpp>

#include <vector>

#include "support/sparse_checks.hpp"

namespace ct = croton;
using croton::test::Approx;
using ct::_;
using ct::Array;
using ct::Compressed;
using ct::SparseVariable;
using ct::Triangle;
using ct::Variable;

namespace {

/// What symbols are, for one call.
using Sizes = std::vector<std::pair<ct::Extent, std::int64_t>>;

ct::Substitution values_of(const Sizes& sizes)
{
    ct::Substitution by;
    for (const auto& [symbol, value] : sizes)
        by.emplace_back(ct::as_symbol(symbol), ct::Extent(value));
    return by;
}

/// For two sizes, of one program.
void check_loops(const Variable& x,
                 const SparseVariable& s,
                 const Variable& full,
                 const std::vector<Sizes>& calls,
                 Triangle triangle = Triangle::full)
{
    for (const bool reference : {false, true}) {
        const auto f = ct::function({x}, {s.values, full},
                                    {.reference = reference, .allow_unused_inputs = true});
        for (const Sizes& sizes : calls) {
            const ct::Substitution by = values_of(sizes);
            std::vector<std::int64_t> shape;
            std::int64_t columns = 1;
            for (const ct::Extent& e : x.shape()) {
                shape.push_back(ct::substitute(e, by).value());
                columns *= shape.back();
            }
            const ct::Results r = f(Array::uniform(11, shape, ct::DType::f64, 0.2, 1.5));
            const std::int64_t rows = columns == 0 ? 0 : r[1].size() / columns;
            const std::vector<double> got =
                croton::test::dense_of_loops(s.pattern, r[0], rows, columns, by);
            for (std::int64_t i = 0; i < r[1].size(); ++i) {
                const std::int64_t row = i / columns, column = i % columns;
                const bool in = triangle == Triangle::full ||
                                (triangle == Triangle::lower ? row >= column : row <= column);
                INFO("row " << row << ", column " << column << (reference ? ", reference" : ""));
                CHECK(got[static_cast<std::size_t>(i)] ==
                      Approx(in ? r[1].as_double(i) : 0.0).epsilon(1e-12).margin(1e-13));
            }
        }
    }
}

template <class F>
SparseVariable check_jacobian(const F& f, const ct::Shape& shape, const std::vector<Sizes>& calls)
{
    const Variable x = ct::tensor<double>("x", shape);
    const Variable y = f(x);
    const SparseVariable s = ct::sparse_jacobian(y, x, {.format = Compressed::bands});
    check_loops(x, s, ct::jacobian(y, x), calls);
    return s;
}

} // namespace

TEST_CASE("Jacobians as loops over extents that a call gives")
{
    const ct::Extent n = ct::dim("n"), m = ct::dim("m");
    const std::vector<Sizes> calls{{{n, 5}, {m, 3}}, {{n, 8}, {m, 4}}};
    const SparseVariable one =
        check_jacobian([](const Variable& x) { return sin(x) * x; }, {n}, calls);
    CHECK(one.pattern.picture() == "1 band\n(i0, i0) for i0 < n\n");
    const SparseVariable two = check_jacobian(
        [](const Variable& x) { return x(ct::slice(1, _)) * square(x(ct::slice(0, -1))); }, {n},
        calls);
    CHECK(two.pattern.picture() ==
          "2 bands\n(i0, i0 + 1) for i0 < n - 1\n(i0, i0) for i0 < n - 1\n");
    check_jacobian([](const Variable& x) { return tanh(ct::pad(x, {2}, {1})); }, {n}, calls);
    check_jacobian([](const Variable& x) { return ct::concatenate({square(x), x * x(0)}); }, {n},
                   calls);
    check_jacobian([](const Variable& x) { return ct::flip(x, 0) * x; }, {n}, calls);
    check_jacobian([](const Variable& x) { return ct::sum(square(x), 1); }, {n, 3}, calls);
    check_jacobian([](const Variable& x) { return ct::sum(square(x), 1); }, {n, m}, calls);
    check_jacobian([](const Variable& x) { return x.T() * 2.0; }, {n, m}, calls);
    check_jacobian([](const Variable& x) { return x(_, 1) * x(_, 0); }, {n, 3}, calls);
    check_jacobian([](const Variable& x) { return ct::dot(x, x); }, {n}, calls);
    check_jacobian([](const Variable& x) { return exp(x(ct::slice(_, _, 2))); }, {n}, calls);
    check_jacobian(
        [](const Variable& x) {
            return ct::vmap([](const Variable& v) {
                return ct::stack({v(0) + 0.1 * v(1), v(1) - 0.1 * sin(v(0)), v(2) * v(0)});
            })(x);
        },
        {n, 3}, calls);
}

TEST_CASE("Hessians as loops: the same bands whatever the call's extents")
{
    const ct::Extent n = ct::dim("n");
    const std::vector<Sizes> calls{{{n, 5}}, {{n, 9}}};
    const Variable x = ct::vector<double>("x", {n});
    const Variable a = x(ct::slice(0, -1)), b = x(ct::slice(1, _));
    const Variable f = ct::sum(100 * square(b - square(a)) + square(1 - a) + 0.1 * sin(a * b));
    for (const Triangle t : {Triangle::full, Triangle::lower, Triangle::upper})
        check_loops(x, ct::sparse_hessian(f, x, {.format = Compressed::bands, .triangle = t}),
                    ct::hessian(f, x), calls, t);
    const SparseVariable h = ct::sparse_hessian(
        f, x, {.format = Compressed::bands, .triangle = Triangle::lower, .diagonal = true});
    CHECK(h.pattern.picture() == "2 bands\n(i0, i0) for i0 < n\n(i0 + 1, i0) for i0 < n - 1\n");
    CHECK(h.pattern.rows == -1);
    // A diagonal that is 0.
    const SparseVariable none = ct::sparse_hessian(
        ct::sum(a * b), x,
        {.format = Compressed::bands, .triangle = Triangle::lower, .diagonal = true});
    CHECK(none.pattern.picture() == "2 bands\n(i0 + 1, i0) for i0 < n - 1\n(i0, i0) for i0 < n\n");
    check_loops(x, none, ct::hessian(ct::sum(a * b), x), calls, Triangle::lower);
}

TEST_CASE("members that go through a loop each: bands of its last states and of what it collects")
{
    const ct::Extent n = ct::dim("n");
    const std::vector<Sizes> calls{{{n, 4}}, {{n, 7}}};
    const auto slope = [](const Variable& s) { return ct::stack({s(1), -1.0 * sin(s(0))}); };
    const auto rk4 = [&](const Variable& s) {
        const Variable a = slope(s), b = slope(s + 0.05 * a), c = slope(s + 0.05 * b);
        return s + 0.1 / 6 * (a + 2.0 * b + 2.0 * c + slope(s + 0.1 * c));
    };
    const auto flight = [&](const Variable& s) {
        return ct::scan(rk4, {.init = {s}, .steps = 12}).last[0];
    };
    const SparseVariable last =
        check_jacobian([&](const Variable& x) { return ct::vmap(flight)(x); }, {n, 2}, calls);
    CHECK(last.pattern.bands.size() <= 4);
    // Multiple shooting: where a member ends the next one begins.
    check_jacobian(
        [&](const Variable& x) {
            return x(ct::slice(1, _), _) - ct::vmap(flight)(x(ct::slice(0, -1), _));
        },
        {n, 2}, calls);
    // What is collected, forwards and backwards; a number of steps that the call gives.
    for (const bool reverse : {false, true})
        check_jacobian(
            [&](const Variable& x) {
                const auto r = ct::scan(
                    [](const Variable& s) { return ct::Step{{sin(s) * 1.1}, {square(s)}}; },
                    {.init = {x}, .steps = 3, .reverse = reverse});
                return ct::concatenate({r.history[0], r.out[0]});
            },
            {n}, calls);
    check_jacobian(
        [&](const Variable& x) {
            return ct::scan([](const Variable& s) { return sin(s); }, {.init = {x}, .steps = n})
                .last[0];
        },
        {n}, calls);
    // A neighbour more with each of few steps; a constant of the loop's that depends on x.
    check_jacobian(
        [](const Variable& x) {
            const Variable y = exp(x);
            return ct::scan([&](const Variable& s) { return s * y; }, {.init = {x}, .steps = 4})
                .last[0];
        },
        {n}, calls);
    // Sums of members, which are ranges.
    const ct::Extent m = ct::dim("m");
    check_jacobian(
        [](const Variable& x) {
            return ct::scan([](const Variable& s) { return s * 0.5 + sin(s); },
                            {.init = {ct::sum(square(x), 1)}, .steps = 3})
                .last[0];
        },
        {n, m}, {{{n, 4}, {m, 3}}, {{n, 2}, {m, 5}}});
}

TEST_CASE("loops whose bands are others in each step")
{
    // Listed step by step, where extents are known; taken together, as loops.
    const Variable x = ct::vector<double>("x", {6});
    const Variable y =
        ct::scan([](const Variable& s) { return sin(ct::flip(s, 0)); }, {.init = {x}, .steps = 4})
            .last[0];
    CHECK(ct::sparse_jacobian(y, x).pattern.size() == 6);
    croton::test::check_sparse(ct::sparse_jacobian(y, x), ct::jacobian(y, x), x, Triangle::full, 6);
    check_loops(x, ct::sparse_jacobian(y, x, {.format = Compressed::bands}), ct::jacobian(y, x),
                {{}});
}

TEST_CASE("bands of matrices that are narrower than the bands are wide")
{
    const ct::Extent n = ct::dim("n");
    std::vector<Sizes> calls;
    for (const std::int64_t size : {0, 1, 2, 3, 6})
        calls.push_back({{n, size}});
    const Variable x = ct::vector<double>("x", {n});
    const Variable near = ct::pad(x, {1}, {1}), far = ct::pad(x, {3}, {3});
    const Variable second = near(ct::slice(0, -2)) - 2.0 * x + near(ct::slice(2, _)) * x;
    const Variable wide = far(ct::slice(0, -6)) * x + far(ct::slice(6, _));
    const ct::SparseOptions bands{.format = Compressed::bands};
    check_loops(x, ct::sparse_jacobian(second, x, bands), ct::jacobian(second, x), calls);
    const SparseVariable s = ct::sparse_jacobian(wide, x, bands);
    CHECK(s.pattern.picture() == "3 bands\n(i0 + 3, i0) for i0 < max(n - 3, 0)\n(i0, i0) for i0 "
                                 "< n\n(i0, i0 + 3) for i0 < max(n - 3, 0)\n");
    check_loops(x, s, ct::jacobian(wide, x), calls);
    for (const Triangle t : {Triangle::full, Triangle::lower, Triangle::upper})
        check_loops(
            x,
            ct::sparse_hessian(ct::sum(wide * square(second)), x,
                               {.format = Compressed::bands, .triangle = t, .diagonal = true}),
            ct::hessian(ct::sum(wide * square(second)), x), calls, t);
}
