#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/passes/merge_states.hpp>

#include <algorithm>

#include "equal_states.hpp"
#include "loop_body.hpp"

namespace croton::inline v1 {

namespace {

/// A loop's outputs that are a sequence, as each step collects what it was given of it; empty are
/// the others.
Variables given_sequences(const Apply& scan)
{
    const detail::ScanParts parts = detail::take_apart(scan);
    const auto& p = scan.params_as<ScanParams>();
    Variables all(scan.output_count());
    if (!parts.stop.is_empty() || !parts.limit.is_empty()) return all;
    for (std::size_t j = 0; j < parts.out.size(); ++j) {
        const int at = scan_output(p, 2 * parts.state.size() + j);
        const auto x =
            std::ranges::find_if(parts.x, [&](const Variable& v) { return same(v, parts.out[j]); });
        if (at < 0 || x == parts.x.end()) continue;
        const Variable& given = parts.sequences[static_cast<std::size_t>(x - parts.x.begin())];
        const auto i = static_cast<std::size_t>(at);
        if (given.type() == scan.output(i).type()) all[i] = given;
    }
    return all;
}

Variables merged(const Apply& scan)
{
    const std::vector<int>& kept = scan.params_as<ScanParams>().kept;
    const MergedLoop loop = merged_states(detail::take_apart(scan), kept);
    if (!loop.changed) return scan.outputs();
    return loop.in_place_of(kept, detail::build_kept(loop.parts, loop.kept, scan.location()));
}

} // namespace

Changed MergeStates::run(Graph& graph, PassContext&) const
{
    return changed_if(graph.rewrite([](const Apply& apply, Variables& out) {
        if (!is_a<Scan>(apply)) return false;
        out = merged(apply);
        const Apply loop = out[0].owner();
        const Variables given = given_sequences(loop);
        std::vector<bool> used;
        for (const Variable& v : given)
            used.push_back(v.is_empty());
        if (std::ranges::count(used, false) > 0) {
            const Variables trimmed = trim_scan(loop, used);
            for (Variable& v : out) {
                const auto at = static_cast<std::size_t>(v.index());
                v = used[at] ? trimmed[at] : given[at];
            }
        }
        return !std::ranges::equal(out, apply.outputs(), Same());
    }));
}

} // namespace croton::inline v1
