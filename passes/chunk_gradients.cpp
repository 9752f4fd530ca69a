#include <croton/ir/build.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/scan_parts.hpp>
#include <croton/passes/chunk_gradients.hpp>

#include <algorithm>
#include <cmath>
#include <optional>

namespace croton::inline v1 {

namespace {

using detail::FromLoop;

/// With fewer steps there is little to save.
constexpr std::int64_t fewest_steps = 16;

bool runs_known_steps(const Apply& a)
{
    if (!a || !std::holds_alternative<Scan>(a.op().lowering)) return false;
    const auto& p = a.params_as<ScanParams>();
    return !p.until && !p.limited && !p.endless && !p.at_end && p.snapshots == 0 &&
           p.steps.is_known() && p.steps.value() >= fewest_steps;
}

/// What `v` is among the loop's outputs that have a row for each step.
FromLoop kind_of(const Apply& loop, const Variable& v)
{
    const auto& p = loop.params_as<ScanParams>();
    const auto states = static_cast<std::size_t>(p.states);
    for (std::size_t k = states; k + 1 < p.kept.size(); ++k)
        if (scan_output(p, k) == static_cast<int>(v.index()))
            return k < 2 * states ? FromLoop{FromLoop::Kind::after, k - states}
                                  : FromLoop{FromLoop::Kind::out, k - 2 * states};
    return {};
}

/// The loop in the other direction that `sequence` comes from as it is, or one step later.
Apply loop_of(const Apply& reverse, const Variable& sequence)
{
    const auto& p = reverse.params_as<ScanParams>();
    const Apply made = sequence.owner();
    const Apply loop = detail::is_delay(made, !p.reverse) ? made.input(0).owner() : made;
    return runs_known_steps(loop) && loop.params_as<ScanParams>().reverse != p.reverse &&
                   same(loop.params_as<ScanParams>().steps, p.steps)
               ? loop
               : Apply();
}

bool is_one(const Apply& a, const Apply& b) { return a && a.node() == b.node(); }

FromLoop read_of(const Apply& loop, const Variable& sequence)
{
    const Apply made = sequence.owner();
    if (!detail::is_delay(made, loop.params_as<ScanParams>().reverse))
        return is_one(made, loop) ? kind_of(loop, sequence) : FromLoop{};
    if (!is_one(made.input(0).owner(), loop)) return {};
    const FromLoop from = kind_of(loop, made.input(0));
    const auto sequences = static_cast<std::size_t>(loop.params_as<ScanParams>().sequences);
    const bool is_before =
        from.kind == FromLoop::Kind::after && same(made.input(1), loop.input(sequences + from.at));
    return is_before ? FromLoop{FromLoop::Kind::before, from.at} : FromLoop{};
}

Variables histories(const Apply& a)
{
    Variables all;
    const auto& p = a.params_as<ScanParams>();
    const auto states = static_cast<std::size_t>(p.states);
    for (std::size_t k = states; k < 2 * states; ++k)
        if (const int at = scan_output(p, k); at >= 0)
            all.push_back(a.output(static_cast<std::size_t>(at)));
    return all;
}

bool holds_more_than(const Apply& loop, std::int64_t bytes)
{
    Extent all = 0;
    for (const Variable& v : histories(loop))
        all = all + element_count(v.shape()) * Extent(size_bytes(v.dtype()));
    return !all.is_known() || all.value() > bytes;
}

/// Whether all histories of the loop are read by `reverse` alone, which has none itself.
bool are_a_pair(const Graph& graph,
                const Apply& loop,
                const Apply& reverse,
                const std::vector<FromLoop>& reads)
{
    const auto is_used = [&](const Variable& v) { return graph.use_count(v) > 0; };
    const Variables of_reverse = histories(reverse);
    if (std::ranges::any_of(of_reverse, is_used)) return false;
    std::size_t uses = 0, known = 0;
    for (const Variable& v : histories(loop))
        uses += graph.use_count(v);
    for (std::size_t i = 0; i < reads.size(); ++i) {
        const Variable& sequence = reverse.input(i);
        if (reads[i].kind == FromLoop::Kind::after) ++known;
        if (reads[i].kind != FromLoop::Kind::before) continue;
        if (graph.use_count(sequence) != 1) return false;
        ++known;
    }
    return known > 0 && uses == known;
}

/// Steps of a chunk: about the square root, and so that none are left over where a number near it
/// does that. What is collected of chunks and of the steps behind them would be copied into one.
std::int64_t chunk_of(std::int64_t steps)
{
    const std::int64_t root = std::llround(std::sqrt(static_cast<double>(steps)));
    for (std::int64_t away = 0; away <= root / 3; ++away)
        for (const std::int64_t length : {root - away, root + away})
            if (steps % length == 0) return length;
    return root;
}

bool chunk_pair(Graph& graph, const Apply& loop, const Apply& reverse)
{
    const auto& p = reverse.params_as<ScanParams>();
    std::vector<FromLoop> reads;
    for (std::size_t i = 0; i < static_cast<std::size_t>(p.sequences); ++i)
        reads.push_back(read_of(loop, reverse.input(i)));
    if (!are_a_pair(graph, loop, reverse, reads)) return false;
    const detail::PairInChunks made =
        detail::build_pair_in_chunks(loop, reverse, reads, chunk_of(p.steps.value()));
    const auto replace = [&](const Apply& a, const ScanResult& by) {
        const auto& q = a.params_as<ScanParams>();
        const auto states = static_cast<std::size_t>(q.states);
        for (std::size_t k = 0; k + 1 < q.kept.size(); ++k) {
            const int at = scan_output(q, k);
            if (at < 0 || (k >= states && k < 2 * states)) continue;
            graph.replace(a.output(static_cast<std::size_t>(at)),
                          k < states ? by.last[k] : by.out[k - 2 * states], ChunkGradients::name);
        }
    };
    replace(loop, made.loop);
    replace(reverse, made.reverse);
    return graph.commit();
}

/// With the first loop that it reads and that holds too much: there may be others beside that one,
/// such as one of a counter.
bool chunk(Graph& graph, const Apply& reverse, std::int64_t most_bytes)
{
    const auto sequences = static_cast<std::size_t>(reverse.params_as<ScanParams>().sequences);
    Apply before;
    for (std::size_t i = 0; i < sequences; ++i) {
        const Apply loop = loop_of(reverse, reverse.input(i));
        if (!loop || is_one(before, loop)) continue;
        before = loop;
        if (holds_more_than(loop, most_bytes) && chunk_pair(graph, loop, reverse)) return true;
    }
    return false;
}

} // namespace

Changed ChunkGradients::run(Graph& graph, PassContext& context) const
{
    const std::int64_t most = context.options.most_history_bytes;
    if (most <= 0 || context.depth > 0) return Changed::no;
    bool any = false;
    for (bool again = true; again;) { // one at a time: its applies are others then
        again = false;
        for (const Apply& a : graph.order()) {
            if (!runs_known_steps(a) || !chunk(graph, a, most)) continue;
            again = any = true;
            break;
        }
    }
    return changed_if(any);
}

} // namespace croton::inline v1
