#pragma once

#include <croton/ir/apply.hpp>
#include <croton/ir/variable.hpp>

#include <cstdint>
#include <vector>

namespace croton::inline v1::detail {

inline Apply apply_of(const Node* node)
{
    return Variable(Ref<const Value>::share(node->values())).owner();
}

/// Walks the graph above `root` depth first, operands from left to right, without recursion.
/// `enter(v)` says whether to go into the Apply that computes `v`, and has to say so of each node
/// once; `leave(node)` is called when all its inputs were left. The graph lives as long as `root`.
template <class Enter, class Leave>
void inputs_first(const Variable& root, Enter enter, Leave leave)
{
    struct Frame {
        const Node* node;
        std::uint32_t next;
    };
    std::vector<Frame> stack;
    const auto visit = [&](const Variable& v) {
        if (enter(v)) stack.push_back({v.value()->node, 0});
    };
    visit(root);
    while (!stack.empty()) {
        Frame& top = stack.back();
        if (top.next < top.node->input_count) {
            visit(top.node->inputs()[top.next++]); // may move `stack`: `top` is not used again
        } else {
            const Node* node = top.node;
            stack.pop_back();
            leave(node);
        }
    }
}

} // namespace croton::inline v1::detail
