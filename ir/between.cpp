#include "between.hpp"

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
    struct Frame {
        Apply apply;
        std::size_t next;
    };
    std::vector<Frame> stack;
    // A node is younger than its inputs: at the oldest x the walk turns back.
    const auto enter = [&](const Variable& v) {
        const Node* node = v.value()->node;
        if (!node->op || node->serial <= oldest_) return;
        if (facts_.emplace(node, Facts{}).second) stack.push_back({v.owner(), 0});
    };
    enter(root);
    while (!stack.empty()) {
        Frame& top = stack.back();
        if (top.next < top.apply.inputs().size()) {
            enter(top.apply.input(top.next++)); // may move `stack`: `top` is not used again
            continue;
        }
        const Apply apply = std::move(top.apply);
        stack.pop_back();
        const Facts facts = facts_of(apply);
        facts_[apply.node()] = facts;
        if (facts.depends) applies_.push_back(apply);
    }
}

} // namespace croton::inline v1::detail
