#include "packed_operands.hpp"

#include <algorithm>

namespace croton::inline v1::codegen {

void pack_in_first_step(GraphPlan& plan, std::span<const Variable> unchanged)
{
    const auto changes = [&](const Variable& v) {
        const auto view = std::ranges::find_if(
            plan.views, [&](const ViewOfLeaf& each) { return same(each.value, v); });
        const Variable leaf = view == plan.views.end() ? v : view->leaf;
        return leaf.leaf() != Leaf::constant &&
               std::ranges::none_of(unchanged, [&](const Variable& u) { return same(u, leaf); });
    };
    const auto keep = [&](const LoopNest& nest, BufferId packed, BufferId from) {
        if (packed < 0 || from < 0 || changes(buffer_at(nest, from).value)) return false;
        for (Lifetime& l : plan.lifetimes)
            if (same(l.value, buffer_at(nest, packed).value))
                l.first = 0, l.last = plan.steps.size() - 1;
        return true;
    };
    for (PlannedStep& step : plan.steps)
        for (PlannedKernel& k : step.kernels)
            for (ContractNest& c : k.nest.contract) {
                c.keeps_a = keep(k.nest, c.packed_a, c.a);
                c.keeps_b = keep(k.nest, c.packed_b, c.b);
            }
}

} // namespace croton::inline v1::codegen
