#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/passes/rules.hpp>

namespace croton::inline v1 {

RuleSet compare_rules()
{
    RuleSet r("compare");
    return r;
}

} // namespace croton::inline v1
