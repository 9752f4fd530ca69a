#pragma once

#include <croton/passes/pass.hpp>
#include <croton/passes/rule.hpp>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace croton::inline v1 {

/// Applies rules until none fires: every Apply, inputs before users, and what a rule makes of it.
///
/// Needs: duplicates merged, as a wildcard that occurs twice matches one value, not two equal ones.
/// Keeps: outputs, their order, types. The two sides' dtype and extents are compared: a cast or a
/// broadcast_to is inserted, or the rule does not fire. What it makes is at the line of what it
/// replaces. errors   InternalError naming the rules that fire on each other's results without end.
/// cost     O(applies x rules of their op), one look at each Apply and each new one.
class Rewrite {
public:
    explicit Rewrite(RuleSet rules);
    Rewrite(std::string pass_name, const std::vector<RuleSet>& sets);

    std::string name;
    Changed run(Graph& graph, PassContext& context) const;

private:
    using Index = std::unordered_map<const Op*, std::vector<std::shared_ptr<const Rule>>>;
    std::shared_ptr<const Index> rules_;                              // looked up, never iterated
    std::shared_ptr<const std::vector<std::shared_ptr<Rule>>> order_; // the same, as they are tried
};

} // namespace croton::inline v1
