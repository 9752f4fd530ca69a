#include <croton/ir/format.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/verify.hpp>
#include <croton/passes/pipeline.hpp>

#include <algorithm>
#include <chrono>
#include <map>

namespace croton::inline v1 {

namespace {

using Run = std::function<Changed(Graph&, PassContext&)>;

/// Remembers which ops hold regions, so that a graph without any costs one comparison an Apply.
class RegionOps {
public:
    bool contains(const Op& op)
    {
        if (&op == last_) return last_has_;
        auto at = known_.find(&op);
        if (at == known_.end()) at = known_.emplace(&op, has_regions(op)).first;
        last_ = &op;
        last_has_ = at->second;
        return last_has_;
    }

private:
    std::map<const Op*, bool> known_; // looked up, never iterated
    const Op* last_ = nullptr;
    bool last_has_ = false;
};

/// Runs a pass on a graph, and before that on the regions in it.
Changed run_with_regions(const Run& run, Graph& graph, PassContext& context, RegionOps& ops)
{
    bool changed = false;
    const bool any =
        std::ranges::any_of(graph.order(), [&](const Apply& a) { return ops.contains(a.op()); });
    if (any)
        changed = graph.rewrite([&](const Apply& apply, Variables& out) {
            if (!ops.contains(apply.op())) return false;
            std::vector<Region> regions = regions_of(apply);
            bool any_changed = false;
            for (Region& region : regions) {
                Graph inner({region.inputs().begin(), region.inputs().end()},
                            {region.outputs().begin(), region.outputs().end()});
                ++context.depth;
                const Changed inside = run_with_regions(run, inner, context, ops);
                --context.depth;
                if (inside == Changed::no) continue;
                region = Region(inner.inputs(), inner.outputs());
                any_changed = true;
            }
            if (any_changed) out = with_regions(apply, regions);
            return any_changed;
        });
    changed |= run(graph, context) == Changed::yes;
    return changed_if(changed);
}

} // namespace

Changed Pipeline::run_step(const Step& step,
                           const std::string& label,
                           Graph& graph,
                           PassContext& context) const
{
    const PassOptions& options = context.options;
    const std::size_t hash_before = options.check_hash ? graph.hash() : 0;
    const auto start = std::chrono::steady_clock::now();
    RegionOps ops;
    const Changed changed = run_with_regions(step.run, graph, context, ops);
    const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
    context.report.stages.push_back(
        {label, changed, graph.size(), time.count(), options.record_texts ? to_text(graph) : ""});
    if (options.verify && changed == Changed::yes) {
        try {
            verify(graph);
        } catch (const InternalError& error) {
            throw internal_error("passes", "after '{}': {}", label, error.message());
        }
    }
    if (options.check_hash && (graph.hash() != hash_before) != (changed == Changed::yes))
        throw internal_error("passes", "'{}' says it {} the graph, but its hash {}", label,
                             changed == Changed::yes ? "changed" : "did not change",
                             changed == Changed::yes ? "is the same" : "differs");
    return changed;
}

void Pipeline::run_group(const Group& group, Graph& graph, PassContext& context) const
{
    const std::vector<Step>& steps = group.steps;
    if (group.once) {
        for (const Step& step : steps)
            run_step(step, step.name, graph, context);
        return;
    }
    std::size_t quiet = 0; // steps in a row that changed nothing
    for (int round = 1; quiet < steps.size(); ++round) {
        if (round > group.rounds)
            throw internal_error("passes", "'{}' has not settled after {} rounds", group.name,
                                 group.rounds);
        for (const Step& step : steps) {
            if (quiet == steps.size()) break;
            const std::string label = fmt::format("{} {}: {}", group.name, round, step.name);
            const Changed changed = run_step(step, label, graph, context);
            quiet = changed == Changed::yes ? 0 : quiet + 1;
        }
    }
}

PassReport Pipeline::run(Graph& graph, const PassOptions& options) const
{
    PassReport report;
    PassContext context{options, report};
    if (options.verify) verify(graph);
    for (const Group& group : groups_)
        run_group(group, graph, context);
    return report;
}

std::string Pipeline::to_string() const
{
    std::string text = name_ + "\n";
    for (const Group& group : groups_) {
        if (!group.once) text += fmt::format("  {}, until nothing changes\n", group.name);
        for (const Step& step : group.steps)
            text += fmt::format("{}{}\n", group.once ? "  " : "    ", step.name);
    }
    return text;
}

std::string to_string(const Firing& firing)
{
    std::string text = fmt::format(
        "{}  {}", firing.rule->where ? to_string(*firing.rule->where) : "?", firing.rule->text());
    if (firing.user) text += "  at " + to_string(*firing.user);
    return text;
}

std::string to_string(const PassReport& report)
{
    std::string text;
    for (const Stage& s : report.stages)
        text += fmt::format("{:<48} {:>9} applies {:>9.3f} ms{}\n", s.name, s.applies,
                            s.milliseconds, s.changed == Changed::yes ? "" : "  unchanged");
    std::map<std::string, std::size_t> counts; // sorted by place and text
    for (const Firing& f : report.firings)
        ++counts[to_string(Firing{f.rule, nullptr})];
    for (const auto& [rule, count] : counts)
        text += fmt::format("{:>6} x {}\n", count, rule);
    return text;
}

} // namespace croton::inline v1
