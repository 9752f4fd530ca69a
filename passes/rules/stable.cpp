#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/passes/rules.hpp>

namespace croton::inline v1 {

namespace {

constexpr double log_2 = 0.693147180559945309417;

/// exp, log and their relatives near 1 and far from it: no cancellation, no overflow on the way.
void add_exponentials(RuleSet& r)
{
    using enum Exactness;
    const Variable x = wildcard("x");
    const Variable y = wildcard("y");

    r.add(log(1 + x), log1p(x), sharper);
    r.add(log(1 - x), log1p(-x), sharper);
    r.add(log1p(x - 1), log(x), sharper);
    r.add(exp(x) - 1, expm1(x), sharper);
    r.add(1 - exp(x), -expm1(x), sharper);
    r.add(1 + expm1(x), exp(x), sharper);
    r.add(log(exp(x)), x, sharper);
    r.add(log2(exp2(x)), x, sharper);
    r.add(log1p(expm1(x)), x, sharper);
    r.add(log(square(x)), log(abs(x)) * 2, sharper).expands();
    r.add(sqrt(square(x)), abs(x), sharper);
    r.add(log(exp(x) + exp(y)), where(x == y, x + log_2, maximum(x, y) + softplus(-abs(x - y))),
          sharper)
        .expands();
}

void add_hyperbolic(RuleSet& r)
{
    using enum Exactness;
    const Variable x = wildcard("x");

    r.add((exp(x) - exp(-x)) / (exp(x) + exp(-x)), tanh(x), sharper);
    r.add((exp(x) - exp(-x)) / 2, sinh(x), sharper);
    r.add((exp(x) - exp(-x)) * 0.5, sinh(x), sharper);
    r.add((exp(x) + exp(-x)) / 2, cosh(x), rounding);
    r.add((exp(x) + exp(-x)) * 0.5, cosh(x), rounding);
    r.add(1 - cos(x), square(sin(x * 0.5)) * 2, sharper).expands();
    r.add(1 - erf(x), erfc(x), sharper);
    r.add(1 + erf(x), erfc(-x), sharper);
    r.add(1 - erfc(x), erf(x), sharper);
    r.add(erf(x) - 1, -erfc(x), sharper);
}

void add_sigmoids(RuleSet& r)
{
    using enum Exactness;
    const Variable x = wildcard("x");

    r.add(1 / (1 + exp(-x)), sigmoid(x), sharper);
    r.add(1 / (1 + exp(x)), sigmoid(-x), sharper);
    r.add(exp(x) / (1 + exp(x)), sigmoid(x), sharper);
    r.add(exp(x) * sigmoid(-x), sigmoid(x), sharper);
    r.add(sigmoid(x) / sigmoid(-x), exp(x), rounding);
    r.add(1 - sigmoid(-x), sigmoid(x), sharper);
    r.add(1 - sigmoid(x), sigmoid(-x), sharper);
    r.add(log1p(exp(x)), softplus(x), sharper);
    r.add(log(sigmoid(-x)), -softplus(x), sharper);
    r.add(log(sigmoid(x)), -softplus(-x), sharper).expands();
    r.add(log1p(-sigmoid(x)), -softplus(x), sharper);
    r.add(x - softplus(x), -softplus(-x), sharper).expands();
    r.add(x + softplus(-x), softplus(x), sharper);
    r.add(softplus(x) - softplus(-x), x, sharper);
}

} // namespace

RuleSet stable_rules()
{
    RuleSet r("stable");
    add_exponentials(r);
    add_hyperbolic(r);
    add_sigmoids(r);
    return r;
}

} // namespace croton::inline v1
