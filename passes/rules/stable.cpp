#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/passes/rules.hpp>

namespace croton::inline v1 {

namespace {

constexpr double log_2 = 0.693147180559945309417;

/// x's shape with the reduced axes kept at extent 1.
Shape kept_shape(const Match& m)
{
    Shape shape = m["x"].shape();
    for (int axis : m.ints("axes"))
        shape[static_cast<std::size_t>(axis)] = 1;
    return shape;
}

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

    r.add(1 / (1 + exp(-x)), sigmoid(x), rounding);
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

/// The logarithm of a softmax, also of elements picked from one, without the softmax that
/// underflows.
void add_softmax(RuleSet& r)
{
    using enum Exactness;
    const Variable x = wildcard("x");
    const Variable i = wildcard("i");
    const Variable j = wildcard("j");
    const ParamWildcard axes("axes");
    const ParamWildcard axis("axis");
    const ParamWildcard s("s");
    const ParamWildcard t("t");
    const ParamWildcard p("p");
    const GatherParams places{ParamWildcard("at"), ParamWildcard("position")};
    const SliceParams slice{ParamWildcard("start"), ParamWildcard("stop"), ParamWildcard("step"),
                            ParamWildcard("dropped")};
    const Variable y = softmax(x, axes);
    const Variable log_y = log_softmax(x, axes);
    const auto keeps = [](const Match& m) { return same(kept_shape(m), m.shape("s")); };

    r.add(log(y), log_y, sharper);
    r.add(log(take_along_axis(y, i, axis)), take_along_axis(log_y, i, axis), sharper);
    r.add(log(gather_axes(y, {i}, places, "picked")), gather_axes(log_y, {i}, places, "picked"),
          sharper);
    r.add(log(gather_axes(y, {i, j}, places, "picked")),
          gather_axes(log_y, {i, j}, places, "picked"), sharper);
    r.add(log(slice_of(y, slice)), slice_of(log_y, slice), sharper);
    r.add(log(reshape(y, s)), reshape(log_y, s), sharper);
    r.add(log(transpose(y, p)), transpose(log_y, p), sharper);
    r.add(log(broadcast_to(y, s)), broadcast_to(log_y, s), sharper);

    r.add(log(sum(exp(x), axes)), logsumexp(x, axes), sharper);
    r.add(exp(x) / broadcast_to(reshape(sum(exp(x), axes), s), t), y, sharper).when(keeps);
    r.add(x - broadcast_to(reshape(logsumexp(x, axes), s), t), log_y, rounding).when(keeps);
    r.add(exp(log_y), y, rounding);
}

} // namespace

RuleSet stable_rules()
{
    RuleSet r("stable");
    add_exponentials(r);
    add_hyperbolic(r);
    add_sigmoids(r);
    add_softmax(r);
    return r;
}

} // namespace croton::inline v1
