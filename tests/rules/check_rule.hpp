#pragma once

#include <croton/passes/rule.hpp>

#include <cstddef>
#include <string>

namespace croton::test {

struct RuleOutcome {
    std::string failure;        ///< values of both sides where they differ too much; empty: nowhere
    bool left_is_worse = false; ///< somewhere by 1000 times, or not finite
    std::size_t instances = 0;  ///< expressions on which the rule was tried
};

/// Evaluates both sides of a rule by the references, on random and special values in several
/// dtypes, and compares them at the rule's exactness.
RuleOutcome check_rule(const Rule& rule);

} // namespace croton::test
