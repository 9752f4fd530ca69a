#include <croton/ir/ops/params.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/passes/fuse_loops.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "loop_body.hpp"
#include "loop_fusion.hpp"

namespace croton::inline v1 {

namespace {

using detail::ScanParts;
using detail::Value;

/// What becomes of a loop's body: a loop is only fused with others of its kind.
enum class Kind : std::uint8_t {
    kernel, ///< one kernel
    sums,   ///< one, it may be, once its sums have left it
    steps,  ///< kernels of their own in each step
};

/// Loops of one key run the same steps, as far as is known from outside.
using Key = std::tuple<const detail::Polynomial*, // or the known number of steps
                       std::int64_t,
                       const Value*, // the limit
                       bool,         // stops
                       bool,         // reverse
                       bool,         // at the end
                       bool>;        // endless

Key key_of(const Apply& loop)
{
    const auto& p = loop.params_as<ScanParams>();
    return {p.steps.polynomial(),
            p.steps.is_known() ? p.steps.value() : 0,
            p.limited ? loop.inputs().back().value() : nullptr,
            p.until,
            p.reverse,
            p.at_end,
            p.endless};
}

/// A loop is compared with so many groups, and the first of a group with so many loops in vain, so
/// that a graph of many loops takes linear time.
constexpr std::size_t most_groups = 4;
constexpr int most_in_vain = 8;

struct Group {
    Key key;
    std::size_t bucket; ///< of its key, its level and its kind
    Kind kind;
    std::vector<Apply> loops; ///< in the graph's order
    LoopFusion fusion;        ///< of kernels, whose sizes are bounded
    int in_vain = 0;
};

/// Work of a body that changes from step to step: what two loops may have in common.
std::size_t varying_work(const ScanParts& parts)
{
    detail::PointerSet<Value> varies;
    for (const Variables* group : {&parts.x, &parts.state})
        for (const Variable& v : *group)
            varies.insert(v.value());
    std::size_t count = 0;
    for (const Apply& a : applies_of(body_results(parts))) {
        if (std::ranges::none_of(a.inputs(),
                                 [&](const Variable& in) { return varies.contains(in.value()); }))
            continue;
        for (const Variable& y : a.outputs())
            varies.insert(y.value());
        count += std::holds_alternative<IndexMap>(a.op().lowering) ? 0 : 1;
    }
    return count;
}

class Grouping {
public:
    Grouping(const Graph& graph, const PassOptions& options) : options_(options)
    {
        for (const Apply& a : graph.order())
            if (is_a<Scan>(a)) ++loops_[key_of(a)];
        const bool any =
            std::ranges::any_of(loops_, [](const auto& entry) { return entry.second > 1; });
        if (!any) return;
        for (const Apply& a : graph.order())
            visit(a);
    }

    const std::vector<Group>& groups() const { return groups_; }

private:
    std::uint32_t level_of(const Variable& v) const
    {
        const Apply a = v.owner();
        return a ? *levels_.find(a.node()) : 0;
    }

    void visit(const Apply& a)
    {
        std::uint32_t level = 0;
        for (const Variable& in : a.inputs())
            level = std::max(level, level_of(in));
        if (is_a<Scan>(a) && loops_.at(key_of(a)) > 1) level = place(a, level);
        levels_[a.node()] = level;
    }

    /// The loop's level, in a group that it is put into; its operands are of levels up to `below`.
    std::uint32_t place(const Apply& loop, std::uint32_t below)
    {
        const Kind kind = kind_of(loop);
        const Key key = key_of(loop);
        if (const auto g = producer(loop, key, kind, below); g && joins_kernel(groups_[*g], loop)) {
            join(*g, loop);
            return below;
        }
        const std::size_t bucket =
            buckets_.try_emplace({key, below + 1, kind}, buckets_.size()).first->second;
        for (const std::size_t g : readers_of_the_same(loop, bucket)) {
            Group& group = groups_[g];
            if (group.in_vain == most_in_vain) continue;
            if (shares_work(group, loop) && (kind != Kind::kernel || joins_kernel(group, loop))) {
                join(g, loop);
                return below + 1;
            }
            ++group.in_vain;
        }
        groups_.push_back({key, bucket, kind, {}, {}});
        if (kind == Kind::kernel) groups_.back().fusion.add(loop);
        join(groups_.size() - 1, loop);
        return below + 1;
    }

    Kind kind_of(const Apply& loop) const
    {
        if (options_.fits_a_kernel && options_.fits_a_kernel(loop)) return Kind::kernel;
        const std::vector<Apply> all = applies_of(loop.params_as<ScanParams>().body.outputs());
        return std::ranges::all_of(all,
                                   [](const Apply& a) { return computes_elements(a) || is_sum(a); })
                   ? Kind::sums
                   : Kind::steps;
    }

    /// The group whose loops collect the sequences of this one, all else being older.
    std::optional<std::size_t>
    producer(const Apply& loop, const Key& key, Kind kind, std::uint32_t below) const
    {
        const auto& p = loop.params_as<ScanParams>();
        if (kind != Kind::kernel || p.until || p.limited || below == 0) return {};
        std::optional<std::size_t> found;
        for (std::size_t i = 0; i < loop.inputs().size(); ++i) {
            const Variable& in = loop.input(i);
            if (level_of(in) < below) continue;
            const std::size_t* const group = group_of_.find(in.owner().node());
            const bool is_sequence = i < static_cast<std::size_t>(p.sequences);
            if (!group || !is_sequence || (found && *found != *group)) return {};
            if (groups_[*group].key != key || groups_[*group].kind != kind) return {};
            const auto& from = in.owner().params_as<ScanParams>();
            const auto lasts = std::count(from.kept.begin(), from.kept.begin() + from.states, 1);
            if (in.index() < lasts) return {};
            found = *group;
        }
        return found;
    }

    /// Whether the group is one kernel with the loop in it, which it then has.
    bool joins_kernel(Group& group, const Apply& loop) const
    {
        LoopFusion with = group.fusion;
        if (!with.add(loop)) return false;
        if (!options_.fits_a_kernel(with.built(with.merged()))) return false;
        group.fusion = std::move(with);
        return true;
    }

    /// Groups of the level whose loops read a sequence of this one, or a state of which begins
    /// alike.
    std::vector<std::size_t> readers_of_the_same(const Apply& loop, std::size_t bucket) const
    {
        std::vector<std::size_t> found;
        for (const Variable& in : states_and_sequences(loop)) {
            const auto last = reader_of_.find({in.value(), bucket});
            if (last == reader_of_.end() || found.size() == most_groups) continue;
            if (std::ranges::find(found, last->second) == found.end())
                found.push_back(last->second);
        }
        return found;
    }

    static std::span<const Variable> states_and_sequences(const Apply& loop)
    {
        const auto& p = loop.params_as<ScanParams>();
        return loop.inputs().first(static_cast<std::size_t>(p.sequences + p.states));
    }

    static bool shares_work(const Group& group, const Apply& loop)
    {
        return shares_work(group.loops.front(), loop, group.kind) ||
               (group.loops.size() > 1 && shares_work(group.loops.back(), loop, group.kind));
    }

    /// Whether there is less to do in one loop than in two, and both stop alike.
    static bool shares_work(const Apply& a, const Apply& b, Kind kind)
    {
        LoopFusion both;
        both.add(a);
        if (!both.add(b) || !both.stop_alike()) return false;
        const MergedLoop merged = both.merged();
        const ScanParts first = detail::take_apart(a), second = detail::take_apart(b);
        if (merged.parts.state.size() < first.state.size() + second.state.size()) return true;
        if (kind == Kind::kernel && share_sequence(first, second)) return true;
        return varying_work(merged.parts) < varying_work(first) + varying_work(second);
    }

    /// One that is in memory, or is made of what is.
    static bool share_sequence(const ScanParts& a, const ScanParts& b)
    {
        return std::ranges::any_of(a.sequences, [&](const Variable& s) {
            const bool counts = s.owner() && s.owner().inputs().empty();
            return !counts && std::ranges::any_of(b.sequences, [&](const Variable& other) {
                return same(s, other);
            });
        });
    }

    void join(std::size_t g, const Apply& loop)
    {
        groups_[g].loops.push_back(loop);
        group_of_[loop.node()] = g;
        for (const Variable& in : states_and_sequences(loop))
            reader_of_[{in.value(), groups_[g].bucket}] = g;
    }

    const PassOptions& options_;
    // Looked up only.
    std::map<Key, int> loops_;
    std::map<std::tuple<Key, std::uint32_t, Kind>, std::size_t> buckets_;
    std::map<std::pair<const Value*, std::size_t>, std::size_t> reader_of_; ///< the last group

    std::vector<Group> groups_;
    detail::PointerMap<detail::Node, std::uint32_t> levels_;
    detail::PointerMap<detail::Node, std::size_t> group_of_;
};

void fuse(Graph& graph, const Group& group)
{
    LoopFusion fusion;
    for (const Apply& loop : group.loops)
        fusion.add(loop);
    const MergedLoop merged = fusion.merged();
    const Apply one = fusion.built(merged);
    const std::vector<Variables> now = fusion.in_place_of_loops(merged, one);
    for (std::size_t n = 0; n < now.size(); ++n)
        for (std::size_t i = 0; i < now[n].size(); ++i)
            graph.replace(group.loops[n].output(i), now[n][i], FuseLoops::name);
}

} // namespace

Changed FuseLoops::run(Graph& graph, PassContext& context) const
{
    const Grouping grouping(graph, context.options);
    bool any = false;
    for (const Group& group : grouping.groups())
        if (group.loops.size() > 1) {
            fuse(graph, group);
            any = true;
        }
    return changed_if(any && graph.commit());
}

} // namespace croton::inline v1
