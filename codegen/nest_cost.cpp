#include "nest_cost.hpp"

#include <croton/codegen/cost.hpp>
#include <croton/ir/overloaded.hpp>

#include <algorithm>

#include "contract_sizes.hpp"
#include "puller.hpp"

namespace croton::inline v1::codegen {

Extent at_first_iteration(const Extent& extent)
{
    Substitution zero;
    for (const detail::Atom* s : symbols(extent))
        if (is_index_symbol(s)) zero.emplace_back(s, Extent(0));
    return zero.empty() ? extent : substitute(extent, zero);
}

bool is_over_blocks_of_rows(const Loop& loop)
{
    return std::ranges::any_of(loop.body, [&](const Statement& st) {
        const auto* columns = std::get_if<ColumnLoop>(&st);
        return columns && columns->block == loop.index;
    });
}

namespace {

class Counter {
public:
    explicit Counter(const LoopNest& nest) : nest_(nest) {}

    Extent count(const Block& block, const Extent& times) const
    {
        Extent flops = 0;
        for (const Statement& st : block)
            flops = flops +
                    visit(st, overloaded{
                                  [&](const Let& l) { return times * of_scalar(l.scalar); },
                                  [&](const Store& s) { return times * Extent(s.accumulate); },
                                  [&](const Loop& l) { return of_loop(l, times); },
                                  [&](const ColumnLoop& l) {
                                      const Extent rows = l.block ? nest_.blocked : l.end;
                                      const Extent each = times * rows * l.columns;
                                      return count(l.body, each) + each * Extent(l.targets.size());
                                  },
                              });
        return flops;
    }

private:
    Extent of_scalar(ScalarId id) const
    {
        if (id < 0) return 0;
        const Scalar& s = nest_.scalars[static_cast<std::size_t>(id)];
        const auto* c = std::get_if<Compute>(&s.expression);
        return c ? flops(*c, s.dtype) : 0;
    }

    Extent of_loop(const Loop& l, const Extent& times) const
    {
        if (is_over_blocks_of_rows(l)) return count(l.body, times);
        // All blocks together have `blocked` iterations, the last one fewer than others.
        const bool within_block = l.depth == 2 && !same(nest_.blocked, Extent(0));
        const Extent each =
            within_block ? nest_.blocked : times * at_first_iteration(iterations_of(l));
        return count(l.body, each) + each * Extent(l.accumulators.size());
    }

    const LoopNest& nest_;
};

} // namespace

Extent flops_of(const LoopNest& nest, const Block& block, const Extent& times)
{
    return Counter(nest).count(block, times);
}

namespace {

/// How often a block runs. Loops of a product's blocks run over some rows and columns: all parts
/// together over all of them.
Extent times_of(const LoopNest& nest, const Block& block)
{
    if (nest.contract.empty()) return 1;
    const ContractNest& c = nest.contract[0];
    if (&block != &c.prologue_a.body) return c.batch;
    const DType dtype = nest.buffers[static_cast<std::size_t>(c.out)].dtype();
    const Extent columns = strip_tile_bytes / static_cast<int>(size_bytes(dtype));
    return c.batch * floor_div(c.n + columns - Extent(1), columns);
}

} // namespace

Extent prologue_flops(const LoopNest& nest)
{
    const Block& block = nest.contract[0].prologue_a.body;
    return block.empty() ? 0 : flops_of(nest, block, times_of(nest, block));
}

NestCost cost_of(const LoopNest& nest)
{
    NestCost cost;
    for (const ContractNest& c : nest.contract)
        cost.flops = Extent(2) * c.batch * c.m * c.n * c.k;
    for (const Block* block : blocks_of(nest))
        cost.flops = cost.flops + flops_of(nest, *block, times_of(nest, *block));
    for (std::size_t i = 0; i < nest.buffers.size(); ++i) {
        const Buffer& b = nest.buffers[i];
        bool packed = false;
        for (const ContractNest& c : nest.contract)
            packed |= c.packed_a == static_cast<int>(i) || c.packed_b == static_cast<int>(i);
        if (packed) continue;
        const bool in_part = nest.part && b.access != Buffer::Access::read;
        const Extent elements = in_part ? nest.part->elements : element_count(b.shape());
        const Extent bytes = elements * Extent(size_bytes(b.dtype()));
        if (b.access == Buffer::Access::read || is_updated(b))
            cost.bytes_read = cost.bytes_read + bytes;
        if (b.access != Buffer::Access::read) cost.bytes_written = cost.bytes_written + bytes;
    }
    return cost;
}

bool is_updated(const Buffer& buffer)
{
    if (buffer.access != Buffer::Access::read_write) return false;
    const Apply a = buffer.value.owner();
    if (buffer.in_place() || !a) return true;
    // Of a reduction's, other blocks are combined with what the first one left.
    return std::holds_alternative<Scatter>(a.op().lowering) ||
           std::holds_alternative<Reduce>(a.op().lowering);
}

} // namespace croton::inline v1::codegen
