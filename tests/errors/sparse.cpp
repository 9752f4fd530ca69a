// What sparse derivatives refuse, and where.
#include <croton/croton.hpp>

#include "errors/expect.hpp"

namespace ct = croton;
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

TEST_CASE("sparse derivatives: extents that only a call knows")
{
    const auto n = ct::dim("n");
    const auto x = ct::vector<double>("x", {n});
    CHECK_REFUSED(ct::sparse_jacobian(sin(x), x), shape,
                  "sparse_jacobian: 'x' has shape (n): the pattern needs extents that are known "
                  "before the call");
    CHECK_REFUSED(ct::sparse_hessian(ct::sum(x * x), x), shape,
                  "sparse_hessian: 'x' has shape (n): the pattern needs extents that are known "
                  "before the call");
}

TEST_CASE("sparse derivatives: an op of which no pattern follows is named, with its line")
{
    const auto x = ct::vector<double>("x", {4});
    const auto k = ct::vector<std::int64_t>("k", {3});
    const std::string no_bands = "is none of the ops of which each element depends on others at "
                                 "affine places: no pattern follows from it";
    const Variable sums = ct::cumprod(x, 0);
    const std::string sums_line = std::to_string(__LINE__ - 1);
    CHECK_REFUSED(ct::sparse_jacobian(sums * x, x), domain,
                  "sparse_jacobian: cumprod (sparse.cpp:" + sums_line + ") " + no_bands);
    const Variable taken = ct::take(x, k);
    const std::string taken_line = std::to_string(__LINE__ - 1);
    CHECK_REFUSED(ct::sparse_jacobian(taken, x), domain,
                  "sparse_jacobian: take (sparse.cpp:" + taken_line + ") " + no_bands);
    const auto twice = ct::custom_vjp([](const Variable& v) { return 2.0 * v; },
                                      [](const Variable&, const Variable&, const Variable& bar) {
                                          return ct::Variables{3.0 * bar};
                                      });
    const std::string custom_line = std::to_string(__LINE__ - 4);
    CHECK_REFUSED(ct::sparse_jacobian(twice(x), x), domain,
                  "sparse_jacobian: custom_vjp (sparse.cpp:" + custom_line +
                      ") has a derivative of its own, which bands do not follow");
    const auto wide = ct::matrix<double>("wide", {65536, 65536});
    CHECK_REFUSED(ct::sparse_jacobian(wide(0), wide), shape,
                  "sparse_jacobian: 'wide' has shape (65536, 65536): the indices of a pattern are "
                  "32-bit integers");
    // What has no gradient is refused as by grad.
    CHECK_THROWS_WITH(ct::sparse_jacobian(floor(x) * x, x), croton::test::contains("floor"));
}
