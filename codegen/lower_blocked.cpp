#include "lower_blocked.hpp"

#include <croton/ir/format.hpp>

#include <algorithm>

#include "cluster_index.hpp"
#include "puller.hpp"

namespace croton::inline v1::codegen {

namespace {

Monoid monoid_of(const Root& root)
{
    return std::get<Reduce>(root.value.owner().op().lowering).monoid;
}

bool is_position(Monoid m) { return m == Monoid::argmax || m == Monoid::argmin; }

void read_others(Puller& puller, const Cluster& cluster)
{
    for (const Root& r : cluster.roots)
        for (const Variable& v : r.reads) {
            const bool own =
                std::ranges::any_of(cluster.roots, [&](const Root& o) { return same(o.value, v); });
            if (!own) puller.in_memory(v);
        }
}

/// Each block's partial results: `partials[k]` belongs to the k-th reduction.
LoopNest
write_partials(const Cluster& cluster, const std::vector<Variable>& partials, const Extent& blocks)
{
    const Extent n = element_count(cluster.inner);
    const Extent block = as_extent(loop_symbol(0));
    const Extent start = block * Extent(reduction_block);
    LoopNest nest;
    Puller puller(nest);
    read_others(puller, cluster);
    puller.open({loop_symbol(0), "i", blocks});
    puller.innermost().parallel = true;
    std::vector<ScalarId> results;
    for (const Variable& p : partials)
        results.push_back(puller.add({p.dtype(), Accumulated{}, puller.depth(), 0, Variable()}));
    Loop loop{loop_symbol(1), "j", minimum(Extent(reduction_block), n - start)};
    loop.kind = LoopKind::lanes;
    puller.open(std::move(loop));
    const At at{{start + as_extent(loop_symbol(1))}, {n}};
    std::size_t next = 0;
    for (const Root& r : cluster.roots) {
        if (!r.reduces) continue;
        const ScalarId value = puller.pull(r.value.owner().input(0), at);
        puller.keep(value);
        puller.innermost().accumulators.push_back({monoid_of(r), value, results[next++]});
        nest.applies.push_back(r.value.owner());
    }
    puller.close();
    for (std::size_t k = 0; k < partials.size(); ++k)
        puller.store(partials[k], {{block}, {blocks}}, results[k]);
    puller.close();
    nest.blocked = n;
    for (const Variable& p : partials)
        nest.partials.push_back(puller.buffer(p, Buffer::Access::write));
    return nest;
}

/// The partial results combined, and what follows from them.
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
        puller.innermost().accumulators.push_back({monoid_of(r), value, results[next++]});
    }
    puller.close();
    for (const Variable& p : partials)
        nest.partials.push_back(puller.buffer(p, Buffer::Access::read));
    next = 0;
    for (const Root& r : cluster.roots)
        if (r.reduces) puller.known(r.value, {}, results[next++]);
    for (const Root& r : cluster.roots) {
        nest.applies.push_back(r.value.owner());
        if (r.stored) puller.store(r.value, {}, puller.pull(r.value, {}));
    }
    return nest;
}

} // namespace

bool reduces_in_blocks(const Cluster& cluster)
{
    if (cluster.kind != ClusterKind::rows || !cluster.outer.empty() || cluster.inner.empty())
        return false;
    const Extent n = element_count(cluster.inner);
    if (n.is_known() && n.value() <= reduction_block) return false;
    return std::ranges::none_of(cluster.roots, [](const Root& r) {
        return r.inner || (r.reduces && is_position(monoid_of(r)));
    });
}

Lowered lower_blocked(const Cluster& cluster)
{
    const Extent n = element_count(cluster.inner);
    const Extent blocks = floor_div(n + Extent(reduction_block - 1), Extent(reduction_block));
    Lowered lowered;
    for (const Root& r : cluster.roots)
        if (r.reduces)
            lowered.scratch.push_back(input("partial", computed_dtype(r.value.dtype()), {blocks}));
    lowered.nests.push_back(write_partials(cluster, lowered.scratch, blocks));
    lowered.nests.push_back(combine_partials(cluster, lowered.scratch, blocks));
    return lowered;
}

} // namespace croton::inline v1::codegen
