#include <croton/passes/rules.hpp>

namespace croton::inline v1 {

std::vector<RuleSet> all_rules()
{
    return {canonical_rules(), cast_rules(),  shape_rules(), compare_rules(),
            reduce_rules(),    arith_rules(), stable_rules()};
}

} // namespace croton::inline v1
