#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/passes/rules.hpp>

namespace croton::inline v1 {

RuleSet stable_rules()
{
    using enum Exactness;
    RuleSet r("stable");
    const Variable x = wildcard("x");

    r.add(log(1 + x), log1p(x), sharper);
    r.add(exp(x) - 1, expm1(x), sharper);
    r.add(log(exp(x)), x, sharper);
    r.add(log1p(exp(x)), softplus(x), sharper);

    return r;
}

} // namespace croton::inline v1
