#include "kernel_info.hpp"

#include <croton/codegen/cost.hpp>

#include "nest_cost.hpp"
#include "parallel_text.hpp"

namespace croton::inline v1::codegen {

namespace {

/// Of all loops over parts of an axis that stand in a block.
Extent count_of_parts(const Block& block)
{
    Extent all = 0;
    for (const Statement& st : block)
        if (const auto* l = std::get_if<Loop>(&st)) all = all + l->extent;
    return all;
}

/// By the first loop in each block, or those beside it over the rest of its axis.
/// one_block   of rows, where there are blocks: else all of them together
Extent iterations_inside(const LoopNest& nest, const Block& block, bool one_block)
{
    for (const Statement& st : block)
        if (const auto* l = std::get_if<Loop>(&st)) {
            const Extent inside = iterations_inside(nest, l->body, one_block);
            if (is_over_blocks_of_rows(*l)) return inside;
            const Extent here = l->in_part ? count_of_parts(block) : iterations_of(*l);
            return at_first_iteration(here) * inside;
        } else if (const auto* c = std::get_if<ColumnLoop>(&st)) {
            const Extent rows = c->block && !one_block ? nest.blocked : c->end - c->first;
            return at_first_iteration(rows) * c->columns;
        }
    return 1;
}

} // namespace

Extent cost_per_iteration(const LoopNest& nest)
{
    int each = 1;
    for (const Scalar& s : nest.scalars)
        if (const auto* c = std::get_if<Compute>(&s.expression)) each += flops(*c, s.dtype);
    for (const Statement& st : nest.body)
        if (const auto* l = std::get_if<Loop>(&st))
            return iterations_inside(nest, l->body, is_over_blocks_of_rows(*l)) * Extent(each);
    return iterations_inside(nest, nest.body, false) * Extent(each);
}

namespace {

/// Of the whole kernel.
Extent work_of(const LoopNest& nest)
{
    const Extent each = cost_per_iteration(nest);
    for (const Statement& st : nest.body)
        if (const auto* loop = std::get_if<Loop>(&st))
            return each * (loop->in_part ? count_of_parts(nest.body) : loop->extent);
    return each;
}

} // namespace

bool is_for_one_thread(const LoopNest& nest)
{
    const Extent work = work_of(nest);
    return work.is_known() && work.value() < serial_below_flops;
}

ClusterKind kind_of(const LoopNest& nest, const Cluster& cluster)
{
    const bool combines = !nest.partials.empty() && same(nest.blocked, Extent(0));
    return cluster.kind == ClusterKind::steps && combines ? ClusterKind::rows : cluster.kind;
}

KernelInfo kernel_info(const PlannedKernel& kernel, ClusterKind kind)
{
    KernelInfo info;
    info.name = kernel.kernel.name;
    info.kind = kind;
    info.applies = kernel.nest.applies;
    info.text = kernel.kernel.text;
    const NestCost cost = cost_of(kernel.nest);
    info.flops = cost.flops;
    info.bytes = cost.bytes_read + cost.bytes_written;
    return info;
}

} // namespace croton::inline v1::codegen
