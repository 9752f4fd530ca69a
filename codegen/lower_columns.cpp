#include "lower_columns.hpp"

#include <croton/ir/build.hpp>

#include <utility>
#include <vector>

#include "cluster_index.hpp"
#include "lower_blocked.hpp"

namespace croton::inline v1::codegen {

namespace {

/// Many rows are taken in blocks: the results of the first one lie where they belong, those of each
/// other one in a row of partial results, which are then combined with them.
class Columns {
public:
    explicit Columns(const Cluster& cluster)
        : cluster_(cluster), axes_{element_count(cluster.outer), element_count(cluster.inner),
                                   element_count(cluster.behind)},
          other_blocks_(floor_div(maximum(axes_.middle, 1) - Extent(1), column_block))
    {}

    Lowered lower()
    {
        const bool one_block = is_known_as(other_blocks_, 0);
        Lowered lowered;
        for (const Root& r : cluster_.roots) {
            if (!one_block) partials_.push_back(results("partial", r.value.dtype(), other_blocks_));
            best_.emplace_back();
            const Apply apply = r.value.owner();
            const Monoid monoid = monoid_of(apply);
            if (!is_position(monoid)) continue;
            const std::string_view name = monoid == Monoid::argmax ? "largest" : "smallest";
            const Extent blocks = other_blocks_ + Extent(1);
            best_.back() = {results(name, computed_dtype(apply.input(0).dtype()), blocks),
                            results("row", DType::i32, blocks)};
            lowered.scratch.insert(lowered.scratch.end(), {best_.back().value, best_.back().row});
        }
        lowered.scratch.insert(lowered.scratch.end(), partials_.begin(), partials_.end());
        lowered.nests.push_back(reduced_rows());
        if (!one_block) lowered.nests.push_back(combined_partials());
        return lowered;
    }

private:
    /// An array with a result of each column for each of some blocks.
    Variable results(std::string_view name, DType dtype, const Extent& blocks) const
    {
        Shape shape = cluster_.outer;
        shape.insert(shape.begin(), blocks);
        shape.insert(shape.end(), cluster_.behind.begin(), cluster_.behind.end());
        return input(std::string(name), dtype, std::move(shape));
    }

    ColumnLoop columns(const Extent& end) const
    {
        return {.row = loop_symbol(1),
                .column = loop_symbol(2),
                .row_name = "j",
                .column_name = "k",
                .end = end,
                .columns = axes_.behind};
    }

    /// For each column a result of one root: `operand` is what is reduced.
    ColumnLoop::Target&
    reduce(LoopNest& nest, Puller& puller, std::size_t root, const Variable& operand, const At& at)
    {
        const Variable& y = cluster_.roots[root].value;
        const ScalarId value = puller.pull(operand, at);
        puller.keep(value);
        nest.applies.push_back(y.owner());
        ColumnLoop& rows = puller.innermost_column();
        rows.targets.push_back({.monoid = monoid_of(y.owner()),
                                .value = value,
                                .buffer = puller.buffer(y, Buffer::Access::write),
                                .at = axes_.outer_index() * axes_.behind});
        ColumnLoop::Target& target = rows.targets.back();
        if (!best_[root].value.is_empty()) {
            target.best = puller.buffer(best_[root].value, Buffer::Access::write);
            const Extent block = rows.block ? as_extent(rows.block) : Extent(0);
            target.best_at = block * axes_.outer * axes_.behind + target.at;
        }
        return target;
    }

    LoopNest reduced_rows()
    {
        LoopNest nest;
        Puller puller(nest);
        read_others(puller, cluster_);
        axes_.open_outer(puller);
        ColumnLoop rows = columns(axes_.middle);
        if (!partials_.empty()) {
            open_blocks(puller, rows);
            nest.blocked = axes_.middle;
        }
        puller.open_column(std::move(rows));
        for (std::size_t i = 0; i < cluster_.roots.size(); ++i) {
            ColumnLoop::Target& target =
                reduce(nest, puller, i, cluster_.roots[i].value.owner().input(0), axes_.at());
            if (target.best >= 0) target.row = puller.buffer(best_[i].row, Buffer::Access::write);
        }
        for (std::size_t i = 0; i < partials_.size(); ++i) {
            nest.partials.push_back(puller.buffer(partials_[i], Buffer::Access::write));
            puller.innermost_column().targets[i].partial = nest.partials.back();
        }
        close_all(puller);
        return nest;
    }

    /// Threads share the blocks, or what loops are around them.
    void open_blocks(Puller& puller, ColumnLoop& rows) const
    {
        const bool outermost = puller.depth() == 0;
        rows.block = loop_symbol(outermost ? 0 : 3);
        puller.open({rows.block, outermost ? "i" : "p", other_blocks_ + Extent(1)});
        puller.innermost().parallel = outermost;
        rows.first = as_extent(rows.block) * Extent(column_block);
        const Extent after = rows.first + Extent(column_block);
        const bool whole = same(floor_div(axes_.middle, column_block), other_blocks_ + Extent(1));
        rows.end = whole ? after : minimum(after, axes_.middle);
    }

    LoopNest combined_partials()
    {
        LoopNest nest;
        Puller puller(nest);
        axes_.open_outer(puller);
        puller.open_column(columns(other_blocks_));
        const Extent row = as_extent(loop_symbol(1));
        const At at{{row, axes_.outer_index(), axes_.behind_index()},
                    {other_blocks_, axes_.outer, axes_.behind}};
        const At best{{row + Extent(1), axes_.outer_index(), axes_.behind_index()},
                      {other_blocks_ + Extent(1), axes_.outer, axes_.behind}};
        for (std::size_t i = 0; i < partials_.size(); ++i) {
            puller.in_memory(partials_[i]);
            if (const Variable& values = best_[i].value; !values.is_empty()) {
                puller.in_memory(values);
                const ScalarId place = puller.pull(partials_[i], at);
                puller.keep(place);
                reduce(nest, puller, i, values, best).place = place;
            } else {
                reduce(nest, puller, i, partials_[i], at);
            }
            puller.buffer(cluster_.roots[i].value, Buffer::Access::read);
            puller.innermost_column().targets.back().begun = true;
            nest.partials.push_back(puller.buffer(partials_[i], Buffer::Access::read));
        }
        close_all(puller);
        return nest;
    }

    const Cluster& cluster_;
    ThreeAxes axes_;
    Extent other_blocks_; ///< behind the first one, which is there if there are no rows
    std::vector<Variable> partials_;
    struct Best {
        Variable value, row;
    };
    std::vector<Best> best_; ///< of each root; none, unless it is a position
};

} // namespace

void write_serial(const Cluster& cluster,
                  LoopNest& nest,
                  const ThreeAxes& axes,
                  LoopKind direction,
                  Monoid monoid)
{
    const Root& r = cluster.roots[0];
    const Apply apply = r.value.owner();
    const bool running = std::holds_alternative<Prefix>(apply.op().lowering);
    Puller puller(nest);
    read_others(puller, cluster);
    axes.open_outer(puller);
    axes.open_behind(puller);
    const ScalarId result =
        puller.add({computed_dtype(r.value.dtype()), Accumulated{}, puller.depth(), 0, r.value});
    Loop loop{loop_symbol(1), "j", axes.middle};
    loop.kind = direction;
    puller.open(std::move(loop));
    const ScalarId value = puller.pull(apply.input(0), axes.at());
    puller.keep(value);
    puller.innermost().accumulators.push_back({monoid, value, result, running});
    if (running) puller.store(r.value, axes.at(), result);
    puller.close();
    if (!running) puller.store(r.value, axes.kept(), result);
    close_all(puller);
}

Lowered lower_columns(const Cluster& cluster)
{
    const auto serial = [](const Root& r) {
        return computed_dtype(r.value.dtype()) != r.value.dtype();
    };
    Cluster by_columns = cluster;
    std::erase_if(by_columns.roots, serial);
    Lowered lowered;
    if (!by_columns.roots.empty()) lowered = Columns(by_columns).lower();
    // Loops of their own, in one kernel with those of columns that make no blocks.
    if (lowered.nests.size() != 1 && by_columns.roots.size() < cluster.roots.size())
        lowered.nests.emplace_back();
    LoopNest& nest = lowered.nests.back();
    for (const Root& r : cluster.roots) {
        if (!serial(r)) continue;
        nest.applies.push_back(r.value.owner());
        Cluster single = cluster;
        single.roots = {r};
        write_serial(single, nest,
                     {element_count(cluster.outer), element_count(cluster.inner),
                      element_count(cluster.behind)},
                     LoopKind::serial, monoid_of(r.value.owner()));
    }
    return lowered;
}

} // namespace croton::inline v1::codegen
