// Sparse derivatives against dense ones: every element that is not 0 is in the pattern, with the
// dense one's value.
#include <croton/croton.hpp>

#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/sparse_checks.hpp"

namespace ct = croton;
using croton::test::check_hessian;
using croton::test::check_jacobian;
using croton::test::check_sparse;
using ct::_;
using ct::Array;
using ct::Compressed;
using ct::SparsePattern;
using ct::SparseVariable;
using ct::Triangle;
using ct::Variable;

TEST_CASE("Jacobians of what is computed element by element are bands")
{
    check_jacobian([](const Variable& x) { return sin(x) * x; }, {7}, 7);
    // Neighbours.
    check_jacobian(
        [](const Variable& x) {
            return x(ct::slice(2, _)) * x(ct::slice(0, -2)) - square(x(ct::slice(1, -1)));
        },
        {9}, 21);
    // Every other element, and backwards.
    check_jacobian([](const Variable& x) { return exp(x(ct::slice(_, _, 2))); }, {9}, 5);
    check_jacobian([](const Variable& x) { return ct::flip(x, 0) * x; }, {6}, 12);
    // Padded, joined, of other shapes.
    check_jacobian([](const Variable& x) { return tanh(ct::pad(x, {2}, {1})); }, {5}, 5);
    check_jacobian(
        [](const Variable& x) {
            return ct::concatenate({square(x(ct::slice(0, 3))), x(ct::slice(3, _)) * x(0)});
        },
        {6}, 9);
    check_jacobian([](const Variable& x) { return square(x.T()).reshape({12}); }, {3, 4}, 12);
    check_jacobian(
        [](const Variable& x) { return x.set({ct::slice(1, 3)}, sin(x(ct::slice(0, 2)))); }, {5},
        5);
    check_jacobian([](const Variable& x) { return ct::where(x > 0.5, sqrt(x), 0.0 * x); }, {5}, 5);
}

TEST_CASE("sums and products of Jacobians are blocks")
{
    check_jacobian([](const Variable& x) { return ct::sum(square(x), 1); }, {4, 3}, 12);
    check_jacobian([](const Variable& x) { return ct::sum(square(x), 0); }, {4, 3}, 12);
    check_jacobian([](const Variable& x) { return ct::max(x, ct::Axis(1)) * ct::mean(x, 1); },
                   {4, 3}, 12);
    check_jacobian([](const Variable& x) { return ct::logsumexp(x, 1); }, {3, 4}, 12);
    check_jacobian([](const Variable& x) { return ct::softmax(x, 1); }, {3, 4}, 48);
    const Variable w = Array::normal(5, {4, 3}, ct::DType::f64);
    check_jacobian([&](const Variable& x) { return ct::dot(w, x); }, {3}, 12);
    check_jacobian([&](const Variable& x) { return ct::matmul(x, w); }, {2, 4}, 24);
    check_jacobian([&](const Variable& x) { return ct::dot(x, x); }, {4}, 4);
    check_jacobian([&](const Variable& x) { return ct::matmul(x, x.T()); }, {3, 2}, 30);
    check_jacobian([&](const Variable& x) { return ct::outer(x, x); }, {3}, 15);
}

TEST_CASE("Hessians: a chain is three bands, a sum of all is dense")
{
    const auto chain = [](const Variable& x) {
        const Variable a = x(ct::slice(0, -1)), b = x(ct::slice(1, _));
        return ct::sum(100 * square(b - square(a)) + square(1 - a) + 0.1 * sin(a * b));
    };
    check_hessian(chain, {10}, 19, 28);
    check_hessian(chain, {2}, 3, 4);
    check_hessian([](const Variable& x) { return ct::sum(square(x)); }, {5}, 5, 5);
    check_hessian([](const Variable& x) { return square(ct::sum(x)); }, {4}, 10, 16);
    check_hessian([](const Variable& x) { return ct::sum(x) * 2.0; }, {4}, 0, 0);
    // Along both axes of a grid.
    check_hessian(
        [](const Variable& u) {
            return ct::sum(pow(u(ct::slice(1, _), _) - u(ct::slice(0, -1), _), 4)) +
                   ct::sum(exp(u(_, ct::slice(1, _)) * u(_, ct::slice(0, -1))));
        },
        {4, 5}, 51, 82);
}

TEST_CASE("a batch of members: blocks, through vmap")
{
    const auto step = [](const Variable& x) {
        return ct::stack({x(0) + 0.1 * x(1), x(1) - 0.1 * sin(x(0)), x(2) * x(0)});
    };
    check_jacobian([&](const Variable& x) { return ct::vmap(step)(x); }, {5, 3}, 30);
    check_jacobian(
        [&](const Variable& x) {
            return x(ct::slice(1, _), _) - ct::vmap(step)(x(ct::slice(0, -1), _));
        },
        {5, 3}, 36);
}

TEST_CASE("elements that are replaced again and again")
{
    check_jacobian(
        [](const Variable& x) {
            Variable g = ct::zeros(ct::DType::f64, {12});
            for (int k = 0; k < 4; ++k)
                g = g.set({ct::slice(2 * k, 2 * k + 1)}, x(ct::slice(2 * k + 1, 2 * k + 2)));
            return g + x;
        },
        {12}, 16);
    check_jacobian(
        [](const Variable& x) {
            Variable g = x;
            for (int k = 0; k < 10; ++k)
                g = g.set({k}, sin(x(k)) * x(9 - k));
            return g;
        },
        {10}, 20);
}

TEST_CASE("the diagonal may be asked for, also where it is 0")
{
    const Variable x = ct::vector<double>("x", {5});
    const Variable f = ct::sum(x(ct::slice(0, -1)) * x(ct::slice(1, _)));
    const SparseVariable h =
        ct::sparse_hessian(f, x, {.triangle = Triangle::lower, .diagonal = true});
    CHECK(h.pattern.size() == 9);
    check_sparse(h, ct::hessian(f, x), x, Triangle::lower, 9);
    const SparseVariable none = ct::sparse_hessian(ct::sum(x), x, {.diagonal = true});
    CHECK(none.pattern.size() == 5);
    check_sparse(none, ct::hessian(ct::sum(x), x), x, Triangle::full, 5);
}

TEST_CASE("a banded matrix is written by the same loops, whatever its size")
{
    const auto text = [](std::int64_t n) {
        const Variable x = ct::vector<double>("x", {n});
        const Variable a = x(ct::slice(0, -1)), b = x(ct::slice(1, _));
        const Variable f = ct::sum(100 * square(b - square(a)) + square(1 - a) + 0.1 * sin(a * b));
        const SparseVariable h = ct::sparse_hessian(f, x, {.triangle = Triangle::lower});
        const auto compiled = ct::function({x}, {ct::grad(f, x), h.values}, {.threads = 1});
        return std::string(compiled.source());
    };
    const std::string small = text(20000);
    std::string large = text(200000);
    CHECK(large.size() * 5 < small.size() * 6); // a loop over blocks of rows is around them
    // A step writes elements of both bands, without a division, and but for a few elements at both
    // ends without a test.
    for (std::size_t at; (at = large.find("        CT_LANES_8\n")) != std::string::npos ||
                         (at = large.find("    CT_LANES_8\n")) != std::string::npos;)
        large.erase(at, large.find("    }\n", at) - at);
    CHECK(large.find("floor_div") == std::string::npos);
    CHECK(large.find("inside") == std::string::npos);
}

TEST_CASE("a pattern is drawn")
{
    const Variable x = ct::vector<double>("x", {4});
    const SparseVariable j = ct::sparse_jacobian(x(ct::slice(1, _)) * x(ct::slice(0, -1)), x, {});
    CHECK(j.pattern.picture() == "3 x 4, 6 elements\n##..\n.##.\n..##\n");
    const Variable y = ct::vector<double>("y", {130});
    CHECK(ct::sparse_jacobian(square(y), y)
              .pattern.picture()
              .starts_with("130 x 130, 130 elements, a character is 3 x 3\n#...."));
}

TEST_CASE("elements in the orders of Eigen, OSQP and IPOPT")
{
    //     x0 x1 x2 x3
    // y0   .  x  x  .
    // y1   x  .  .  x
    // y2   .  .  x  .
    const Variable x = ct::vector<double>("x", {4});
    const Variable y = ct::stack({x(1) * x(2), 2.0 * x(0) + square(x(3)), x(2) * square(x(2))});
    using Indices = std::vector<std::int32_t>;
    const auto values = [&](const SparseVariable& s) {
        const ct::Results r = ct::function({x}, {s.values}, {.allow_unused_inputs = true})(
            Array::copy(std::vector{1.0, 2.0, 3.0, 4.0}));
        std::vector<double> all;
        for (std::int64_t i = 0; i < r[0].size(); ++i)
            all.push_back(r[0].as_double(i));
        return all;
    };
    // Eigen's default and OSQP's A; then Eigen's RowMajor.
    const SparseVariable by_columns = ct::sparse_jacobian(y, x);
    CHECK(by_columns.pattern.starts == Indices{0, 1, 2, 4, 5});
    CHECK(by_columns.pattern.indices == Indices{1, 0, 0, 2, 1});
    CHECK(values(by_columns) == std::vector{2.0, 3.0, 2.0, 27.0, 8.0});
    const SparseVariable by_rows = ct::sparse_jacobian(y, x, {.format = Compressed::rows});
    CHECK(by_rows.pattern.starts == Indices{0, 2, 4, 5});
    CHECK(by_rows.pattern.indices == Indices{1, 2, 0, 3, 2});
    CHECK(values(by_rows) == std::vector{3.0, 2.0, 2.0, 8.0, 27.0});
    // IPOPT's Jacobian.
    CHECK(by_columns.pattern.row_indices() == Indices{1, 0, 0, 2, 1});
    CHECK(by_columns.pattern.column_indices() == Indices{0, 1, 2, 2, 3});
    CHECK(by_rows.pattern.row_indices() == Indices{0, 0, 1, 1, 2});
    CHECK(by_rows.pattern.column_indices() == Indices{1, 2, 0, 3, 2});
    // Second derivatives of the sum: (1, 2) and its mirror, (2, 2), (3, 3).
    const Variable f = ct::sum(y);
    const SparseVariable upper = ct::sparse_hessian(f, x, {.triangle = Triangle::upper}); // OSQP
    CHECK(upper.pattern.starts == Indices{0, 0, 0, 2, 3});
    CHECK(upper.pattern.indices == Indices{1, 2, 3});
    CHECK(values(upper) == std::vector{1.0, 18.0, 2.0});
    const SparseVariable lower = ct::sparse_hessian(f, x, {.triangle = Triangle::lower}); // IPOPT
    CHECK(lower.pattern.row_indices() == Indices{2, 2, 3});
    CHECK(lower.pattern.column_indices() == Indices{1, 2, 3});
    CHECK(values(lower) == std::vector{1.0, 18.0, 2.0});
}
