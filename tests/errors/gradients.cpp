#include <croton/croton.hpp>

#include "errors/expect.hpp"

namespace ct = croton;

TEST_CASE("a gradient that has no meaning is refused at the caller's line")
{
    const auto x = ct::matrix<double>("x", {3, 4}), w = ct::vector<double>("w");
    const auto i = ct::vector<std::int64_t>("i");
    const auto loss = ct::sum(square(x));
    CHECK_REFUSED(
        ct::grad(square(x), x), shape,
        "grad: the loss must be a scalar, it has shape (3, 4); sum it, or use jacobian or vjp");
    CHECK_REFUSED(ct::grad(loss, w), domain, "grad: the loss does not depend on 'w'");
    CHECK_REFUSED(ct::grad(loss, i), dtype, "grad: x must be floating point: 'i' is i64");
    CHECK_REFUSED(ct::grad(loss, ct::Variable()), domain,
                  "grad: x is an empty Variable: nothing was assigned to it");
}

TEST_CASE("a disconnected gradient is zeros where that was asked for")
{
    const auto x = ct::vector<double>("x", {2}), w = ct::vector<double>("w", {3});
    const auto g = ct::grad(ct::sum(x), w, {.disconnected_zero = true});
    CHECK(g.type() == w.type());
    const ct::Array zeros = ct::function({}, {g})()[0];
    CHECK(identical(zeros, ct::Array::zeros(ct::DType::f64, {3})));
}
