#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/passes/rules.hpp>

#include <limits>

namespace croton::inline v1 {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// How many terms a sum has that are 1 or exp of something; 0 if there are others, or too many.
int exps_in(const Variable& v, int most = 32)
{
    static const Variable x = wildcard("x");
    static const Op *const exp_op = &exp(x).owner().op(), *const add_op = &(x + x).owner().op();
    if (most == 0) return 0;
    if (constant_value(v) == 1) return 1;
    const Apply a = v.owner();
    if (!a || &a.op() != add_op) return a && &a.op() == exp_op ? 1 : 0;
    const int first = exps_in(a.input(0), most - 1);
    const int second = first == 0 ? 0 : exps_in(a.input(1), most - first);
    return second == 0 ? 0 : first + second;
}

/// log(exp(x) + exp(y)), smooth where x is y, too. Equal infinities have no difference.
Variable log_of_sum(const Variable& x, const Variable& y)
{
    const Variable less = x < y;
    const Variable high = where(less, y, x), low = where(less, x, y);
    return where(x == y && isinf(x), x, high + softplus(low - high));
}

void add_logs_of_sums(RuleSet& r)
{
    using enum Exactness;
    const Variable x = wildcard("x"), y = wildcard("y");
    const Variable a = wildcard("exp_x"), b = wildcard("exp_y");

    r.add(log(exp(x) + exp(y)), log_of_sum(x, y), sharper).expands();
    // The logarithms on the right are of fewer terms each.
    r.add(log(a + b), log_of_sum(log(a), log(b)), sharper).expands().when([](const Match& m) {
        const int first = exps_in(m["exp_x"]), second = exps_in(m["exp_y"]);
        return first > 0 && second > 0 && first + second > 2;
    });
}

/// exp, log and their relatives near 1 and far from it: no cancellation, no overflow on the way.
void add_exponentials(RuleSet& r)
{
    using enum Exactness;
    // [rule]
    const Variable x = wildcard("x");
    const Variable y = wildcard("y");

    r.add(log(1 + x), log1p(x), sharper);
    // [/rule]
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
    r.add(rsqrt(square(x)), 1 / abs(x), sharper).expands();
    r.add(log1p(-exp(x)), log1mexp(x), sharper);
    r.add(log(-expm1(x)), log1mexp(x), sharper);
    // Equal infinities have no difference.
    r.add(log(exp(x) - exp(y)), where(x == y, -infinity, x + log1mexp(y - x)), sharper).expands();
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
    r.add(erfc(x) - 1, -erf(x), sharper);
}

/// erfc(x) * exp(square(x)) * x * sqrt(pi) for large x: Laplace's continued fraction
/// 1 / (1 + t / (1 + 2t / (1 + 3t / ..))), t = 1 / (2x^2), cut behind 6t (NIST DLMF 7.9). Relative
/// error 4e-5 at 2, 1e-12 at 9, 1e-18 at 26.
Variable erfc_tail(const Variable& x)
{
    const Variable t = 0.5 / square(x);
    return (1 + t * (20 + t * (87 + t * 48))) / (1 + t * (21 + t * (105 + t * 105)));
}

/// From where on erfc or its square loses digits to underflow.
Variable tail_begins(const Match& m)
{
    switch (m["x"].dtype()) {
    case DType::f64:
        return 26;
    case DType::f32:
        return 9;
    default: // 16 bits
        return 2;
    }
}

/// What erfc is divided by, or its logarithm.
void add_erfc_tails(RuleSet& r)
{
    using enum Exactness;
    const Variable x = wildcard("x");
    const Variable b = wildcard("b");
    const Variable c = wildcard("c");
    const double root_of_pi = 1.77245385090551602730;

    const Variable is_before = x < wildcard("begins");
    const Variable density = where(is_before, exp(-square(x)), x * root_of_pi);
    const Variable divisor = where(is_before, erfc(x), erfc_tail(x));
    const Variable scaled = where(is_before, erfc(x), erfc_tail(x) / (x * root_of_pi));
    r.add(log(erfc(x)), log(scaled) - where(is_before, 0, square(x)), sharper)
        .expands()
        .when(is_float("x"))
        .let("begins", tail_begins);
    r.add(exp(-square(x)) / erfc(x), density / divisor, sharper)
        .expands()
        .when(is_float("x"))
        .let("begins", tail_begins);
    // The gradient of log(erfc(x)), in its order: c * b alone may overflow.
    r.add(c / erfc(x) * b * exp(-square(x)), c / divisor * b * density, sharper)
        .expands()
        .when(is_float("x"))
        .let("begins", tail_begins);
}

void add_sigmoids(RuleSet& r)
{
    using enum Exactness;
    const Variable x = wildcard("x");
    const Variable c = wildcard("c");
    const double not_a_number = std::numeric_limits<double>::quiet_NaN();

    r.add(1 / (1 + exp(-x)), sigmoid(x), rounding);
    r.add(1 / (1 + exp(x)), sigmoid(-x), sharper);
    r.add(exp(x) / (1 + exp(x)), sigmoid(x), sharper);
    r.add(c / (1 + exp(-x)), c * sigmoid(x), rounding);
    r.add(c / (1 + exp(x)), c * sigmoid(-x), sharper);
    r.add(exp(x) * sigmoid(-x), sigmoid(x), sharper);
    r.add(exp(-x) * sigmoid(x), sigmoid(-x), sharper);
    r.add(c * exp(x) * sigmoid(-x), c * sigmoid(x), sharper);
    r.add(c * exp(-x) * sigmoid(x), c * sigmoid(-x), sharper);
    r.add(c * sigmoid(-x) * exp(x), c * sigmoid(x), sharper);
    r.add(c * sigmoid(x) * exp(-x), c * sigmoid(-x), sharper);
    r.add(sigmoid(log(x / (1 - x))), where(0 <= x && x <= 1, x, not_a_number), rounding).expands();
    r.add(sigmoid(x) / sigmoid(-x), exp(x), rounding);
    r.add(sigmoid(-x) / sigmoid(x), exp(-x), rounding);
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
    add_logs_of_sums(r); // before log(1 + x), which would take the first of many terms
    add_exponentials(r);
    add_hyperbolic(r);
    add_erfc_tails(r);
    add_sigmoids(r);
    return r;
}

} // namespace croton::inline v1
