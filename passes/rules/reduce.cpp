#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/passes/rules.hpp>

namespace croton::inline v1 {

RuleSet reduce_rules()
{
    RuleSet r("reduce");
    return r;
}

} // namespace croton::inline v1
