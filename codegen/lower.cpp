#include <croton/codegen/cost.hpp>
#include <croton/codegen/lower.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/overloaded.hpp>

#include <algorithm>
#include <functional>
#include <map>

#include "cluster_index.hpp"
#include "known_extent.hpp"
#include "lower_blocked.hpp"
#include "lower_columns.hpp"
#include "lower_contract.hpp"
#include "puller.hpp"
#include "row_stages.hpp"

namespace croton::inline v1::codegen {

namespace {

/// Reserved words of emitted text, unlike m and n, which are names that extents have.
constexpr std::string_view loop_names[] = {"i", "j", "k", "l"};

std::string loop_name(std::size_t i)
{
    return i < std::size(loop_names) ? std::string(loop_names[i]) : fmt::format("loop_{}", i);
}

/// The axes over which a cluster loops, after neighbouring ones were made one.
struct Axes {
    Shape outer;
    Shape inner; ///< none, one, or two: the first of them is a loop around the lanes
};

Extent count(const Shape& shape) { return element_count(shape); }

const Monoid& monoid_of(const Apply& reduce)
{
    return std::get<Reduce>(reduce.op().lowering).monoid;
}

bool are_short(const Axes& axes)
{
    return !axes.outer.empty() && axes.inner.size() == 1 && axes.inner[0].is_known() &&
           axes.inner[0].value() <= longest_short_row;
}

/// Writes one cluster of kind rows.
class Rows {
public:
    Rows(const Cluster& cluster, LoopNest& nest, const Axes& axes)
        : cluster_(cluster), axes_(axes), short_rows_(are_short(axes)), puller_(nest),
          stages_(cluster)
    {
        for (const Root& r : cluster.roots)
            for (const Variable& v : r.reads)
                if (!own(v)) puller_.in_memory(v);
    }

    void write()
    {
        for (std::size_t k = 0; k < axes_.outer.size(); ++k) {
            const bool last = k + 1 == axes_.outer.size();
            Loop loop{loop_symbol(k), loop_name(k), axes_.outer[k]};
            // A position is found element by element.
            const bool lanes =
                last && (axes_.inner.empty() || (short_rows_ && !finds_positions(cluster_)));
            loop.kind = lanes ? LoopKind::lanes : LoopKind::serial;
            loop.parallel = k == 0;
            puller_.open(std::move(loop));
        }
        write_outer_roots(0);
        for (int stage = 0; stage <= stages_.last() && !axes_.inner.empty(); ++stage) {
            write_stage(stage);
            write_outer_roots(stage + 1);
        }
        while (puller_.depth() > 0)
            puller_.close();
    }

    bool divides() const { return puller_.divides(); }

    static bool finds_positions(const Cluster& cluster)
    {
        return std::ranges::any_of(cluster.roots, [](const Root& r) {
            return r.reduces && is_position(monoid_of(r.value.owner()));
        });
    }

private:
    bool own(const Variable& v) const
    {
        return std::ranges::any_of(cluster_.roots, [&](const Root& r) { return same(r.value, v); });
    }
    bool in_loop(const Root& r) const { return r.inner || r.reduces; }

    At outer_at() const
    {
        At at;
        for (std::size_t k = 0; k < axes_.outer.size(); ++k) {
            at.index.push_back(as_extent(loop_symbol(k)));
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
            puller_.known(cluster_.roots[i].value, outer_at(), id);
            if (cluster_.roots[i].stored) puller_.store(cluster_.roots[i].value, outer_at(), id);
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
    Axes axes{cluster.outer, inner.empty() ? Shape{} : Shape{count(inner)}};
    if (inner.size() < 2 || Rows::finds_positions(cluster) || works(cluster, axes)) return axes;
    for (auto first = inner.begin() + 1; first != inner.end(); ++first) {
        const Axes two{cluster.outer,
                       {count(Shape(inner.begin(), first)), count(Shape(first, inner.end()))}};
        if (works(cluster, two)) return two;
    }
    return axes;
}

/// Neighbouring outer axes become one where no access then needs a division.
Axes choose_axes(const Cluster& cluster)
{
    Axes axes = choose_inner(cluster);
    for (std::size_t k = 0; k + 1 < axes.outer.size();) {
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

/// What a running combination begins with.
int start_of(Monoid monoid)
{
    if (monoid == Monoid::sum) return 0;
    if (monoid == Monoid::prod) return 1;
    throw internal_error("code generation", "no prefix combines by {}", name(monoid));
}

/// Rows as long as this are worth a pass each: a shorter one waits for what the one before stored.
constexpr std::int64_t shortest_row_of_prefix = 8;

/// A prefix along an axis that is not the last: a row is the one before, combined with elements, so
/// that memory is passed over in order.
void write_prefix_of_rows(const Cluster& cluster, LoopNest& nest, const ThreeAxes& axes)
{
    const Variable& y = cluster.roots[0].value;
    const Apply apply = y.owner();
    const Monoid monoid = std::get<Prefix>(apply.op().lowering).monoid;
    const bool reverse = apply.params_as<PrefixParams>().reverse;
    Puller puller(nest);
    read_others(puller, cluster);
    axes.open_outer(puller);
    const bool flat = is_known_as(axes.outer, 1);
    Loop rows{loop_symbol(1), flat ? "i" : "j", axes.middle};
    rows.kind = reverse ? LoopKind::backward : LoopKind::serial;
    puller.open(std::move(rows));
    puller.open({loop_symbol(2), flat ? "j" : "k", axes.behind, LoopKind::lanes});
    const Variable x = cast(apply.input(0), y.dtype());
    puller.pull(x, axes.at()); // the operand comes first in the list of arguments
    At before = axes.at();
    before.index[1] = before.index[1] + Extent(reverse ? 1 : -1);
    const Variable sum = input("before", y.dtype(), y.shape());
    puller.known(sum, axes.at(), puller.stored_or(y, before, 1, start_of(monoid)));
    const Variable row = monoid == Monoid::sum ? sum + x : sum * x;
    puller.store(y, axes.at(), puller.pull(row, axes.at()));
    close_all(puller);
}

ThreeAxes prefix_axes(const Apply& apply)
{
    const Shape shape = apply.input(0).shape();
    const auto axis = static_cast<std::size_t>(apply.params_as<PrefixParams>().axis);
    ThreeAxes axes{1, shape[axis], 1};
    for (std::size_t i = 0; i < axis; ++i)
        axes.outer = axes.outer * shape[i];
    for (std::size_t i = axis + 1; i < shape.size(); ++i)
        axes.behind = axes.behind * shape[i];
    return axes;
}

void write_scatter(const Cluster& cluster, LoopNest& nest)
{
    const Variable y = cluster.roots[0].value;
    const Apply apply = y.owner();
    const auto& scatter = std::get<Scatter>(apply.op().lowering);
    Puller puller(nest);
    read_others(puller, cluster);
    // First the base, as it is; then the updates in C order.
    const Extent n = element_count(y.shape());
    puller.open({loop_symbol(0), "i", n, LoopKind::lanes});
    const At whole{{as_extent(loop_symbol(0))}, {n}};
    puller.store(y, whole, puller.pull(apply.input(0), whole));
    puller.close();
    const Shape updates = apply.input(1).shape();
    At at;
    for (std::size_t k = 0; k < updates.size(); ++k) {
        puller.open({loop_symbol(k + 1), loop_name(k + 1), updates[k]});
        at.index.push_back(as_extent(loop_symbol(k + 1)));
        at.shape.push_back(updates[k]);
    }
    std::vector<Type> types;
    for (const Variable& in : apply.inputs())
        types.push_back(in.type());
    At place{{}, y.shape()};
    const auto axes = scatter.map({apply.params().get(), types, y.type(), at.index});
    for (std::size_t i = 0; i < axes.size(); ++i) {
        if (axes[i].index_operand < 0) {
            place.index.push_back(axes[i].at[0]);
            continue;
        }
        const Variable& index = apply.input(static_cast<std::size_t>(axes[i].index_operand));
        const ScalarId raw = puller.pull(index, {axes[i].at, index.shape()});
        place.index.push_back(puller.checked(raw, place.shape[i], apply));
    }
    puller.store(y, place, puller.pull(apply.input(1), at), scatter.accumulate);
    close_all(puller);
}

} // namespace

Lowered lower(const Cluster& cluster)
{
    if (reduces_in_blocks(cluster)) return lower_blocked(cluster);
    LoopNest nest;
    for (const Root& r : cluster.roots)
        nest.applies.push_back(r.value.owner());
    switch (cluster.kind) {
    case ClusterKind::rows: {
        Rows rows(cluster, nest, choose_axes(cluster));
        rows.write();
        break;
    }
    case ClusterKind::columns:
        return lower_columns(cluster);
    case ClusterKind::prefix: {
        const Variable& y = cluster.roots[0].value;
        const Apply apply = y.owner();
        const ThreeAxes axes = prefix_axes(apply);
        const bool reverse = apply.params_as<PrefixParams>().reverse;
        const bool narrow = axes.behind.is_known() && axes.behind.value() < shortest_row_of_prefix;
        // A sum in 16 bits would be rounded at each step.
        if (!narrow && computed_dtype(y.dtype()) == y.dtype())
            write_prefix_of_rows(cluster, nest, axes);
        else
            write_serial(cluster, nest, axes, reverse ? LoopKind::backward : LoopKind::serial,
                         std::get<Prefix>(apply.op().lowering).monoid);
        break;
    }
    case ClusterKind::scatter:
        write_scatter(cluster, nest);
        break;
    case ClusterKind::contract:
        return lower_contract(cluster);
    case ClusterKind::scan:
        throw internal_error("code generation", "a loop over steps is no loop nest");
    }
    return {{std::move(nest)}, {}};
}

} // namespace croton::inline v1::codegen
