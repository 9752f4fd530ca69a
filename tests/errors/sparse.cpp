// What sparse derivatives refuse, and where.
#include <croton/croton.hpp>

#include <vector>

#include "errors/expect.hpp"

namespace ct = croton;
using ct::Array;
using ct::Variable;

TEST_CASE("sparse derivatives: what is no function of x, no float, or no scalar")
{
    const auto x = ct::vector<double>("x", {4});
    const auto y = ct::vector<double>("y", {4});
    const auto k = ct::vector<std::int64_t>("k", {4});
    CHECK_REFUSED(ct::sparse_jacobian(sin(y), x), domain,
                  "sparse_jacobian: the result does not depend on 'x'");
    CHECK_REFUSED(ct::sparse_jacobian(k, x), dtype,
                  "sparse_jacobian: the result must be floating point: 'k' is i64");
    CHECK_REFUSED(ct::sparse_jacobian(x, Variable()), domain,
                  "sparse_jacobian: x is an empty Variable: nothing was assigned to it");
    CHECK_REFUSED(ct::sparse_hessian(x, x), shape,
                  "sparse_hessian: the loss must be a scalar, it has shape (4); sum it, or use "
                  "jacobian or vjp");
    CHECK_REFUSED(ct::sparse_hessian(ct::sum(y), x), domain,
                  "sparse_hessian: the loss does not depend on 'x'");
}

TEST_CASE("sparse derivatives: lists where extents are only known at the call")
{
    const auto n = ct::dim("n");
    const auto x = ct::vector<double>("x", {n});
    CHECK_REFUSED(ct::sparse_jacobian(sin(x), x), shape,
                  "sparse_jacobian: 'x' has shape (n): rows and columns are listed where all "
                  "extents are known before the call; Compressed::bands has loops over symbols");
    CHECK_REFUSED(ct::sparse_hessian(ct::sum(x * x), x), shape,
                  "sparse_hessian: 'x' has shape (n): rows and columns are listed where all "
                  "extents are known before the call; Compressed::bands has loops over symbols");
    const auto wide = ct::matrix<double>("wide", {65536, 65536});
    CHECK_REFUSED(ct::sparse_jacobian(wide(0), wide), shape,
                  "sparse_jacobian: 'wide' has shape (65536, 65536): the indices of a pattern are "
                  "32-bit integers");
}

TEST_CASE("sparse derivatives: bands of what is none, with its line")
{
    const auto x = ct::vector<double>("x", {ct::dim("n")});
    const auto k = ct::vector<std::int64_t>("k", {3});
    const ct::SparseOptions bands{.format = ct::Compressed::bands};
    const std::string none = "so the derivative is none of bands; rows and columns are listed "
                             "where all extents are known before the call";
    const std::string not_affine =
        "is none of the ops of which each element depends on others at affine places, " + none;
    const Variable sums = ct::cumprod(x, 0);
    const std::string sums_line = std::to_string(__LINE__ - 1);
    CHECK_REFUSED(ct::sparse_jacobian(sums * x, x, bands), domain,
                  "sparse_jacobian: cumprod (sparse.cpp:" + sums_line + ") " + not_affine);
    const Variable taken = ct::take(x, k);
    const std::string taken_line = std::to_string(__LINE__ - 1);
    CHECK_REFUSED(ct::sparse_jacobian(taken, x, bands), domain,
                  "sparse_jacobian: take (sparse.cpp:" + taken_line +
                      ") has an index that is not known before the call, " + none);
    const Variable named = ct::take(x, Array::copy(std::vector<std::int64_t>{0, 2}));
    const std::string named_line = std::to_string(__LINE__ - 1);
    CHECK_REFUSED(ct::sparse_jacobian(named, x, bands), domain,
                  "sparse_jacobian: take (sparse.cpp:" + named_line +
                      ") names elements of an axis whose extent is not known before the call, " +
                      none);
    const auto twice = ct::custom_vjp([](const Variable& v) { return 2.0 * v; },
                                      [](const Variable&, const Variable&, const Variable& bar) {
                                          return ct::Variables{3.0 * bar};
                                      });
    const std::string custom_line = std::to_string(__LINE__ - 4);
    CHECK_REFUSED(ct::sparse_jacobian(twice(x), x, bands), domain,
                  "sparse_jacobian: custom_vjp (sparse.cpp:" + custom_line +
                      ") has a derivative of its own, which bands do not follow, " + none);
    const auto m = ct::matrix<double>("m", {ct::dim("rows"), ct::dim("columns")});
    CHECK_REFUSED(ct::sparse_jacobian(sin(m).reshape({-1}), m, bands), domain,
                  "sparse_jacobian: a band's places are no box in which each column is known to be "
                  "one of 'm'; rows and columns are listed where all extents are known before the "
                  "call");
    CHECK_REFUSED(
        ct::sparse_hessian(square(ct::sum(x)), x,
                           {.format = ct::Compressed::bands, .triangle = ct::Triangle::lower}),
        domain,
        "sparse_hessian: a band has elements on both sides of the diagonal, so that a triangle has "
        "a part of it: ask for all of it, or for rows or columns");
}

TEST_CASE("sparse derivatives: an op without a derivative, as by grad")
{
    const auto x = ct::vector<double>("x", {4});
    CHECK_THROWS_WITH(ct::sparse_jacobian(floor(x) * x, x), croton::test::contains("floor"));
    CHECK_THROWS_WITH(ct::sparse_jacobian(floor(x) * ct::cumsum(x, 0), x),
                      croton::test::contains("floor"));
}

TEST_CASE("sparse derivatives: what a given pattern may be")
{
    const auto x = ct::vector<double>("x", {3});
    const ct::SparsePattern wide{{0, 1}, {0}, 1, 3, ct::Compressed::rows};
    CHECK_REFUSED(ct::sparse_jacobian(sin(x), x, {.pattern = &wide}), shape,
                  "sparse_jacobian: the given pattern is 1 x 3, the derivative 3 x 3");
    const ct::SparsePattern uncounted{{0, 1, 2}, {0, 1}, 3, 3, ct::Compressed::rows};
    CHECK_REFUSED(ct::sparse_jacobian(sin(x), x, {.pattern = &uncounted}), shape,
                  "sparse_jacobian: the given pattern has 3 starts for 3 rows and 2 indices: they "
                  "count from 0 up to the number of indices");
    const ct::SparsePattern mixed{{0, 2, 3, 3}, {1, 0, 2}, 3, 3, ct::Compressed::columns};
    CHECK_REFUSED(ct::sparse_jacobian(sin(x), x, {.pattern = &mixed}), index,
                  "sparse_jacobian: column 0 of the given pattern has indices that do not ascend "
                  "from 0 to 2");
    const ct::SparsePattern beyond{{0, 0, 1, 1}, {3}, 3, 3, ct::Compressed::rows};
    CHECK_REFUSED(ct::sparse_hessian(ct::sum(sin(x)), x, {.pattern = &beyond}), index,
                  "sparse_hessian: column 1 of the given pattern has indices that do not ascend "
                  "from 0 to 2");
    CHECK_REFUSED(
        ct::sparse_jacobian(sin(x), x, {.format = ct::Compressed::bands, .pattern = &beyond}),
        domain,
        "sparse_jacobian: a given pattern lists rows or columns, and so does the "
        "derivative then: no Compressed::bands");
}

TEST_CASE("sparse derivatives: a pattern that is contradicted")
{
    const auto x = ct::vector<double>("x", {3});
    const Variable y = x * ct::flip(x, 0);
    const ct::SparsePattern diagonal{{0, 1, 2, 3}, {0, 1, 2}, 3, 3, ct::Compressed::rows};
    ct::check_pattern(ct::sparse_jacobian(y, x), y, x);
    CHECK_THROWS_AS(ct::check_pattern(ct::sparse_jacobian(y, x, {.pattern = &diagonal}), y, x),
                    ct::InternalError);
    CHECK_THROWS_WITH(
        ct::check_pattern(ct::sparse_jacobian(y, x, {.pattern = &diagonal}), y, x),
        croton::test::contains("internal error in check_pattern: row 0 of the pattern times a "
                               "random vector is "));
    CHECK_REFUSED(ct::check_pattern(ct::sparse_jacobian(y, x), ct::sum(y), x), shape,
                  "check_pattern: lists of a matrix of 1 x 3 elements are needed");
}
