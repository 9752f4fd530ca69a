#include "kernel_info.hpp"

#include <croton/codegen/cost.hpp>

#include "nest_cost.hpp"
#include "parallel_text.hpp"

namespace croton::inline v1::codegen {

Extent cost_per_iteration(const LoopNest& nest)
{
    int each = 1;
    for (const Scalar& s : nest.scalars)
        if (const auto* c = std::get_if<Compute>(&s.expression)) each += flops(*c->op, s.dtype);
    Extent iterations = 1;
    const Block* block = &nest.body;
    bool first = true, one_block = false;
    while (block) {
        const Block* next = nullptr;
        for (const Statement& st : *block)
            if (const auto* l = std::get_if<Loop>(&st)) {
                const bool blocks = is_over_blocks_of_rows(*l);
                one_block |= first && blocks;
                if (!first && !blocks) iterations = iterations * at_first_iteration(l->extent);
                first = false;
                next = &l->body;
                break;
            } else if (const auto* c = std::get_if<ColumnLoop>(&st)) {
                const bool all_blocks = c->block && !one_block;
                const Extent rows = all_blocks ? nest.blocked : c->end - c->first;
                iterations = iterations * at_first_iteration(rows) * c->columns;
                break;
            }
        block = next;
    }
    return iterations * Extent(each);
}

namespace {

/// Of the whole kernel.
Extent work_of(const LoopNest& nest)
{
    for (const Statement& st : nest.body)
        if (const auto* loop = std::get_if<Loop>(&st))
            return cost_per_iteration(nest) * loop->extent;
    return cost_per_iteration(nest);
}

} // namespace

bool is_for_one_thread(const LoopNest& nest)
{
    const Extent work = work_of(nest);
    return work.is_known() && work.value() < serial_below_flops;
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
