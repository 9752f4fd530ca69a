#include "lower_blocked.hpp"

#include <croton/ir/format.hpp>

#include <algorithm>

#include "cluster_index.hpp"
#include "puller.hpp"

namespace croton::inline v1::codegen {

namespace {

/// How the elements that are reduced make blocks. As one row each block has `reduction_block`
/// elements of it. As several rows, which are those of an operand that is broadcast along them, a
/// block has whole rows: no element's place needs a division.
struct Blocks {
    Extent rows = 1;
    Extent row = 1; ///< elements
    /// Where it is not known how long they are: few enough that threads share some hundreds of long
    /// rows, and so many that the results of a million short ones lose no more digits than they.
    Extent rows_of_block = 64;
    bool one_row() const { return same(rows, Extent(1)); }
    bool short_rows() const { return row.is_known() && row.value() <= longest_short_row; }
    /// A block's rows are summed in sequence, so not more than lanes of one row would sum.
    static constexpr std::int64_t most_rows = 512;

    Extent count() const
    {
        const Extent all = one_row() ? row : rows;
        const Extent each = one_row() ? Extent(reduction_block) : rows_of_block;
        return floor_div(all + each - 1, each);
    }
};

Blocks blocks_of(const Shape& reduced, std::size_t axes_of_rows)
{
    Blocks b;
    for (std::size_t k = 0; k < reduced.size(); ++k) {
        Extent& part = k < axes_of_rows ? b.rows : b.row;
        part = part * reduced[k];
    }
    if (b.row.is_known()) {
        const std::int64_t fit = reduction_block / std::max<std::int64_t>(b.row.value(), 1);
        b.rows_of_block =
            b.short_rows() ? fit : std::clamp<std::int64_t>(fit, 1, Blocks::most_rows);
    }
    return b;
}

class Partials {
public:
    Partials(const Cluster& cluster, const std::vector<Variable>& partials, const Blocks& blocks)
        : cluster_(cluster), partials_(partials), blocks_(blocks), puller_(nest_)
    {
        read_others(puller_, cluster);
    }

    LoopNest write()
    {
        const Extent block = as_extent(loop_symbol(0));
        puller_.open({loop_symbol(0), "i", blocks_.count()});
        puller_.innermost().parallel = true;
        const std::vector<ScalarId> results =
            blocks_.one_row() ? part_of_row(block) : rows_of(block);
        for (std::size_t k = 0; k < partials_.size(); ++k)
            puller_.store(partials_[k], {{block}, {blocks_.count()}}, results[k]);
        puller_.close();
        nest_.blocked = blocks_.one_row() ? blocks_.row : blocks_.rows;
        for (const Variable& p : partials_)
            nest_.partials.push_back(puller_.buffer(p, Buffer::Access::write));
        return std::move(nest_);
    }
    bool divides() const { return puller_.divides(); }

private:
    std::vector<ScalarId> new_results()
    {
        std::vector<ScalarId> results;
        for (const Variable& p : partials_)
            results.push_back(
                puller_.add({p.dtype(), Accumulated{}, puller_.depth(), 0, Variable()}));
        return results;
    }

    std::vector<ScalarId> part_of_row(const Extent& block)
    {
        const Extent start = block * Extent(reduction_block);
        const auto results = new_results();
        open(1, "j", minimum(Extent(reduction_block), blocks_.row - start), LoopKind::lanes);
        reduce({{start + as_extent(loop_symbol(1))}, {blocks_.row}}, results);
        puller_.close();
        return results;
    }

    std::vector<ScalarId> rows_of(const Extent& block)
    {
        const Extent start = block * blocks_.rows_of_block;
        const auto results = new_results();
        open(1, "j", minimum(blocks_.rows_of_block, blocks_.rows - start),
             blocks_.short_rows() ? LoopKind::lanes : LoopKind::serial);
        const auto sums = new_results();
        open(2, "k", blocks_.row, blocks_.short_rows() ? LoopKind::unrolled : LoopKind::lanes);
        reduce({{start + as_extent(loop_symbol(1)), as_extent(loop_symbol(2))},
                {blocks_.rows, blocks_.row}},
               sums);
        puller_.close();
        std::size_t next = 0;
        for (const Root& r : cluster_.roots) {
            if (!r.reduces) continue;
            puller_.keep(sums[next]);
            puller_.innermost().accumulators.push_back(
                {monoid_of(r.value.owner()), sums[next], results[next]});
            ++next;
        }
        puller_.close();
        return results;
    }

    void open(std::size_t symbol, const char* name, const Extent& extent, LoopKind kind)
    {
        Loop loop{loop_symbol(symbol), name, extent};
        loop.kind = kind;
        puller_.open(std::move(loop));
    }

    void reduce(const At& at, const std::vector<ScalarId>& results)
    {
        std::size_t next = 0;
        for (const Root& r : cluster_.roots) {
            if (!r.reduces) continue;
            const ScalarId value = puller_.pull(r.value.owner().input(0), at);
            puller_.keep(value);
            puller_.innermost().accumulators.push_back(
                {monoid_of(r.value.owner()), value, results[next++]});
            nest_.applies.push_back(r.value.owner());
        }
    }

    const Cluster& cluster_;
    const std::vector<Variable>& partials_;
    Blocks blocks_;
    LoopNest nest_;
    Puller puller_;
};

std::vector<Variable> partials_of(const Cluster& cluster, const Extent& blocks)
{
    std::vector<Variable> partials;
    for (const Root& r : cluster.roots)
        if (r.reduces)
            partials.push_back(input("partial", computed_dtype(r.value.dtype()), {blocks}));
    return partials;
}

/// Long rows, unless an operand's place then costs a division for each element.
Blocks choose_blocks(const Cluster& cluster)
{
    const Shape& reduced = cluster.inner;
    for (std::size_t axes = 0; axes + 1 < reduced.size(); ++axes) {
        const Blocks blocks = blocks_of(reduced, axes);
        const std::vector<Variable> partials = partials_of(cluster, blocks.count());
        Partials attempt(cluster, partials, blocks);
        attempt.write();
        if (!attempt.divides()) return blocks;
    }
    return blocks_of(reduced, reduced.size() - 1);
}

} // namespace

bool reduces_in_blocks(const Cluster& cluster)
{
    if (cluster.kind != ClusterKind::rows || !cluster.outer.empty() || cluster.inner.empty())
        return false;
    const Extent n = element_count(cluster.inner);
    if (n.is_known() && n.value() <= reduction_block) return false;
    return std::ranges::none_of(cluster.roots, [](const Root& r) {
        return r.inner || (r.reduces && is_position(monoid_of(r.value.owner())));
    });
}

LoopNest combine_partials(const Cluster& cluster,
                          const std::vector<Variable>& partials,
                          const Extent& blocks)
{
    LoopNest nest;
    Puller puller(nest);
    read_others(puller, cluster);
    for (const Variable& p : partials)
        puller.in_memory(p);
    std::vector<ScalarId> results;
    for (const Variable& p : partials)
        results.push_back(puller.add({p.dtype(), Accumulated{}, 0, 0, Variable()}));
    Loop loop{loop_symbol(0), "i", blocks};
    loop.kind = LoopKind::lanes;
    puller.open(std::move(loop));
    std::size_t next = 0;
    for (const Root& r : cluster.roots) {
        if (!r.reduces) continue;
        const ScalarId value = puller.pull(partials[next], {{as_extent(loop_symbol(0))}, {blocks}});
        puller.keep(value);
        puller.innermost().accumulators.push_back(
            {monoid_of(r.value.owner()), value, results[next++]});
    }
    puller.close();
    for (const Variable& p : partials)
        nest.partials.push_back(puller.buffer(p, Buffer::Access::read));
    next = 0;
    for (const Root& r : cluster.roots)
        if (r.reduces) puller.known_result(r.value, {}, results[next++]);
    for (const Root& r : cluster.roots) {
        nest.applies.push_back(r.value.owner());
        if (r.stored) puller.store(r.value, {}, puller.pull(r.value, {}));
    }
    return nest;
}

Lowered lower_blocked(const Cluster& cluster)
{
    const Blocks blocks = choose_blocks(cluster);
    Lowered lowered;
    lowered.scratch = partials_of(cluster, blocks.count());
    lowered.nests.push_back(Partials(cluster, lowered.scratch, blocks).write());
    lowered.nests.push_back(combine_partials(cluster, lowered.scratch, blocks.count()));
    return lowered;
}

} // namespace croton::inline v1::codegen
