#include "memory.hpp"

#include <algorithm>

namespace croton::inline v1::codegen {

namespace {

struct Slot {
    Extent bytes = 0;
    std::size_t free_after = 0; ///< last step of the value that holds it
};

/// How well `bytes` fits a slot: smaller is better; negative: not at all.
std::int64_t misfit(const Slot& slot, const Extent& bytes)
{
    if (same(slot.bytes, bytes)) return 0;
    if (slot.bytes.is_known() && bytes.is_known())
        return 1 + std::max(slot.bytes.value() - bytes.value(),
                            2 * (bytes.value() - slot.bytes.value()));
    return never_negative(slot.bytes - bytes) ? INT64_MAX / 2 : -1;
}

} // namespace

MemoryPlan plan_memory(const std::vector<Lifetime>& lifetimes)
{
    std::vector<std::size_t> order(lifetimes.size());
    for (std::size_t i = 0; i < order.size(); ++i)
        order[i] = i;
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return lifetimes[i].first; });
    std::vector<Slot> slots;
    MemoryPlan plan;
    plan.slot_of.resize(lifetimes.size());
    for (std::size_t i : order) {
        const Lifetime& l = lifetimes[i];
        std::size_t best = slots.size();
        std::int64_t best_misfit = INT64_MAX;
        for (std::size_t k = 0; k < slots.size(); ++k) {
            if (slots[k].free_after >= l.first) continue;
            const std::int64_t m = misfit(slots[k], l.bytes);
            if (m >= 0 && m < best_misfit) {
                best = k;
                best_misfit = m;
            }
        }
        if (best == slots.size()) slots.push_back({l.bytes, l.last});
        slots[best].bytes = maximum(slots[best].bytes, l.bytes);
        slots[best].free_after = l.last;
        plan.slot_of[i] = best;
    }
    for (const Slot& s : slots)
        plan.slot_bytes.push_back(s.bytes);
    return plan;
}

} // namespace croton::inline v1::codegen
