#include <croton/ir/ops/params.hpp>
#include <croton/ir/scan_parts.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/passes/collect_before.hpp>

#include <algorithm>

#include "loop_body.hpp"

namespace croton::inline v1 {

namespace {

using detail::ScanParts;

bool runs_all_steps(const ScanParts& parts)
{
    return parts.stop.is_empty() && parts.limit.is_empty() && !parts.endless;
}

/// The number of the state whose history is `v`, an output of the loop; -1: it is none.
int state_of(const Apply& loop, const Variable& v)
{
    const auto& p = loop.params_as<ScanParams>();
    for (int k = 0; k < p.states; ++k)
        if (scan_output(p, static_cast<std::size_t>(p.states + k)) == static_cast<int>(v.index()))
            return k;
    return -1;
}

/// A loop over chunks, as between checkpoints: no kernel reads its history where it lies.
bool has_loop_inside(const Apply& loop)
{
    const Region& body = loop.params_as<ScanParams>().body;
    return std::ranges::any_of(applies_of(body.outputs()), is_a<Scan>);
}

/// Stages what stands for `delay`, the states before each step of a loop, if nothing else reads
/// those after.
bool collect(Graph& graph, const Apply& delay, bool inside)
{
    const Variable history = delay.input(0);
    const Apply loop = history.owner();
    if (!is_a<Scan>(loop) || !(inside || has_loop_inside(loop))) return false;
    const auto& p = loop.params_as<ScanParams>();
    const int k = state_of(loop, history);
    if (k < 0 || !detail::is_delay(delay, p.reverse) || graph.use_count(history) > 1) return false;
    ScanParts parts = detail::take_apart(loop);
    const auto state = static_cast<std::size_t>(k);
    if (!runs_all_steps(parts) || !same(delay.input(1), parts.init[state])) return false;
    // The new output is the last one but the number of steps.
    parts.out.push_back(parts.state[state]);
    std::vector<int> kept = p.kept;
    const std::size_t before = kept.size() - 1;
    kept[static_cast<std::size_t>(p.states) + state] = 0;
    kept.insert(kept.end() - 1, 1);
    const Variables now = detail::build_kept(parts, kept, loop.location());
    const auto& q = now[0].owner().params_as<ScanParams>();
    const auto output = [&](std::size_t i) {
        return now[static_cast<std::size_t>(scan_output(q, i))];
    };
    const Variable collected = output(before);
    if (collected.type() != delay.output().type()) return false;
    for (std::size_t i = 0; i < p.kept.size(); ++i) {
        const int was = scan_output(p, i);
        if (was < 0 || was == static_cast<int>(history.index())) continue;
        graph.replace(loop.output(static_cast<std::size_t>(was)),
                      output(i == before ? before + 1 : i), CollectBefore::name);
    }
    graph.replace(delay.output(), collected, CollectBefore::name);
    return true;
}

} // namespace

Changed CollectBefore::run(Graph& graph, PassContext& context) const
{
    bool any = false;
    // One at a time: a loop that is replaced may have the history of another state.
    for (bool again = true; again;) {
        again = false;
        for (const Apply& a : graph.order()) {
            if (!detail::is_delay(a, false) && !detail::is_delay(a, true)) continue;
            if (!collect(graph, a, context.depth > 0)) continue;
            again = any = graph.commit();
            break;
        }
    }
    return changed_if(any);
}

} // namespace croton::inline v1
