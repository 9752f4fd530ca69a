#include "between.hpp"

#include <croton/ir/inputs_first.hpp>

#include <algorithm>

#include "cotangent_mask.hpp"

namespace croton::inline v1::detail {

Between::Between(std::span<const Variable> ys, std::span<const Variable> xs, MasksOfXs masks)
    : masks_(masks)
{
    for (const Variable& x : xs) {
        xs_.insert(x.value());
        oldest_ = std::min(oldest_, x.value()->node->serial);
    }
    for (const Variable& y : ys)
        walk(y);
}

bool Between::contains(const Variable& v) const
{
    if (!is_float(v.dtype())) return false;
    if (is_x(v)) return true;
    const auto at = facts_.find(v.value()->node);
    return at != facts_.end() && at->second.depends;
}

bool Between::wants_mask(const Variable& v) const
{
    if (masks_ == MasksOfXs::wanted && is_x(v)) return true;
    const auto at = facts_.find(v.value()->node);
    return at != facts_.end() && at->second.wants_mask;
}

Between::Facts Between::facts_of(const Apply& apply) const
{
    Facts facts;
    if (std::holds_alternative<StopsGradient>(apply.op().grad)) return facts;
    bool above = false;
    for (const Variable& in : apply.inputs()) {
        if (!contains(in)) continue;
        facts.depends = true;
        above |= wants_mask(in);
    }
    facts.wants_mask = facts.depends && (above || uses_mask(apply));
    return facts;
}

void Between::walk(const Variable& root)
{
    // A node is younger than its inputs: at the oldest x the walk turns back.
    const auto enter = [&](const Variable& v) {
        const Node* node = v.value()->node;
        return node->op && node->serial > oldest_ && facts_.emplace(node, Facts{}).second;
    };
    inputs_first(root, enter, [&](const Node* node) {
        const Apply apply = apply_of(node);
        const Facts facts = facts_of(apply);
        facts_[node] = facts;
        if (facts.depends) applies_.push_back(apply);
    });
}

} // namespace croton::inline v1::detail
