#pragma once

#include <croton/ir/array.hpp>
#include <croton/passes/rule.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace croton::test {

struct RuleOutcome {
    std::string failure;        ///< values of both sides where they differ too much; empty: nowhere
    bool left_is_worse = false; ///< somewhere by 1000 times, or not finite
    std::size_t instances = 0;  ///< expressions on which the rule was tried
};

/// Evaluates both sides of a rule by the references, on random and special values in several
/// dtypes, and compares them at the rule's exactness. The right side of a sharper rule is what the
/// rules of `set` leave of it, as in a compiled program.
RuleOutcome check_rule(const Rule& rule, const RuleSet& set = RuleSet("none"));

/// Whether element i of both, which are contiguous, is the same; any NaN is like any other.
bool same_bits(const Array& a, const Array& b, std::int64_t i);

} // namespace croton::test
