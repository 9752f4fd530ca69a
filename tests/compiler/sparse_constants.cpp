// Sparse derivatives of products with constants: what is multiplied by 0 is no element.
#include <croton/croton.hpp>
#include <croton/ir/apply.hpp>
#include <croton/ir/op.hpp>
#include <croton/ir/traverse.hpp>

#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/sparse_checks.hpp"

namespace ct = croton;
using croton::test::check_hessian;
using croton::test::check_jacobian;
using ct::_;
using ct::Array;
using ct::Compressed;
using ct::SparseVariable;
using ct::Triangle;
using ct::Variable;

namespace {

/// A constant of the values of f(row, column).
template <class F>
Array matrix_of(std::int64_t rows, std::int64_t columns, const F& f)
{
    std::vector<double> values;
    for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t c = 0; c < columns; ++c)
            values.push_back(f(r, c));
    return Array::copy(values).reshape({rows, columns});
}

Array tridiagonal(std::int64_t n)
{
    return matrix_of(n, n, [](std::int64_t r, std::int64_t c) {
        return r == c ? 2.0 + 0.1 * static_cast<double>(r) : std::abs(r - c) == 1 ? -1.0 : 0.0;
    });
}

/// 1 of 7 elements, in no order.
Array scattered(std::int64_t rows, std::int64_t columns)
{
    return matrix_of(rows, columns, [&](std::int64_t r, std::int64_t c) {
        const std::int64_t k = (r * columns + c) * 5 + r * r;
        return k % 7 == 0 ? 1.0 + 0.5 * static_cast<double>(k % 5) : 0.0;
    });
}

std::int64_t nonzeros(const Array& a)
{
    std::int64_t count = 0;
    for (std::int64_t i = 0; i < a.size(); ++i)
        count += a.as_double(i) != 0;
    return count;
}

/// Elements of a' a.
std::int64_t nonzeros_of_squares(const Array& a)
{
    const std::int64_t rows = a.extents()[0], n = a.extents()[1];
    std::int64_t count = 0;
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t k = 0; k < n; ++k) {
            bool any = false;
            for (std::int64_t r = 0; r < rows; ++r)
                any = any || (a.as_double(r * n + i) != 0 && a.as_double(r * n + k) != 0);
            count += any;
        }
    return count;
}

std::size_t products_in(const Variable& values)
{
    std::size_t count = 0;
    for (const ct::Apply& a : ct::applies_of(std::span(&values, 1)))
        count += std::holds_alternative<ct::Contract>(a.op().lowering);
    return count;
}

} // namespace

TEST_CASE("a tridiagonal constant: three bands, and five of second derivatives")
{
    const Array c = tridiagonal(200);
    const Variable x = ct::vector<double>("x", {200});
    const Variable y = ct::dot(c, sin(x)), f = ct::sum(square(ct::dot(c, x)));
    CHECK(ct::sparse_jacobian(y, x).pattern.size() == 598);
    CHECK(ct::sparse_hessian(f, x).pattern.size() == 200 + 2 * 199 + 2 * 198);
    CHECK(ct::sparse_hessian(f, x, {.triangle = Triangle::lower}).pattern.size() ==
          200 + 199 + 198);
    // As many as there are diagonals, with no product of the whole matrix.
    const SparseVariable bands = ct::sparse_jacobian(y, x, {.format = Compressed::bands});
    CHECK(bands.pattern.picture() == "3 bands\n(i0 + 1, i0) for i0 < 199\n(i0, i0) for i0 < 200\n"
                                     "(i0, i0 + 1) for i0 < 199\n");
    CHECK(products_in(ct::sparse_hessian(f, x).values) == 0);
    check_jacobian([](const Variable& v) { return ct::dot(tridiagonal(12), sin(v)); }, {12}, 34);
    check_jacobian([](const Variable& v) { return ct::dot(sin(v), tridiagonal(12)); }, {12}, 34);
    check_hessian([](const Variable& v) { return ct::sum(square(ct::dot(tridiagonal(12), v))); },
                  {12}, 12 + 11 + 10, 12 + 2 * 11 + 2 * 10);
    check_hessian([](const Variable& v) { return ct::sum(exp(ct::dot(tridiagonal(12), sin(v)))); },
                  {12}, 12 + 11 + 10, 12 + 2 * 11 + 2 * 10);
}

TEST_CASE("diagonals off the middle, of matrices that are not square")
{
    const Array down = matrix_of(9, 12, [](std::int64_t r, std::int64_t c) {
        return c == r + 2 ? 1.5 : c == r - 4 ? -2.0 : 0.0;
    });
    check_jacobian([&](const Variable& x) { return ct::dot(down, sin(x)); }, {12}, 9 + 5);
    check_jacobian([&](const Variable& x) { return ct::dot(exp(x), down); }, {9}, 9 + 5);
    check_hessian([&](const Variable& x) { return ct::sum(exp(ct::dot(down, x))); }, {12}, -1,
                  nonzeros_of_squares(down));
    // Places of a diagonal that are 0: a grid's neighbours along its rows.
    const Array grid = matrix_of(16, 16, [](std::int64_t r, std::int64_t c) {
        const bool across = r / 4 == c / 4 && std::abs(r - c) == 1;
        return r == c ? 4.0 : across || std::abs(r - c) == 4 ? -1.0 : 0.0;
    });
    check_jacobian([&](const Variable& x) { return ct::dot(grid, sin(x)); }, {16}, nonzeros(grid));
    check_hessian([&](const Variable& x) { return ct::sum(exp(ct::dot(grid, x))); }, {16}, -1,
                  nonzeros_of_squares(grid));
}

TEST_CASE("products of matrices and of batches of them")
{
    const Array c = tridiagonal(10);
    check_jacobian([&](const Variable& x) { return ct::matmul(c, sin(x)); }, {10, 3}, 28 * 3);
    check_jacobian([&](const Variable& x) { return ct::matmul(sin(x), c); }, {3, 10}, 28 * 3);
    check_jacobian([&](const Variable& x) { return ct::matmul(c, exp(x)); }, {2, 10, 3}, 28 * 6);
    check_jacobian([&](const Variable& x) { return ct::matmul(x, c.transposed()); }, {2, 3, 10},
                   28 * 6);
    // Of each member its own.
    const Array each = matrix_of(2 * 8, 8, [](std::int64_t r, std::int64_t k) {
                           return k == r % 8 + (r < 8 ? 0 : 1) ? 2.0 : 0.0;
                       }).reshape({2, 8, 8});
    check_jacobian([&](const Variable& x) { return ct::matmul(each, sin(x)); }, {2, 8, 3},
                   (8 + 7) * 3);
    check_jacobian([&](const Variable& x) { return ct::einsum("bij,bj->bi", {each, sin(x)}); },
                   {2, 8}, 8 + 7);
    check_jacobian([&](const Variable& x) { return ct::einsum("ij,bj->ib", {c, square(x)}); },
                   {3, 10}, 28 * 3);
    check_hessian([&](const Variable& x) { return ct::sum(exp(ct::matmul(c, x))); }, {10, 2}, -1,
                  2 * nonzeros_of_squares(c));
    // Over two axes.
    const Array two = scattered(6, 12);
    check_jacobian(
        [&](const Variable& x) {
            return ct::tensordot(Variable(two).reshape({6, 3, 4}), sin(x), 2);
        },
        {3, 4}, nonzeros(two));
}

TEST_CASE("constants whose elements are in no order, and few zeros among many")
{
    const Array s = scattered(20, 15);
    check_jacobian([&](const Variable& x) { return ct::dot(s, sin(x)); }, {15}, nonzeros(s));
    check_jacobian([&](const Variable& x) { return ct::matmul(s, sin(x)); }, {15, 2},
                   2 * nonzeros(s));
    check_hessian([&](const Variable& x) { return ct::sum(exp(ct::dot(s, x))); }, {15}, -1,
                  nonzeros_of_squares(s));
    const Array most = matrix_of(
        8, 8, [](std::int64_t r, std::int64_t c) { return (r * 8 + c) % 9 == 4 ? 0.0 : 1.5; });
    check_jacobian([&](const Variable& x) { return ct::dot(most, sin(x)); }, {8}, nonzeros(most));
    const Array none = Array::zeros(ct::DType::f64, {4, 4});
    check_jacobian([&](const Variable& x) { return ct::dot(none, x); }, {4}, 0);
    // The same as a sum of products of elements.
    check_jacobian([&](const Variable& x) { return ct::sum(Variable(s) * sin(x), 1); }, {15},
                   nonzeros(s));
    check_hessian([&](const Variable& x) { return ct::sum(exp(ct::sum(Variable(s) * x, 1))); },
                  {15}, -1, nonzeros_of_squares(s));
}

TEST_CASE("what a constant multiplies or selects")
{
    const Array mask = Array::copy(std::vector{0.0, 2.0, 0.0, 0.0, 1.0, 0.5, 0.0});
    check_jacobian([&](const Variable& x) { return Variable(mask) * sin(x); }, {7}, 3);
    check_jacobian([&](const Variable& x) { return Variable(mask) * sin(x) + ct::flip(x, 0); }, {7},
                   7 + 3);
    check_jacobian([&](const Variable& x) { return -(exp(x) * mask) + x(0); }, {7}, 7 + 3);
    check_jacobian(
        [&](const Variable& x) { return ct::where(Variable(mask) > 0.0, x * x(0), x * x(1)); }, {7},
        3 * 2 + 4 * 2);
    check_hessian([&](const Variable& x) { return ct::dot(mask, x * ct::flip(x, 0)); }, {7}, -1, 4);
    check_hessian([&](const Variable& x) { return ct::sum(Variable(mask) * exp(x)); }, {7}, 3, 3);
    // Factors that are no constants themselves.
    check_jacobian([&](const Variable& x) { return -(exp(x) * mask) * x(0); }, {7}, 3 * 2);
    check_hessian([&](const Variable& x) { return ct::sum(Variable(mask) * exp(x) * sin(x)); }, {7},
                  3, 3);
    check_hessian([&](const Variable& x) { return ct::dot(mask, exp(x) * ct::flip(x, 0)); }, {7},
                  -1, 3 + 4);
    check_jacobian([](const Variable& x) { return 0.0 * sin(x) + x(0); }, {4}, 4);
    // Within a loop.
    check_jacobian(
        [&](const Variable& x) {
            return ct::fori_loop(
                2, [&](const Variable&, const Variable& s) { return Variable(mask) * sin(s); },
                {x})[0];
        },
        {7}, 3);
    check_jacobian(
        [&](const Variable& x) {
            return ct::fori_loop(
                2,
                [&](const Variable&, const Variable& s) { return ct::dot(tridiagonal(8), sin(s)); },
                {x})[0];
        },
        {8}, 8 + 2 * 7 + 2 * 6);
}
