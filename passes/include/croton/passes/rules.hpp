#pragma once

#include <croton/passes/rule.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace croton::inline v1 {

RuleSet canonical_rules(); ///< one spelling for what can be spelled in several ways
RuleSet arith_rules();     ///< algebra
RuleSet cast_rules();      ///< conversions that keep every value
RuleSet compare_rules();   ///< comparison, logic, where
RuleSet shape_rules();     ///< reshape, transpose, broadcast
RuleSet reduce_rules();    ///< sums of sums, of broadcasts, of scaled values
RuleSet stable_rules();    ///< expressions that are exact where they would overflow or cancel
RuleSet softmax_rules();   ///< the same for logarithms of sums and products, and softmax

/// All of the above: what tests and docs/rules.md go through.
std::vector<RuleSet> all_rules();

/// Whether a rule has this text, as `rules_off` wants it.
bool is_rule(std::string_view text);
/// The texts of the rules, `count` at most, that may have been meant by it, the nearest first.
std::vector<std::string> rules_near(std::string_view text, std::size_t count);

} // namespace croton::inline v1
