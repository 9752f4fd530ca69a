#include <croton/ir/ops.hpp>
#include <croton/ir/reference.hpp>
#include <croton/passes/grad.hpp>

#include "support/catch.hpp"
#include "support/finite_difference.hpp"

using namespace croton;
using namespace croton::test;

namespace {

/// Every row against the gradient of that element alone.
void check_jacobian(const Variable& y, const Variable& x, const Array& at)
{
    const Variable rows = jacobian(y, x);
    const Array got = evaluate_reference(Variables{x}, std::vector<Array>{at}, Variables{rows})[0];
    const Array value = evaluate_reference(Variables{x}, std::vector<Array>{at}, Variables{y})[0];
    REQUIRE(got.size() == value.size() * at.size());
    for (std::int64_t i = 0; i < value.size(); ++i) {
        Array unit = Array::zeros(DType::f64, {value.shape().begin(), value.shape().end()});
        static_cast<double*>(unit.data())[i] = 1;
        const Variable bar = vjp({y}, {x}, {Variable(unit)})[0];
        for (std::int64_t j = 0; j < at.size(); ++j)
            CHECK(got.as_double(i * at.size() + j) ==
                  Approx(value_at({x}, {at}, bar, j)).margin(1e-12));
    }
}

} // namespace

TEST_CASE("jacobian: more results than x, fewer, symbols, scalars")
{
    const Variable x = vector<double>("x", {3});
    const Variable w = Array(sample(1, {5, 3}));
    CHECK(jacobian(x, x).type() == Type(DType::f64, {3, 3}));
    check_jacobian(tanh(sum(w * x, Axis{1})), x, sample(2, {3}));
    check_jacobian(square(x) * sum(x), x, sample(2, {3}));
    check_jacobian(sum(exp(x)), x, sample(2, {3}));
    const Variable s = scalar<double>("s");
    check_jacobian(sin(broadcast_to(s, {4}) * Variable(sample(3, {4}))), s, sample(4, {}));
    const Variable m = matrix<double>("m", {dim("n"), 2});
    check_jacobian(m.T() * sum(m), m, sample(5, {2, 2}));
    CHECK_THROWS_WITH(jacobian(x, s), "jacobian: the result does not depend on 's'");
}

TEST_CASE("hessian: symmetric, zero where the loss is linear")
{
    const Variable x = vector<double>("x", {3});
    const Variable y = exp(sum(x * Variable(sample(1, {3})))) + sum(square(x) * x);
    const Variable h = hessian(y, x);
    const std::vector<Array> at{sample(2, {3}, -1, 1)};
    for (std::int64_t i = 0; i < 3; ++i) {
        Array unit = Array::zeros<double>({3});
        static_cast<double*>(unit.data())[i] = 1;
        const Variable row = hvp(y, x, Variable(unit));
        for (std::int64_t j = 0; j < 3; ++j) {
            CHECK(value_at({x}, at, h, 3 * i + j) == Approx(value_at({x}, at, row, j)));
            CHECK(value_at({x}, at, h, 3 * i + j) == Approx(value_at({x}, at, h, 3 * j + i)));
        }
    }
    CHECK(value_at({x}, at, hessian(sum(x), x), 4) == 0);
}
