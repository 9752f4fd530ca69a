#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/passes/rules.hpp>

namespace croton::inline v1 {

RuleSet cast_rules()
{
    RuleSet r("cast");
    return r;
}

} // namespace croton::inline v1
