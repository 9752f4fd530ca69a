#include "loop_fusion.hpp"

#include <croton/ir/graph.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/passes/merge_duplicates.hpp>

#include <algorithm>
#include <numeric>

#include "loop_body.hpp"

namespace croton::inline v1 {

using detail::ScanParts;

namespace {

/// The body without values that it computes twice.
void merge_duplicates(ScanParts& parts)
{
    Graph body({}, body_results(parts));
    PassReport report;
    const PassOptions options;
    PassContext context{options, report};
    MergeDuplicates{}.run(body, context);
    auto from = body.outputs().begin();
    for (Variables* group : {&parts.next, &parts.out})
        for (Variable& v : *group)
            v = *from++;
    if (!parts.stop.is_empty()) parts.stop = *from;
}

} // namespace

bool LoopFusion::add(const Apply& loop)
{
    const auto& p = loop.params_as<ScanParams>();
    ScanParts more = detail::take_apart(loop);
    const bool first = loops_.empty();
    VariableMap by;
    for (std::size_t i = 0; i < more.x.size(); ++i)
        if (const Variable* given = collected_.find(more.sequences[i].value())) {
            if (given->type() != more.x[i].type()) return false;
            by.emplace(more.x[i], *given);
        }
    const auto bring_in = [&](const Variables& outside, const Variables& inside,
                              detail::PointerMap<detail::Value, Variable>& known,
                              Variables& all_outside, Variables& all_inside) {
        for (std::size_t i = 0; i < inside.size(); ++i) {
            if (by.contains(inside[i])) continue;
            const Variable* const there = known.find(outside[i].value());
            if (there && there->type() == inside[i].type()) {
                by.emplace(inside[i], *there);
                continue;
            }
            // Its own, as another loop may have the same body, and so the same names inside.
            all_outside.push_back(outside[i]);
            all_inside.push_back(detail::placeholder_like(inside[i]).named(inside[i].name()));
            by.emplace(inside[i], all_inside.back());
            known[outside[i].value()] = all_inside.back();
        }
    };
    bring_in(more.sequences, more.x, x_of_, parts_.sequences, parts_.x);
    bring_in(more.constants, more.constant, constant_of_, parts_.constants, parts_.constant);
    for (const Variable& state : more.state) {
        parts_.state.push_back(detail::placeholder_like(state).named(state.name()));
        by.emplace(state, parts_.state.back());
    }
    parts_.init.insert(parts_.init.end(), more.init.begin(), more.init.end());
    loops_.push_back(
        {loop, parts_.next.size(), more.next.size(), parts_.out.size(), more.out.size()});
    GraphCopy copy(by);
    const auto keep = [&](const Variable& inside, std::size_t k, std::vector<int>& flags) {
        const int at = scan_output(p, k);
        flags.push_back(p.kept[k]);
        if (at >= 0) collected_[loop.output(static_cast<std::size_t>(at)).value()] = inside;
    };
    for (std::size_t k = 0; k < more.next.size(); ++k) {
        parts_.next.push_back(copy(more.next[k]));
        last_kept_.push_back(p.kept[k]);
        keep(parts_.next.back(), more.next.size() + k, history_kept_);
    }
    for (std::size_t j = 0; j < more.out.size(); ++j) {
        parts_.out.push_back(copy(more.out[j]));
        keep(parts_.out.back(), 2 * more.next.size() + j, out_kept_);
    }
    count_kept_ |= p.kept.back() != 0;
    if (!more.stop.is_empty()) stops_.push_back(copy(more.stop));
    if (first) {
        if (!stops_.empty()) parts_.stop = stops_[0];
        parts_.limit = more.limit;
        parts_.steps = more.steps;
        parts_.reverse = more.reverse;
        parts_.at_end = more.at_end;
        parts_.endless = more.endless;
    }
    for (const Requirement& r : more.required)
        if (std::ranges::none_of(parts_.required,
                                 [&](const Requirement& have) { return same(have, r); }))
            parts_.required.push_back(r);
    return true;
}

std::vector<int> LoopFusion::kept() const
{
    std::vector<int> flags = last_kept_;
    flags.insert(flags.end(), history_kept_.begin(), history_kept_.end());
    flags.insert(flags.end(), out_kept_.begin(), out_kept_.end());
    flags.push_back(count_kept_ ? 1 : 0);
    return flags;
}

MergedLoop LoopFusion::merged() const
{
    MergedLoop loop = merged_states(parts_, kept());
    merge_duplicates(loop.parts);
    return loop;
}

Apply LoopFusion::built(const MergedLoop& merged) const
{
    return detail::build_kept(merged.parts, merged.kept, loops_[0].loop.location())[0].owner();
}

std::vector<Variables> LoopFusion::in_place_of_loops(const MergedLoop& merged,
                                                     const Apply& built) const
{
    const std::vector<int> flags = kept();
    const Variables all = merged.in_place_of(flags, built.outputs());
    std::vector<std::size_t> at(flags.size()); // of each in `all`
    std::exclusive_scan(flags.begin(), flags.end(), at.begin(), std::size_t{0});
    std::vector<Variables> results;
    const std::size_t states = parts_.next.size();
    for (const Member& m : loops_) {
        Variables& its = results.emplace_back();
        const auto take = [&](std::size_t first, std::size_t count) {
            for (std::size_t k = first; k < first + count; ++k)
                if (flags[k] != 0) its.push_back(all[at[k]]);
        };
        take(m.first_state, m.states);
        take(states + m.first_state, m.states);
        take(2 * states + m.first_out, m.outs);
        if (m.loop.params_as<ScanParams>().kept.back() != 0) its.push_back(all.back());
    }
    return results;
}

bool LoopFusion::stop_alike() const
{
    if (stops_.size() < 2) return true;
    // Both among the outs: equal ones are one there.
    ScanParts parts = parts_;
    std::vector<int> flags = kept();
    for (const Variable& stop : stops_) {
        parts.out.push_back(stop);
        flags.insert(flags.end() - 1, 1);
    }
    const MergedLoop merged = merged_states(parts, flags);
    const std::size_t first = flags.size() - 1 - stops_.size();
    return std::ranges::all_of(merged.place.begin() + static_cast<std::ptrdiff_t>(first),
                               merged.place.end() - 1,
                               [&](std::size_t at) { return at == merged.place[first]; });
}

} // namespace croton::inline v1
