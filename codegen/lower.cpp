#include <croton/codegen/lower.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>

#include "known_extent.hpp"
#include "lower_blocked.hpp"
#include "lower_columns.hpp"
#include "lower_contract.hpp"
#include "lower_rows.hpp"
#include "lower_steps.hpp"
#include "three_axes.hpp"

namespace croton::inline v1::codegen {

namespace {

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

Lowered lower(const Cluster& cluster, bool in_parts)
{
    if (reduces_in_blocks(cluster)) return lower_blocked(cluster);
    LoopNest nest;
    for (const Root& r : cluster.roots)
        nest.applies.push_back(r.value.owner());
    switch (cluster.kind) {
    case ClusterKind::rows:
        return {lower_rows(cluster, nest, in_parts), {}};
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
    case ClusterKind::steps:
        return lower_steps(cluster);
    case ClusterKind::scan:
    case ClusterKind::branch:
        throw internal_error("code generation", "a {} is no loop nest", name(cluster.kind));
    }
    return {{std::move(nest)}, {}};
}

} // namespace croton::inline v1::codegen
