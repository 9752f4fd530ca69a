#include <croton/ir/ops.hpp>
#include <croton/ir/reference.hpp>
#include <croton/passes/grad.hpp>

#include <functional>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/finite_difference.hpp"

// The mask of a `where` goes back through every kind of op.

using namespace croton;
using namespace croton::test;

namespace {

Array array(const std::vector<double>& values) { return Array::copy(View<const double>(values)); }

constexpr GradOptions zero{.disconnected_zero = true};

/// Something of x whose derivatives are infinite or NaN at x = 0.
struct Case {
    std::string name;
    std::function<Variable(const Variable& x)> of;
};

Variable loop(const Variable& xs, const std::function<Variable(const Variable& a)>& step)
{
    const auto run = scan([&](const Variable& a, const Variable& h) { return h + step(a); },
                          {.sequences = {xs}, .init = {Variable(0.0)}});
    return run.history[0];
}

std::vector<Case> cases()
{
    const std::vector<std::int64_t> places{0, 2, 2};
    const Variable i(Array::copy(View<const std::int64_t>(places)));
    return {
        {"itself", [](const Variable& x) { return sqrt(x); }},
        {"sum", [](const Variable& x) { return sum(sqrt(x)); }},
        {"prod", [](const Variable& x) { return prod(sqrt(x)); }},
        {"prod of rows", [](const Variable& x) { return prod(outer(sqrt(x), x + 1.0), 1); }},
        {"max", [](const Variable& x) { return max(sqrt(x)); }},
        {"mean", [](const Variable& x) { return mean(sqrt(x)); }},
        {"var", [](const Variable& x) { return var(sqrt(x)); }},
        {"std", [](const Variable& x) { return stddev(sqrt(x) * x); }},
        {"logsumexp", [](const Variable& x) { return logsumexp(log(x)); }},
        {"softmax", [](const Variable& x) { return softmax(log(x)); }},
        {"softmax of columns", [](const Variable& x) { return softmax(outer(log(x), x), 0); }},
        {"log_softmax", [](const Variable& x) { return log_softmax(sqrt(x)); }},
        {"cumsum", [](const Variable& x) { return cumsum(sqrt(x), 0); }},
        {"cumprod", [](const Variable& x) { return cumprod(sqrt(x), 0); }},
        {"cumprod of logs", [](const Variable& x) { return cumprod(log(x), 0, true); }},
        {"reshape", [](const Variable& x) { return sqrt(x).reshape({3, 1}); }},
        {"broadcast", [](const Variable& x) { return broadcast_to(sqrt(x), {2, 3}); }},
        {"concatenate", [](const Variable& x) { return concatenate({sqrt(x), x}); }},
        {"slice", [](const Variable& x) { return sqrt(x)(slice(1, _)); }},
        {"flip", [](const Variable& x) { return flip(sqrt(x), 0); }},
        {"gather", [i](const Variable& x) { return take(sqrt(x), i, 0); }},
        {"scatter", [i](const Variable& x) { return scatter_add(x, {i}, sqrt(x)); }},
        {"set", [](const Variable& x) { return x.set({0}, sqrt(x)(0)); }},
        {"dot", [](const Variable& x) { return dot(sqrt(x), log(x)); }},
        {"product with a matrix",
         [](const Variable& x) { return dot(outer(sqrt(x), x + 1.0), log(x)); }},
        {"matmul",
         [](const Variable& x) { return matmul(outer(sqrt(x), x + 1.0), outer(x + 1.0, log(x))); }},
        {"einsum of the same letters",
         [](const Variable& x) { return einsum("ji,i->ij", {outer(x, sqrt(x)), log(x)}); }},
        {"batches",
         [](const Variable& x) {
             const Variable a = outer(sqrt(x), x + 1.0);
             return einsum("bij,jbk->kbi", {stack({a, a}), stack({log(a), a}, 1)});
         }},
        {"loop over roots",
         [](const Variable& x) { return loop(sqrt(x), [](const Variable& a) { return a; }); }},
        {"roots in a loop",
         [](const Variable& x) { return loop(x, [](const Variable& a) { return sqrt(a); }); }},
        {"constant of a loop",
         [](const Variable& x) {
             return loop(x, [&](const Variable& a) { return a * sum(sqrt(x)); });
         }},
        {"start of a loop",
         [](const Variable& x) {
             const auto run = scan([](const Variable& h) { return sqrt(h) * 0.5; },
                                   {.init = {State(sum(sqrt(x)))}, .steps = 3});
             return run.last[0];
         }},
        {"loop of vectors",
         [](const Variable& x) {
             const Variable m = outer(sqrt(x), x + 1.0);
             const auto run = scan(
                 [&](const Variable& a, const Variable& h) {
                     return Step{{tanh(dot(m, h)) + sqrt(a)}, {log(a) * h}};
                 },
                 {.sequences = {m}, .init = {State(log(x))}});
             return run.out[0];
         }},
    };
}

void check_zero(const Variable& x, const Array& at, const Variable& value)
{
    for (std::int64_t i = 0; i < 3; ++i)
        CHECK(value_at({x}, {at}, value, value.rank() == 0 ? 0 : i) == 0);
}

/// Both orders and both modes.
void check_no_derivative(const Variable& x, const Array& at, const Variable& y)
{
    const Variable ones_of_x = ones(DType::f64, {3});
    const Variable bar = grad(y, x, zero);
    check_zero(x, at, bar);
    check_zero(x, at, grad(sum(bar), x, zero));
    check_zero(x, at, jvp(y, {x}, {ones_of_x}, zero));
    check_zero(x, at, jvp(bar, {x}, {ones_of_x}, zero));
}

} // namespace

TEST_CASE("where: what is not selected gives nothing through any op")
{
    const Variable x = vector<double>("x", {3});
    const Array at = Array::zeros<double>({3});
    for (const Case& c : cases()) {
        INFO(c.name);
        const Variable y = c.of(x);
        check_no_derivative(x, at, sum(where(sum(x) > 0, y, 0.0)));
        // Element by element: the condition is no broadcast.
        check_no_derivative(x, at, sum(where(y == y && sum(x) > 0, y, 0.0)));
    }
}

TEST_CASE("where: what is selected gives all of its derivative through any op")
{
    const Variable x = vector<double>("x", {3});
    const Array at = array({0.7, 1.9, 1.3});
    for (const Case& c : cases()) {
        INFO(c.name);
        const Variable y = c.of(x);
        const Variable flat = y.reshape({-1});
        const Variable odd = iota(flat.shape(), 0) % 2 != 0;
        CHECK(wrong_derivative({x}, {at}, sum(where(odd, square(flat), 0.0))) == "");
        CHECK(wrong_derivative({x}, {at}, sum(where(odd, 0.5 * flat, sin(flat)))) == "");
        CHECK(wrong_derivative({x}, {at}, sum(where(!odd, square(flat), 0.0))) == "");
    }
}
