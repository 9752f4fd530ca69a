#include <croton/ir/build.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/scan_parts.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/passes/hoist_from_regions.hpp>

#include <algorithm>
#include <map>
#include <set>

#include "loop_body.hpp"
#include "value_numbers.hpp"

namespace croton::inline v1 {

namespace {

using detail::PointerMap;
using detail::PointerSet;
using detail::ScanParts;
using detail::Value;

/// Of applies that could leave a region those that do: the last of each chain that is worth it.
class Leaving {
public:
    explicit Leaving(const PassOptions& options) : options_(options) {}

    /// One that could leave, as those that it is made of could. In their order.
    void add(const Apply& a)
    {
        int all = cost_of(a);
        bool outside = false; // made of more than constants
        for (const Variable& in : a.inputs()) {
            const Effort* const effort = effort_.find(in.value());
            outside |= effort ? effort->outside : in.leaf() != Leaf::constant;
            if (effort) all = std::min(most, all + effort->flops);
        }
        const bool worth = outside && is_worth(a, all);
        for (const Variable& y : a.outputs())
            effort_[y.value()] = {worth ? 0 : all, outside, worth};
    }

    bool could(const Variable& v) const { return effort_.contains(v.value()); }

    /// Of what stays and reads `v`: what is handed in for it.
    void need(const Variable& v)
    {
        Variables open{v};
        while (!open.empty()) {
            const Variable next = open.back();
            open.pop_back();
            const Effort* const effort = effort_.find(next.value());
            if (!effort || !seen_.insert(next.value())) continue;
            if (effort->worth) {
                found_.push_back(next);
                continue;
            }
            const auto inputs = next.owner().inputs();
            open.insert(open.end(), inputs.rbegin(), inputs.rend());
        }
    }
    const Variables& found() const { return found_; }

private:
    static constexpr int most = 1 << 20;
    struct Effort {
        int flops = 0;        ///< an element takes, of what is handed in
        bool outside = false; ///< needs something from outside
        bool worth = false;   ///< is handed in
    };

    int cost_of(const Apply& a) const
    {
        if (!is_a<Pointwise>(a)) return 1;
        return options_.flops ? options_.flops(a.op(), a.output(0).dtype()) : 0;
    }

    bool is_worth(const Apply& a, int flops) const
    {
        if (is_a<IndexMap>(a) || is_a<Iota>(a)) return false;
        if (is_a<Pointwise>(a) || is_a<Gather>(a))
            return options_.flops && flops >= options_.flops_worth_storing;
        return true;
    }

    const PassOptions& options_;
    PointerMap<Value, Effort> effort_;
    PointerSet<Value> seen_;
    Variables found_;
};

/// From a region to what is around it.
VariableMap map_of(std::span<const Variable> inside, std::span<const Variable> given)
{
    VariableMap by;
    for (std::size_t i = 0; i < inside.size(); ++i)
        by.emplace(inside[i], given[i]);
    return by;
}

// ---- loops

Variables without_invariants(const Apply& scan, const PassOptions& options)
{
    ScanParts parts = detail::take_apart(scan);
    PointerSet<Value> shared;
    for (const Variable& c : parts.constant)
        shared.insert(c.value());
    const auto is_shared = [&](const Variable& v) {
        return v.leaf() == Leaf::constant || shared.contains(v.value());
    };
    const Variables results = body_results(parts);
    Leaving leaving(options);
    std::vector<Apply> staying;
    for (const Apply& a : applies_of(results)) {
        if (!std::ranges::all_of(a.inputs(), is_shared)) {
            staying.push_back(a);
            continue;
        }
        leaving.add(a);
        for (const Variable& y : a.outputs())
            shared.insert(y.value());
    }
    for (const Apply& a : staying)
        for (const Variable& in : a.inputs())
            leaving.need(in);
    for (const Variable& v : results)
        leaving.need(v);
    if (leaving.found().empty() || (options.fits_a_kernel && options.fits_a_kernel(scan)))
        return {};
    const Variables hoisted = copy_graph(leaving.found(), map_of(parts.constant, parts.constants));
    VariableMap by;
    for (std::size_t i = 0; i < hoisted.size(); ++i) {
        parts.constant.push_back(detail::placeholder_like(hoisted[i]));
        parts.constants.push_back(hoisted[i]);
        by.emplace(leaving.found()[i], parts.constant.back());
    }
    GraphCopy copy(by);
    for (Variables* group : {&parts.next, &parts.out})
        for (Variable& v : *group)
            v = copy(v);
    if (!parts.stop.is_empty()) parts.stop = copy(parts.stop);
    detail::drop_unused(parts);
    return detail::build_kept(parts, scan.params_as<ScanParams>().kept, scan.location());
}

// ---- branches

class Branches {
public:
    Branches(const Apply& apply, const PassOptions& options)
        : apply_(apply), branches_(apply.params_as<SwitchParams>().branches),
          numbers_(all_values()), leaving_(options),
          outside_(map_of(branches_[0].inputs(), apply.inputs().subspan(1)))
    {
        number();
        find_common();
    }

    /// One Variable for each value; empty: all stays as it is.
    Variables without_common_work()
    {
        const std::size_t count = apply_.output_count();
        std::map<std::vector<Id>, std::size_t> first; // looked up only
        std::vector<std::size_t> stands_for(count);   // the first that is the same in each branch
        std::vector<std::size_t> chosen;              // those that branches give
        std::vector<bool> common(count);
        for (std::size_t i = 0; i < count; ++i) {
            std::vector<Id> ids;
            for (const Region& branch : branches_)
                ids.push_back(numbers_.of(branch.outputs()[i]));
            common[i] = std::ranges::all_of(ids, [&](Id id) { return id == ids[0]; });
            stands_for[i] = first.try_emplace(ids, i).first->second;
            if (common[i] || stands_for[i] != i) continue;
            chosen.push_back(i);
            for (const Region& branch : branches_)
                need(branch.outputs()[i]);
        }
        need_of_applies(chosen);
        const bool hoists = !leaving_.found().empty();
        if (!hoists && chosen.size() == count) return {};
        Variables results(count);
        if (!chosen.empty()) {
            const Variables now = build(chosen);
            for (std::size_t n = 0; n < chosen.size(); ++n)
                results[chosen[n]] = now[n];
        }
        for (std::size_t i = 0; i < count; ++i)
            results[i] = common[i] ? outside_(branches_[0].outputs()[i]) : results[stands_for[i]];
        return results;
    }

private:
    using Id = ValueNumbers::Id;

    Variables all_values() const
    {
        Variables all;
        for (const Region& branch : branches_)
            all.insert(all.end(), branch.outputs().begin(), branch.outputs().end());
        return all;
    }

    /// Operands are leaves of one class in all branches.
    void number()
    {
        ValueNumbers::Classes leaves;
        std::map<std::pair<const Value*, const void*>, Id> classes; // looked up only
        for (const Region& branch : branches_)
            for (std::size_t i = 0; i < branch.inputs().size(); ++i) {
                const Variable& in = branch.inputs()[i];
                const auto next = static_cast<Id>(classes.size());
                leaves[in.value()] =
                    classes.try_emplace({apply_.input(i + 1).value(), in.type().data()}, next)
                        .first->second;
            }
        numbers_.number(leaves, static_cast<Id>(classes.size()));
    }

    /// What each branch computes, as the first one has it.
    void find_common()
    {
        std::map<Id, std::size_t> in_branches; // looked up only
        for (const Region& branch : branches_) {
            of_branch_.push_back(applies_of(branch.outputs()));
            std::set<Id> seen;
            for (const Apply& a : of_branch_.back())
                if (const Id id = numbers_.of(a.output(0)); seen.insert(id).second)
                    ++in_branches[id];
        }
        for (const Apply& a : of_branch_[0]) {
            const Id id = numbers_.of(a.output(0));
            if (in_branches.at(id) < branches_.size() || first_.contains(id)) continue;
            for (const Variable& y : a.outputs())
                first_.emplace(numbers_.of(y), y);
            // Of several values that are the same, the one that stands for them.
            leaving_.add(a);
        }
    }

    void need(const Variable& v)
    {
        if (const auto at = first_.find(numbers_.of(v)); at != first_.end())
            leaving_.need(at->second);
    }

    /// What applies that not every branch has read of those that each has.
    void need_of_applies(const std::vector<std::size_t>& chosen)
    {
        for (const Region& branch : branches_) {
            Variables values;
            for (const std::size_t i : chosen)
                values.push_back(branch.outputs()[i]);
            for (const Apply& a : applies_of(values))
                if (!first_.contains(numbers_.of(a.output(0))))
                    for (const Variable& in : a.inputs())
                        need(in);
        }
    }

    Variables build(const std::vector<std::size_t>& chosen)
    {
        Variables operands(apply_.inputs().begin(), apply_.inputs().end());
        for (const Variable& v : leaving_.found())
            operands.push_back(outside_(v));
        SwitchParams p;
        for (std::size_t b = 0; b < branches_.size(); ++b) {
            Variables inside(branches_[b].inputs().begin(), branches_[b].inputs().end());
            std::map<Id, Variable> handed_in; // looked up only
            for (const Variable& v : leaving_.found()) {
                inside.push_back(detail::placeholder_like(v));
                handed_in.emplace(numbers_.of(v), inside.back());
            }
            VariableMap by;
            for (const Apply& a : of_branch_[b])
                for (const Variable& y : a.outputs())
                    if (const auto at = handed_in.find(numbers_.of(y)); at != handed_in.end())
                        by.emplace(y, at->second);
            GraphCopy copy(by);
            Variables values;
            for (const std::size_t i : chosen)
                values.push_back(copy(branches_[b].outputs()[i]));
            p.branches.emplace_back(inside, values);
        }
        return apply_all(switch_op, operands, make_params(std::move(p)), apply_.location());
    }

    const Apply& apply_;
    const std::vector<Region>& branches_;
    ValueNumbers numbers_;
    Leaving leaving_;
    GraphCopy outside_; ///< of what the first branch has
    std::vector<std::vector<Apply>> of_branch_;
    std::map<Id, Variable> first_; ///< of what is common: the first branch's; looked up only
};

} // namespace

Changed HoistFromRegions::run(Graph& graph, PassContext& context) const
{
    return changed_if(graph.rewrite([&](const Apply& apply, Variables& out) {
        if (is_a<Scan>(apply))
            out = without_invariants(apply, context.options);
        else if (&apply.op() == &switch_op) // what is to be computed again stays a graph
            out = Branches(apply, context.options).without_common_work();
        return !out.empty();
    }));
}

} // namespace croton::inline v1
