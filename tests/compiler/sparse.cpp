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
    CHECK(large.size() * 10 < small.size() * 11);
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
