#include <croton/ir/apply.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/reference.hpp>
#include <croton/ir/traverse.hpp>
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

/// How a Jacobian of a loop is computed.
struct Sweeps {
    Extent count;
    bool back; ///< through the loop, from its last step to the first
    bool operator==(const Sweeps& o) const { return same(count, o.count) && back == o.back; }
};

Sweeps sweeps_of(const Variable& jacobian)
{
    for (const Apply& sweeps : applies_of(std::span(&jacobian, 1))) {
        if (&sweeps.op() != &scan_op) continue;
        const auto& p = sweeps.params_as<ScanParams>();
        for (const Apply& inner : applies_of(p.body.outputs()))
            if (&inner.op() == &scan_op) return {p.steps, inner.params_as<ScanParams>().reverse};
    }
    FAIL("no loop of sweeps through a loop");
    return {0, false};
}

} // namespace

TEST_CASE("jacobian: forward or reverse sweeps, whichever are fewer")
{
    const Variable x = vector<double>("x", {2}), xs = vector<double>("xs", {6});
    const auto step = [](const Variable& s) { return sin(s) * sum(s); };
    const auto by_start = [&](const Variable& init, const Extent& steps) {
        return scan(step, {.init = {init}, .steps = steps});
    };
    const auto by_sequence = scan([](const Variable& v, const Variable& s) { return sin(s) * v; },
                                  {.sequences = {xs}, .init = {ones(DType::f64, {2})}});
    // Twelve results of two numbers; two of six; as many as numbers.
    const Variable many = by_start(x, 6).history[0], few = by_sequence.last[0];
    const Variable equal = by_start(x, 6).last[0], one = sum(many);
    CHECK(sweeps_of(jacobian(many, x)) == Sweeps{2, false});
    CHECK(sweeps_of(jacobian(few, xs)) == Sweeps{2, true});
    CHECK(sweeps_of(jacobian(equal, x)) == Sweeps{2, true});
    CHECK(sweeps_of(jacobian(one, x)) == Sweeps{1, true});
    check_jacobian(many, x, sample(2, {2}));
    check_jacobian(few, xs, sample(3, {6}));
    check_jacobian(equal, x, sample(2, {2}));
    // gauss_newton goes as the Jacobian; a Hessian goes forward over a gradient that goes back.
    CHECK(sweeps_of(gauss_newton(many, x)) == Sweeps{2, false});
    CHECK(sweeps_of(gauss_newton(few, xs)) == Sweeps{2, true});
    // Back where only the call knows which are fewer.
    const Extent n = dim("n");
    const Variable some = vector<double>("some", {n});
    CHECK(sweeps_of(jacobian(by_start(some, 4).history[0], some)) == Sweeps{4 * n, true});
    CHECK(sweeps_of(jacobian(sum(by_start(some, 4).last[0]), some)) == Sweeps{1, true});
}

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
