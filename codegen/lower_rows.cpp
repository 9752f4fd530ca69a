#include "lower_rows.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "cluster_index.hpp"
#include "kernel_info.hpp"
#include "known_extent.hpp"
#include "lower_blocked.hpp"
#include "puller.hpp"
#include "row_stages.hpp"

namespace croton::inline v1::codegen {

namespace {

/// The axes over which a cluster loops, after neighbouring ones were made one.
struct Axes {
    Shape outer;
    Shape inner; ///< none, one, or two: the first of them is a loop around the lanes
};

bool are_short(const Axes& axes)
{
    return !axes.outer.empty() && axes.inner.size() == 1 && axes.inner[0].is_known() &&
           axes.inner[0].value() <= longest_short_row;
}

/// Elements of an axis: `count` steps, in each of which as many consecutive ones as a period has.
struct Run {
    Extent first, count;
    std::int64_t period = 1;
    bool is_edge = false; ///< beside the long one: its guards stay, inside it too
};

/// How a map of pieces becomes loops.
enum class Cuts : std::uint8_t {
    none,  ///< guards choose a piece for each element
    all,   ///< a loop for each run in which no guard is left
    edges, ///< one for the longest such run along each axis, one in front of it, one behind it
};

/// The longest run, and what lies in front of it and behind it as one run each. All are one where
/// it is not known to be the longest of all, or where elements take turns.
std::vector<Run> middle_and_edges(const Run& whole, const std::vector<Run>& runs)
{
    auto longest = runs.begin();
    for (auto run = runs.begin(); run != runs.end(); ++run) {
        const auto& count = longest->count;
        const bool is_longer =
            count.is_known() && (!run->count.is_known() || run->count.value() > count.value());
        if (is_longer) longest = run;
    }
    for (auto run = runs.begin(); run != runs.end(); ++run)
        if (run->period != 1 || (run != longest && !run->count.is_known())) return {whole};
    std::vector<Run> three;
    const auto add_edge = [&](auto from, auto to) {
        if (from == to) return;
        Run edge = *from;
        for (auto run = from + 1; run != to; ++run)
            edge.count = edge.count + run->count;
        edge.is_edge = true;
        three.push_back(edge);
    };
    add_edge(runs.begin(), longest);
    three.push_back(*longest);
    add_edge(longest + 1, runs.end());
    return three;
}

/// Where one run along the axis of the lanes is long: edges of whole vectors beside it, so that it
/// begins and ends at one and nothing is left of it for single elements. An edge that is there
/// grows, its guards choose; none is made.
std::vector<Run> with_edges_of_vectors(std::vector<Run> runs, std::int64_t width)
{
    const std::int64_t fewest = 8 * width;
    auto middle = runs.end();
    for (auto run = runs.begin(); run != runs.end(); ++run) {
        if (!run->first.is_known() || !run->count.is_known() || run->period != 1) return runs;
        if (run->count.value() >= fewest) {
            if (middle != runs.end()) return runs;
            middle = run;
        }
    }
    if (middle == runs.end() || runs.size() == 1) return runs;
    const std::int64_t first = runs.front().first.value();
    const std::int64_t end = runs.back().first.value() + runs.back().count.value();
    std::int64_t from = middle->first.value();
    std::int64_t to = from + middle->count.value();
    if (from > first) from += (width - from % width) % width;
    if (to < end) to -= to % width;
    std::vector<Run> three;
    const auto add = [&](std::int64_t at, std::int64_t behind, bool is_edge) {
        if (at < behind) three.push_back({at, behind - at, 1, is_edge});
    };
    add(first, from, true);
    add(from, to, false);
    add(to, end, true);
    return three;
}

/// Less memory than this stays in the nearest cache, in whatever order it is read.
constexpr std::int64_t fewest_bytes_in_squares = 32768;
constexpr std::int64_t shortest_side = 8;

bool is_worth_squares(const Axes& axes, const Variable& v)
{
    const Extent bytes = element_count(axes.outer) * Extent(size_bytes(v.dtype()));
    return !(bytes.is_known() && bytes.value() < fewest_bytes_in_squares);
}

bool is_long(const Extent& e) { return !e.is_known() || e.value() >= shortest_side; }

/// The loads of a map that lie side by side along another axis than the last, and that axis: of the
/// first such load.
struct Across {
    std::size_t axis = 0;
    std::vector<ScalarId> loads;
};
Across loads_across(const LoopNest& nest, const Axes& axes)
{
    Across found;
    const std::size_t rank = axes.outer.size();
    if (rank < 2 || nest.checks_index || !is_long(axes.outer.back())) return found;
    for (std::size_t id = 0; id < nest.scalars.size(); ++id) {
        const Scalar& s = nest.scalars[id];
        const auto* load = std::get_if<Load>(&s.expression);
        if (!load || load->guard >= 0 || s.depth != static_cast<int>(rank)) continue;
        const std::vector<Extent> strides = strides_of(load->at, rank);
        Extent rest = load->at;
        for (std::size_t k = 0; k < rank; ++k)
            rest = rest - strides[k] * as_extent(loop_symbol(k));
        if (std::ranges::any_of(symbols(rest), is_index_symbol)) continue;
        if (is_known_as(strides.back(), 0) || is_known_as(strides.back(), 1)) continue;
        for (std::size_t k = 0; k + 1 < rank; ++k) {
            if (!is_known_as(strides[k], 1) || !is_long(axes.outer[k])) continue;
            if (found.loads.empty()) found.axis = k;
            if (found.axis == k && is_worth_squares(axes, s.value))
                found.loads.push_back(static_cast<ScalarId>(id));
        }
    }
    return found;
}

/// Writes one cluster of kind rows.
///
/// Where the elements of a map come from one of several operands, or a constant, by where their
/// index lies along an axis (a concatenation, padding), each run of indices gets a loop of its own.
/// Where they take turns, as those of columns side by side that are read as one axis, a step of the
/// loop writes one of each.
class Rows {
public:
    /// `first_axis`: the part of it that is written; none: all.
    Rows(const Cluster& cluster,
         LoopNest& nest,
         const Axes& axes,
         Cuts cuts = Cuts::none,
         const std::optional<Run>& first_axis = {})
        : cluster_(cluster), axes_(axes), short_rows_(are_short(axes)), cuts_(cuts), nest_(nest),
          puller_(nest), stages_(cluster)
    {
        for (const Extent& extent : axes_.outer) {
            order_.push_back(runs_.size());
            runs_.push_back({0, extent});
        }
        if (first_axis) runs_[0] = *first_axis;
        read_others(puller_, cluster);
    }

    /// elements   of the first axis that its loop writes in a row, where there are several parts
    void write(std::int64_t elements = 1)
    {
        write_loop(0);
        if (!is_one_run_) return;
        const Run& run = runs_[0];
        const bool single = is_in_part(0) && is_known_as(run.count, 1);
        puller_.note_reach(floor_div(run.first, elements) +
                           (single ? Extent(0) : as_extent(loop_symbol(0))));
    }

    /// A map in squares of `axis` and the last one: the loop over it becomes the last but one.
    void write_in_squares(std::size_t axis)
    {
        const auto from = order_.begin() + static_cast<std::ptrdiff_t>(axis);
        std::rotate(from, from + 1, order_.end() - 1);
        in_squares_ = true;
        write_loop(0);
    }

    /// The runs along `axis`, in order, with those of the axes in front as they are.
    std::vector<Run> runs_along(std::size_t axis)
    {
        std::vector<Run> runs = runs_between_guards(axis);
        const bool lanes = axis + 1 == runs_.size() && axes_.inner.empty();
        return lanes ? with_edges_of_vectors(std::move(runs), lanes_of_a_vector()) : runs;
    }

    bool divides() const { return puller_.divides(); }
    /// Whether an index is compared to see from where an element comes.
    bool chooses() const { return !puller_.open_guards().empty(); }

    static bool finds_positions(const Cluster& cluster)
    {
        return std::ranges::any_of(cluster.roots, [](const Root& r) {
            return r.reduces && is_position(monoid_of(r.value.owner()));
        });
    }

private:
    /// Elements that are computed in a register of 64 bytes.
    int lanes_of_a_vector() const
    {
        std::size_t widest = 4;
        for (const Root& r : cluster_.roots)
            widest = std::max(widest, size_bytes(r.value.dtype()));
        return static_cast<int>(64 / widest);
    }

    std::vector<Run> runs_between_guards(std::size_t axis)
    {
        const Run whole = runs_[axis];
        const bool is_cut = axis == 0 && is_in_part(0);
        if (cuts_ == Cuts::none || is_cut || in_edge_ || is_known_as(whole.count, 1))
            return {whole};
        if (cuts_ == Cuts::edges) return middle_and_edges(whole, cut(axis, whole));
        std::vector<Run> runs;
        for (const Run& run : cut(axis, whole)) {
            const std::int64_t period = axis + 1 == runs_.size() ? period_of(axis, run) : 1;
            if (period == 1) {
                runs.push_back(run);
                continue;
            }
            const Run turns{run.first, floor_div(run.count, period), period};
            for (const Run& part : cut(axis, turns))
                runs.push_back(part);
            const Extent done = turns.count * period;
            if (!same(run.count, done)) runs.push_back({run.first + done, run.count - done});
        }
        return runs;
    }

    /// What is read where `axis` runs over `run`.
    Puller probed(std::size_t axis, const Run& run, LoopNest& scratch)
    {
        const Run before = std::exchange(runs_[axis], run);
        Puller probe(scratch);
        read_others(probe, cluster_);
        for (std::size_t k = 0; k < axes_.outer.size(); ++k)
            probe.open({loop_symbol(k), loop_name(k), runs_[k].count});
        for (phase_ = 0; phase_ < run.period; ++phase_)
            for (const Root& r : cluster_.roots)
                if (r.stored) probe.pull(r.value, outer_at());
        phase_ = 0;
        runs_[axis] = before;
        return probe;
    }

    /// A run in pieces, where guards begin and cease to hold.
    std::vector<Run> cut(std::size_t axis, const Run& run)
    {
        LoopNest scratch;
        const Puller probe = probed(axis, run, scratch);
        std::vector<Run> runs;
        Extent from = 0;
        for (const Extent& at :
             cuts_along(loop_symbol(axis), probe.open_guards(), probe.ranges())) {
            runs.push_back({run.first + from * run.period, at - from, run.period});
            from = at;
        }
        runs.push_back({run.first + from * run.period, run.count - from, run.period});
        return runs;
    }

    /// After how many elements of a run those that are read take the same turns again; 1: never.
    std::int64_t period_of(std::size_t axis, const Run& run)
    {
        constexpr std::int64_t longest = 64; // all of them are written out
        LoopNest scratch;
        const Puller probe = probed(axis, run, scratch);
        std::int64_t period = 1;
        for (const IndexPiece::Guard& g : probe.open_guards())
            for (const ExtentTerm& t : terms(g.value))
                for (const detail::Atom* f : t.factors) {
                    if (kind(f) != AtomKind::mod) continue;
                    const Extent by = operands(f).second;
                    if (by.is_known() && by.value() <= longest)
                        period = std::max(period, by.value());
                }
        if (period == 1 || never_more(run.count, period)) return 1;
        LoopNest turns;
        const bool divides =
            probed(axis, {run.first, floor_div(run.count, period), period}, turns).divides();
        return divides ? 1 : period;
    }

    bool in_loop(const Root& r) const { return r.inner || r.reduces; }
    bool is_in_part(std::size_t axis) const { return !same(runs_[axis].count, axes_.outer[axis]); }

    /// The k-th loop from outside, or the runs of its axis, and all that is inside.
    void write_loop(std::size_t k)
    {
        if (k == axes_.outer.size()) return write_inside();
        const std::size_t axis = order_[k];
        const Run before = runs_[axis];
        const bool was_in_edge = in_edge_;
        const std::vector<Run> runs = runs_along(axis);
        if (k == 0) is_one_run_ = axis == 0 && runs.size() == 1;
        for (const Run& run : runs) {
            runs_[axis] = run;
            in_edge_ = was_in_edge || run.is_edge;
            const bool opens = !is_in_part(axis) || !is_known_as(run.count, 1);
            if (opens) puller_.open(loop_over(axis, k));
            for (phase_ = 0; phase_ < run.period; ++phase_)
                write_loop(k + 1);
            phase_ = 0;
            if (!opens) continue;
            Statement& written = puller_.close();
            if (in_squares_ && k + 2 == axes_.outer.size())
                std::get<Loop>(written).across = loads_across(nest_, axes_).loads;
        }
        runs_[axis] = before;
        in_edge_ = was_in_edge;
    }

    Loop loop_over(std::size_t axis, std::size_t k) const
    {
        const Extent& count = runs_[axis].count;
        const bool last = k + 1 == axes_.outer.size();
        // A position is found element by element.
        const bool lanes =
            last && (axes_.inner.empty() || (short_rows_ && !finds_positions(cluster_)));
        constexpr int fewest = 8; // a part of fewer elements is no vector loop
        const bool few = is_in_part(axis) && count.is_known() && count.value() < fewest;
        Loop loop{loop_symbol(axis), loop_name(k), count};
        loop.kind = lanes && !few ? LoopKind::lanes : LoopKind::serial;
        if (last && loop.kind == LoopKind::lanes && in_edge_ && is_in_part(axis)) {
            loop.kind = LoopKind::serial;
            loop.edge_lanes = lanes_of_a_vector();
        }
        loop.parallel = k == 0;
        loop.in_part = is_in_part(axis);
        return loop;
    }

    void write_inside()
    {
        write_outer_roots(0);
        for (int stage = 0; stage <= stages_.last() && !axes_.inner.empty(); ++stage) {
            write_stage(stage);
            write_outer_roots(stage + 1);
        }
    }

    At outer_at() const
    {
        At at;
        for (std::size_t k = 0; k < axes_.outer.size(); ++k) {
            const bool single = is_in_part(k) && is_known_as(runs_[k].count, 1);
            const Extent step = single ? Extent(0) : as_extent(loop_symbol(k));
            const Extent phase = runs_[k].period == 1 ? 0 : phase_;
            at.index.push_back(runs_[k].first + step * runs_[k].period + phase);
            at.shape.push_back(axes_.outer[k]);
        }
        return at;
    }
    At inner_at() const
    {
        At at = outer_at();
        for (const Extent& extent : axes_.inner) {
            at.index.push_back(as_extent(loop_symbol(at.index.size())));
            at.shape.push_back(extent);
        }
        return at;
    }

    void write_outer_roots(int stage)
    {
        for (std::size_t i = 0; i < cluster_.roots.size(); ++i) {
            const Root& r = cluster_.roots[i];
            if (stages_.of(i) != stage || !r.stored) continue;
            if (!in_loop(r)) puller_.store(r.value, outer_at(), puller_.pull(r.value, outer_at()));
        }
    }

    /// Of the roots that reduce in a stage: its number, and what holds the result.
    using Results = std::vector<std::pair<std::size_t, ScalarId>>;

    Results results_of(int stage)
    {
        Results results;
        for (std::size_t i = 0; i < cluster_.roots.size(); ++i) {
            const Root& r = cluster_.roots[i];
            if (stages_.of(i) != stage || !r.reduces) continue;
            const DType t = computed_dtype(r.value.dtype());
            results.emplace_back(i, puller_.add({t, Accumulated{}, puller_.depth(), 0, r.value}));
        }
        return results;
    }

    void open_inner(std::size_t axis, LoopKind kind)
    {
        const std::size_t k = axes_.outer.size() + axis;
        Loop loop{loop_symbol(k), loop_name(k), axes_.inner[axis]};
        loop.kind = kind;
        puller_.open(std::move(loop));
    }

    void write_stage(int stage)
    {
        const Results results = results_of(stage);
        if (axes_.inner.size() == 2) {
            open_inner(0, LoopKind::serial);
            const Results sums = results_of(stage);
            open_inner(1, LoopKind::lanes);
            write_elements(stage, sums);
            puller_.close();
            for (std::size_t k = 0; k < results.size(); ++k)
                accumulate(results[k].first, sums[k].second, results[k].second);
        } else {
            open_inner(0, short_rows_ ? LoopKind::unrolled : LoopKind::lanes);
            write_elements(stage, results);
        }
        puller_.close();
        for (const auto& [i, id] : results) {
            const Variable& value = cluster_.roots[i].value;
            const ScalarId result = puller_.known_result(value, outer_at(), id);
            if (cluster_.roots[i].stored) puller_.store(value, outer_at(), result);
        }
        for (const auto& [i, k] : stages_.carriers())
            if (stages_.of(i) == stage)
                puller_.reload_from(cluster_.roots[i].value, cluster_.roots[k].value);
    }

    void write_elements(int stage, const Results& results)
    {
        const At at = inner_at();
        for (std::size_t i = 0; i < cluster_.roots.size(); ++i) {
            const Root& r = cluster_.roots[i];
            if (stages_.of(i) != stage || !in_loop(r)) continue;
            if (r.reduces)
                accumulate(i, puller_.pull(r.value.owner().input(0), at),
                           std::ranges::find(results, i, &Results::value_type::first)->second);
            else if (const auto carried = stages_.carriers().find(i);
                     carried != stages_.carriers().end())
                puller_.store(cluster_.roots[carried->second].value, at, puller_.pull(r.value, at));
            else if (r.stored)
                puller_.store(r.value, at, puller_.pull(r.value, at));
        }
    }

    void accumulate(std::size_t root, ScalarId value, ScalarId result)
    {
        puller_.innermost().accumulators.push_back(
            {monoid_of(cluster_.roots[root].value.owner()), value, result});
        puller_.keep(value);
    }

    const Cluster& cluster_;
    Axes axes_;
    bool short_rows_; ///< lanes go across rows, each of which is a loop of few steps
    Cuts cuts_;
    bool in_edge_ = false; ///< of some axis
    bool in_squares_ = false;
    bool is_one_run_ = false;        ///< along the first axis
    std::vector<Run> runs_;          ///< of each outer axis, the one that is written now
    std::int64_t phase_ = 0;         ///< of the elements of its step
    std::vector<std::size_t> order_; ///< the outer axes, from the outermost loop on
    LoopNest& nest_;
    Puller puller_;
    RowStages stages_;
};

bool works(const Cluster& cluster, const Axes& axes)
{
    LoopNest scratch;
    Rows rows(cluster, scratch, axes);
    rows.write();
    return !rows.divides();
}

/// The reduced axes are one, or two where an access then needs no division for each element. A
/// position is counted over one.
Axes choose_inner(const Cluster& cluster)
{
    const Shape& inner = cluster.inner;
    Axes axes{cluster.outer, inner.empty() ? Shape{} : Shape{element_count(inner)}};
    if (inner.size() < 2 || Rows::finds_positions(cluster) || works(cluster, axes)) return axes;
    for (auto first = inner.begin() + 1; first != inner.end(); ++first) {
        const Axes two{
            cluster.outer,
            {element_count(Shape(inner.begin(), first)), element_count(Shape(first, inner.end()))}};
        if (works(cluster, two)) return two;
    }
    return axes;
}

/// Neighbouring outer axes become one where no access then needs a division; not the first one
/// where rows are asked for in parts.
Axes choose_axes(const Cluster& cluster, bool in_parts)
{
    Axes axes = choose_inner(cluster);
    for (std::size_t k = in_parts ? 1 : 0; k + 1 < axes.outer.size();) {
        Axes merged = axes;
        merged.outer[k] = axes.outer[k] * axes.outer[k + 1];
        merged.outer.erase(merged.outer.begin() + static_cast<std::ptrdiff_t>(k) + 1);
        if (works(cluster, merged))
            axes = merged;
        else
            ++k;
    }
    return axes;
}

/// `begun` with a map in runs. What is read comes first in the list of arguments.
LoopNest in_runs(const Cluster& cluster,
                 const LoopNest& begun,
                 const Axes& axes,
                 Cuts cuts,
                 const std::optional<Run>& first_axis = {},
                 std::int64_t elements = 1)
{
    LoopNest scratch = begun;
    Rows(cluster, scratch, axes, cuts, first_axis).write();
    LoopNest nest = begun;
    for (Buffer& b : scratch.buffers)
        if (b.access == Buffer::Access::read) nest.buffers.push_back(std::move(b));
    Rows(cluster, nest, axes, cuts, first_axis).write(elements);
    return nest;
}

/// The way whose text is not too long: each of its loops stands in it, and has to be compiled.
Cuts cuts_of(const Cluster& cluster, const LoopNest& one, const Axes& axes)
{
    constexpr std::size_t little = 16, most_with_edges = 400;
    const auto length = [&](Cuts cuts) {
        LoopNest scratch;
        Rows(cluster, scratch, axes, cuts).write();
        return scratch.scalars.size();
    };
    if (length(Cuts::all) <= 2 * one.scalars.size() + little) return Cuts::all;
    const std::size_t with_edges = length(Cuts::edges);
    const bool cuts = with_edges > one.scalars.size();
    return cuts && with_edges <= most_with_edges ? Cuts::edges : Cuts::none;
}

} // namespace

std::vector<LoopNest> lower_rows(const Cluster& cluster, const LoopNest& begun, bool in_parts)
{
    const Axes axes = choose_axes(cluster, in_parts);
    LoopNest one = begun;
    Rows whole(cluster, one, axes);
    whole.write();
    if (!cluster.inner.empty()) return {std::move(one)};
    if (const Across across = loads_across(one, axes); !across.loads.empty()) {
        LoopNest squares = begun;
        Rows(cluster, squares, axes).write_in_squares(across.axis);
        return {std::move(squares)};
    }
    if (axes.outer.empty() || !whole.chooses()) return {std::move(one)};
    const Cuts cuts = cuts_of(cluster, one, axes);
    if (cuts == Cuts::none) return {std::move(one)};
    LoopNest several;
    Rows probe(cluster, several, axes, cuts);
    const std::vector<Run> runs = probe.runs_along(0);
    probe.write();
    const std::int64_t elements = std::ranges::max(runs, {}, &Run::period).period;
    const bool several_parts = runs.size() > 1 || (in_parts && elements > 1);
    if (!several_parts || (is_for_one_thread(several) && !in_parts))
        return {in_runs(cluster, begun, axes, cuts)};
    std::vector<LoopNest> nests;
    const Extent rest = element_count(Shape(axes.outer.begin() + 1, axes.outer.end()));
    for (const Run& run : runs) {
        nests.push_back(in_runs(cluster, begun, axes, cuts, run, elements));
        const bool last = &run == &runs.back();
        const Extent count = run.count * run.period;
        nests.back().part = AxisPart{run.first, count,        floor_div(run.first, elements),
                                     run.count, count * rest, last};
    }
    return nests;
}

} // namespace croton::inline v1::codegen
