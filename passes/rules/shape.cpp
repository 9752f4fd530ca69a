#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/passes/rules.hpp>

namespace croton::inline v1 {

RuleSet shape_rules()
{
    RuleSet r("shape");
    return r;
}

} // namespace croton::inline v1
