#include "share_memory.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>

#include <algorithm>
#include <unordered_map>

#include "in_place.hpp"

namespace croton::inline v1::codegen {

namespace {

Extent bytes_of(const Variable& v)
{
    return element_count(v.shape()) * Extent(size_bytes(v.dtype()));
}

bool reads(const PlannedStep& step, const Variable& v)
{
    if (!step.bodies.empty())
        return std::ranges::any_of(step.cluster->roots, [&](const Root& r) {
            return std::ranges::any_of(r.reads, [&](const Variable& w) { return same(v, w); });
        });
    return std::ranges::any_of(step.kernels, [&](const PlannedKernel& k) {
        return std::ranges::any_of(k.nest.buffers, [&](const Buffer& b) {
            return same(b.value, v) && b.access != Buffer::Access::write;
        });
    });
}

bool can_fail(const PlannedStep& step)
{
    for (const GraphPlan& body : step.bodies)
        if (std::ranges::any_of(body.steps, can_fail)) return true;
    return std::ranges::any_of(step.kernels,
                               [](const PlannedKernel& k) { return k.nest.checks_index; });
}

bool holds_sums(const PlannedStep& step, const Variable& v)
{
    return std::ranges::any_of(step.kernels, [&](const PlannedKernel& k) {
        return std::ranges::any_of(k.nest.contract, [&](const ContractNest& c) {
            return !c.keeps_sums && same(k.nest.buffers[static_cast<std::size_t>(c.out)].value, v);
        });
    });
}

class MemorySharer {
public:
    MemorySharer(GraphPlan& plan, const OuterMemory& outer) : plan_(plan), outer_(outer)
    {
        for (std::size_t s = 0; s < plan.steps.size(); ++s)
            for (const Root& r : plan.steps[s].cluster->roots)
                if (r.stored) step_of_.emplace(r.value.value(), s);
    }

    void share()
    {
        for (std::size_t i = 0; i < outer_.outputs.size(); ++i)
            decide_output(i);
        find_lifetimes();
        for (std::size_t s = 0; s < plan_.steps.size(); ++s)
            for (const Root& r : plan_.steps[s].cluster->roots)
                if (r.stored && plan_.steps[s].bodies.empty() && !blocks_with(plan_, s))
                    take_over(s, r.value);
        for (Group& g : groups_)
            if (!g.moved) keep(g);
    }

private:
    /// Values that lie in one place of the workspace, one after the other.
    struct Group {
        Lifetime lifetime;
        std::vector<Variable> members;
        bool moved = false; ///< to another group, or to an output's memory
    };

    // ---- outputs

    void decide_output(std::size_t i)
    {
        const ArgumentPlace& place = outer_.outputs[i];
        const Variable& v = plan_.outputs[i];
        const bool in_place = place.input >= 0;
        if (!in_place && place.strides.empty()) return;
        if (in_place && v.leaf() == Leaf::input) return decide_leaf(i);
        if (!place.strides.empty()) return make_late(i, "the strides are given at each call");
        if (!v.owner() || is_earlier_output(i)) // copied at the end, from where it lies
            return keep_apart(i, v.owner() ? "the value is an output too"
                                           : "no op computes the value");
        const Variable& u = outer_.inputs[static_cast<std::size_t>(place.input)];
        const std::string why = reason_against(u, v);
        if (place.if_safe && (!why.empty() || can_fail_after(v)))
            return keep_apart(i,
                              why.empty() ? "something can fail after the value is stored" : why);
        if (!why.empty()) return make_late(i, why);
        merge(plan_.steps[step_of_.at(v.value())], u, v);
        plan_.shares.emplace_back(v, u);
    }

    void keep_apart(std::size_t i, std::string why) { plan_.apart.emplace_back(i, std::move(why)); }

    /// Whether a step that can fail runs when `v` is stored, or later.
    bool can_fail_after(const Variable& v) const
    {
        if (outer_.stores_are_checked) return true;
        const auto first =
            plan_.steps.begin() + static_cast<std::ptrdiff_t>(step_of_.at(v.value()));
        return std::any_of(first, plan_.steps.end(), can_fail);
    }

    /// An input as it is, in the memory of an input: of itself, or of one that must be saved first.
    void decide_leaf(std::size_t i)
    {
        const auto own = static_cast<std::size_t>(outer_.outputs[i].input);
        if (same(outer_.inputs[own], plan_.outputs[i])) return;
        if (outer_.outputs[i].if_safe) return keep_apart(i, "the value is an input as it is");
        const Variable& v = plan_.outputs[i];
        plan_.late.push_back({i,
                              input(v.name(), v.dtype(), v.shape()),
                              true,
                              {},
                              "the value is an input as it is",
                              {}});
    }

    bool is_earlier_output(std::size_t i) const
    {
        const auto end = plan_.outputs.begin() + static_cast<std::ptrdiff_t>(i);
        return std::any_of(plan_.outputs.begin(), end,
                           [&](const Variable& w) { return same(w, plan_.outputs[i]); });
    }

    /// Why `v` cannot be written over the input `u`; "" if it can.
    std::string reason_against(const Variable& u, const Variable& v) const
    {
        const std::string name = u.name().empty() ? "the input" : fmt::format("'{}'", u.name());
        if (std::ranges::any_of(plan_.outputs, [&](const Variable& w) { return same(u, w); }))
            return fmt::format("{} is an output too", name);
        const std::size_t s = step_of_.at(v.value());
        for (std::size_t t = s + 1; t < plan_.steps.size(); ++t)
            if (reads(plan_.steps[t], u)) return fmt::format("{} is read later", name);
        if (can_replace(s, u, v)) return {};
        if (holds_sums(plan_.steps[s], v))
            return "the sums of a product lie there before the value does";
        return fmt::format("{} is read elsewhere than at the element that is written", name);
    }

    /// Whether step `s` may store `v` where `u` lies: kernels before the first that stores `v` are
    /// done with `u`, it reads each element before it writes it, and none behind it reads `u`.
    bool can_replace(std::size_t s, const Variable& u, const Variable& v) const
    {
        const PlannedStep& step = plan_.steps[s];
        if (u.dtype() != v.dtype()) return false; // one pointer has one type
        if (!step.bodies.empty()) return !reads(step, u);
        bool stored = false;
        for (const PlannedKernel& k : step.kernels) {
            const auto touches = [&](const Variable& x, bool writes) {
                return std::ranges::any_of(k.nest.buffers, [&](const Buffer& b) {
                    return same(b.value, x) && (!writes || b.access != Buffer::Access::read);
                });
            };
            if (stored && touches(u, false)) return false;
            if (!touches(v, true)) continue;
            stored = true;
            if (!can_overwrite(k.nest, u, v)) return false;
        }
        return stored;
    }

    /// `to` lies where `from` does; kernels that only moved one to the other are gone.
    static void merge(PlannedStep& step, const Variable& from, const Variable& to)
    {
        std::erase_if(step.kernels,
                      [&](PlannedKernel& k) { return !merge_buffers(k.nest, from, to); });
    }

    void make_late(std::size_t i, std::string why)
    {
        plan_.late.push_back({i, plan_.outputs[i], false, {}, std::move(why), {}});
    }

    bool is_late(const Variable& v) const
    {
        return std::ranges::any_of(plan_.late,
                                   [&](const LateOutput& l) { return same(l.from, v); });
    }

    /// Whether the caller's memory of an output is where `v` is written.
    bool has_own_memory(const Variable& v) const
    {
        return !is_late(v) &&
               std::ranges::any_of(plan_.outputs, [&](const Variable& w) { return same(v, w); });
    }

    // ---- the workspace

    void find_lifetimes()
    {
        const std::size_t end = plan_.steps.size();
        for (std::size_t s = 0; s < end; ++s) {
            // Steps that take turns in blocks of rows are as one.
            const RowBlocks* const blocks = blocks_with(plan_, s);
            const std::size_t first = blocks ? blocks->first : s;
            const std::size_t last = blocks ? blocks->end - 1 : s;
            for (const Root& r : plan_.steps[s].cluster->roots) {
                if (r.stored && !has_own_memory(r.value) && !(blocks && is_local(*blocks, r))) {
                    at_.emplace(r.value.value(), groups_.size());
                    groups_.push_back({{r.value, bytes_of(r.value), first, last}, {r.value}});
                }
                for (const Variable& v : r.reads)
                    if (const auto found = at_.find(v.value()); found != at_.end())
                        groups_[found->second].lifetime.last = last;
            }
            for (const Variable& v : plan_.steps[s].scratch)
                groups_.push_back({{v, bytes_of(v), s, s}, {v}});
        }
        for (const LateOutput& late : plan_.late) {
            if (const auto found = at_.find(late.from.value()); found != at_.end())
                groups_[found->second].lifetime.last = end;
            else if (late.saved)
                groups_.push_back({{late.from, bytes_of(late.from), 0, end}, {late.from}});
        }
        ending_at_.resize(end + 1);
        for (std::size_t g = 0; g < groups_.size(); ++g)
            ending_at_[groups_[g].lifetime.last].push_back(g);
    }

    static bool is_local(const RowBlocks& blocks, const Root& r)
    {
        return std::ranges::any_of(
            blocks.local, [&](const RowBlocks::Local& l) { return same(l.value, r.value); });
    }

    /// `v`, which step `s` writes, takes the memory of a value that is read there for the last
    /// time. What is no larger than a line of the cache is not worth the search.
    void take_over(std::size_t s, const Variable& v)
    {
        const Extent bytes = bytes_of(v);
        if (bytes.is_known() && bytes.value() <= 64) return;
        const auto own = at_.find(v.value());
        const bool output = own == at_.end();
        if (output && (outer_.outputs.empty() || is_shared(v))) return;
        for (std::size_t k = 0; k < ending_at_[s].size(); ++k) {
            Group& g = groups_[ending_at_[s][k]];
            const Lifetime& l = g.lifetime;
            if (g.moved || l.last != s || l.first >= s || !same(l.bytes, bytes)) continue;
            const Variable u = g.members.back();
            if (!u.owner() || !reads(plan_.steps[s], u) || !can_replace(s, u, v)) continue;
            merge(plan_.steps[s], u, v);
            if (output) {
                g.moved = true;
                for (const Variable& member : g.members)
                    plan_.shares.emplace_back(member, v);
                return;
            }
            Group& mine = groups_[own->second];
            mine.moved = true;
            g.lifetime.last = mine.lifetime.last;
            g.members.push_back(v);
            own->second = ending_at_[s][k];
            ending_at_[g.lifetime.last].push_back(own->second);
            return;
        }
    }

    bool is_shared(const Variable& v) const
    {
        return std::ranges::any_of(plan_.shares, [&](const auto& share) {
            return same(share.first, v) || same(share.second, v);
        });
    }

    void keep(const Group& g)
    {
        plan_.lifetimes.push_back(g.lifetime);
        for (const Variable& member : g.members)
            if (!same(member, g.lifetime.value))
                plan_.shares.emplace_back(member, g.lifetime.value);
    }

    GraphPlan& plan_;
    const OuterMemory& outer_;
    std::unordered_map<const detail::Value*, std::size_t> step_of_; // looked up only
    std::unordered_map<const detail::Value*, std::size_t> at_;      // looked up only
    std::vector<Group> groups_;
    std::vector<std::vector<std::size_t>> ending_at_; ///< groups by their last step
};

} // namespace

void share_memory(GraphPlan& plan, const OuterMemory& outer) { MemorySharer(plan, outer).share(); }

} // namespace croton::inline v1::codegen
