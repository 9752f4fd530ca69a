#include "memory.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <queue>
#include <set>
#include <utility>

namespace croton::inline v1::codegen {

namespace {

/// The exact plan compares every pair of lifetimes; of more, those that share memory share all of
/// it, a slot as large as the largest.
constexpr std::size_t most_exact_lifetimes = 4096;

std::int64_t rounded(const Lifetime& l) { return (l.bytes.value() + 63) / 64 * 64; }

/// Exact offsets for the lifetimes that `order` lists.
class ExactPlan {
public:
    ExactPlan(const std::vector<Lifetime>& lifetimes, MemoryPlan& plan)
        : lifetimes_(lifetimes), plan_(plan)
    {}

    void place(std::vector<std::size_t> order)
    {
        const auto bytes = [&](std::size_t i) { return rounded(lifetimes_[i]); };
        std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(-bytes(i), i); });
        for (std::size_t i : order) {
            Placed fresh{lifetimes_[i].first, lifetimes_[i].last, 0, bytes(i)};
            fresh.offset = best_gap(fresh);
            plan_.place_of[i] = {-1, fresh.offset};
            plan_.known_bytes = std::max(plan_.known_bytes, fresh.offset + fresh.bytes);
            by_offset_.insert(
                std::ranges::upper_bound(by_offset_, fresh.offset, {}, &Placed::offset), fresh);
        }
    }

private:
    struct Placed {
        std::size_t first, last;
        std::int64_t offset, bytes;
    };

    /// The start of the smallest gap that holds `fresh`, or the end of what is alive with it.
    std::int64_t best_gap(const Placed& fresh) const
    {
        std::int64_t end = 0; // of what was passed
        std::int64_t best = -1;
        std::int64_t best_size = INT64_MAX;
        for (const Placed& p : by_offset_) {
            if (fresh.first > p.last || p.first > fresh.last) continue;
            const std::int64_t gap = p.offset - end;
            if (gap >= fresh.bytes && gap < best_size) {
                best = end;
                best_size = gap;
            }
            end = std::max(end, p.offset + p.bytes);
        }
        return best >= 0 ? best : end;
    }

    const std::vector<Lifetime>& lifetimes_;
    MemoryPlan& plan_;
    std::vector<Placed> by_offset_;
};

/// Slots for the lifetimes that `order` lists. Lifetimes of one size cost the logarithm of their
/// number each, a new size is compared with all others.
class SlotPlan {
public:
    SlotPlan(const std::vector<Lifetime>& lifetimes, MemoryPlan& plan)
        : lifetimes_(lifetimes), plan_(plan)
    {}

    void place(std::vector<std::size_t> order)
    {
        std::ranges::sort(order, {},
                          [&](std::size_t i) { return std::pair(lifetimes_[i].first, i); });
        for (std::size_t i : order) {
            const Lifetime& l = lifetimes_[i];
            for (; !used_.empty() && used_.top().first < l.first; used_.pop())
                release(used_.top().second);
            const std::size_t k = take(l.bytes);
            plan_.slot_bytes[k] = maximum(plan_.slot_bytes[k], l.bytes);
            used_.emplace(l.last, k);
            plan_.place_of[i] = {static_cast<int>(k), 0};
        }
    }

private:
    /// Slots of one size in which nothing lies.
    struct Free {
        Extent bytes;
        std::set<std::size_t> slots;
    };

    void release(std::size_t slot)
    {
        const Extent& bytes = plan_.slot_bytes[slot];
        const auto [at, fresh] = free_of_size_.emplace(key(bytes), free_.size());
        if (fresh) free_.push_back({bytes, {}});
        free_[at->second].slots.insert(slot);
    }

    /// The free slot that `bytes` fits best, of several the first, or a new one.
    std::size_t take(const Extent& bytes)
    {
        Free* best = nullptr;
        std::int64_t best_misfit = INT64_MAX;
        const auto consider = [&](Free& f) {
            if (f.slots.empty()) return;
            const std::int64_t m = misfit(f.bytes, bytes);
            if (m > best_misfit) return;
            if (m == best_misfit && *best->slots.begin() < *f.slots.begin()) return;
            best = &f;
            best_misfit = m;
        };
        if (const auto same = free_of_size_.find(key(bytes)); same != free_of_size_.end())
            consider(free_[same->second]);
        if (!best) std::ranges::for_each(free_, consider);
        if (best) return best->slots.extract(best->slots.begin()).value();
        plan_.slot_bytes.push_back(bytes);
        return plan_.slot_bytes.size() - 1;
    }

    /// Equal for equal sizes, as expressions of extents are interned.
    using Key = std::pair<const void*, std::int64_t>;
    static Key key(const Extent& bytes)
    {
        return {bytes.polynomial(), bytes.is_known() ? bytes.value() : 0};
    }

    /// How badly `bytes` fits a slot. Sizes of which neither is known to be the larger share one
    /// only where nothing else is free: max(..) is at most their sum.
    static std::int64_t misfit(const Extent& slot, const Extent& bytes)
    {
        if (same(slot, bytes)) return 0;
        if (slot.is_known() && bytes.is_known())
            return 1 + std::max(slot.value() - bytes.value(), 2 * (bytes.value() - slot.value()));
        if (never_negative(slot - bytes)) return INT64_MAX - 3;
        return never_negative(bytes - slot) ? INT64_MAX - 2 : INT64_MAX - 1;
    }

    const std::vector<Lifetime>& lifetimes_;
    MemoryPlan& plan_;
    std::vector<Free> free_;
    std::map<Key, std::size_t> free_of_size_; // looked up only
    /// Slots by the last step of what lies there.
    using Use = std::pair<std::size_t, std::size_t>;
    std::priority_queue<Use, std::vector<Use>, std::greater<>> used_;
};

/// Slots of known sizes, one behind the other.
void place_slots(const std::vector<Lifetime>& lifetimes,
                 const std::vector<std::size_t>& known,
                 MemoryPlan& plan)
{
    SlotPlan(lifetimes, plan).place(known);
    std::vector<std::int64_t> offsets;
    for (const Extent& bytes : std::exchange(plan.slot_bytes, {})) {
        offsets.push_back(plan.known_bytes);
        plan.known_bytes += aligned(bytes).value();
    }
    for (std::size_t i : known)
        plan.place_of[i] = {-1, offsets[static_cast<std::size_t>(plan.place_of[i].slot)]};
}

} // namespace

MemoryPlan plan_memory(const std::vector<Lifetime>& lifetimes)
{
    MemoryPlan plan;
    plan.place_of.resize(lifetimes.size());
    std::vector<std::size_t> known;
    std::vector<std::size_t> others;
    for (std::size_t i = 0; i < lifetimes.size(); ++i)
        (lifetimes[i].bytes.is_known() ? known : others).push_back(i);
    if (known.size() > most_exact_lifetimes)
        place_slots(lifetimes, known, plan);
    else
        ExactPlan(lifetimes, plan).place(std::move(known));
    SlotPlan(lifetimes, plan).place(std::move(others));
    return plan;
}

Extent aligned(const Extent& bytes) { return floor_div(bytes + 63, 64) * 64; }

Extent total_bytes(const MemoryPlan& memory)
{
    Extent total = memory.known_bytes;
    for (const Extent& bytes : memory.slot_bytes)
        total = total + aligned(bytes);
    return total;
}

Extent offset_of(const MemoryPlan& memory, std::size_t lifetime)
{
    const MemoryPlan::Place& place = memory.place_of[lifetime];
    if (place.slot < 0) return place.offset;
    Extent offset = memory.known_bytes;
    for (int k = 0; k < place.slot; ++k)
        offset = offset + aligned(memory.slot_bytes[static_cast<std::size_t>(k)]);
    return offset;
}

} // namespace croton::inline v1::codegen
