#include "lower_contract.hpp"

#include <croton/codegen/lower.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <array>

#include "cluster_index.hpp"
#include "contract_sizes.hpp"
#include "puller.hpp"

namespace croton::inline v1::codegen {

namespace {

/// Axes of an operand that are neither shared with the other operand nor summed.
std::vector<int>
own_axes(const Variable& v, const std::vector<int>& batch, const std::vector<int>& summed)
{
    std::vector<int> axes;
    for (int i = 0; i < v.rank(); ++i)
        if (!std::ranges::count(batch, i) && !std::ranges::count(summed, i)) axes.push_back(i);
    return axes;
}

Extent count(const Shape& s, std::size_t first, std::size_t last)
{
    return element_count(Shape(s.begin() + static_cast<std::ptrdiff_t>(first),
                               s.begin() + static_cast<std::ptrdiff_t>(last)));
}

/// The stride of a group of axes taken as one, from the strides of each. `v` is contiguous along
/// the group, or has one axis there: the clusters have made sure.
Extent group_stride(const std::vector<Extent>& strides,
                    std::size_t first,
                    std::size_t last,
                    const Shape& shape)
{
    for (std::size_t i = last; i-- > first;)
        if (!shape[i].is_known() || shape[i].value() != 1) return strides[i];
    return 0;
}

/// Where the elements of an operand lie; at index 0 of all axes the offset is 0.
struct Layout {
    Variable base;
    BufferId buffer = -1;
    std::vector<Extent> strides;
};

Layout layout_of(const Variable& v, const Root& root, Puller& puller, LoopNest& nest)
{
    for (const Variable& r : root.reads)
        puller.in_memory(r);
    At at;
    at.shape = v.shape();
    for (std::size_t i = 0; i < at.shape.size(); ++i)
        at.index.push_back(as_extent(loop_symbol(i)));
    const ScalarId id = puller.pull(v, at);
    const auto* load = std::get_if<Load>(&nest.scalars[static_cast<std::size_t>(id)].expression);
    if (!load) throw internal_error("code generation", "an operand of a product is not in memory");
    Layout l{nest.buffers[static_cast<std::size_t>(load->buffer)].value, load->buffer,
             strides_of(load->at, at.shape.size())};
    return l;
}

bool is(const Extent& e, std::int64_t value) { return e.is_known() && e.value() == value; }

Extent rounded_up(const Extent& n, std::int64_t to)
{
    return floor_div(n + Extent(to - 1), Extent(to)) * Extent(to);
}

/// Sums of few known extents: at most eight registers of 32 bytes for a row.
bool is_small(const ContractNest& c, int bytes)
{
    return c.m.is_known() && c.n.is_known() && c.k.is_known() &&
           c.m.value() * c.n.value() * c.k.value() <= 4096 && c.n.value() * bytes <= 256;
}

/// A column of sums is a row of the transposed product.
void turn_column(ContractNest& c)
{
    if (!is(c.n, 1) || is(c.a_k, 1) || !is(c.a_m, 1)) return;
    c.turned = true;
    std::swap(c.a, c.b);
    std::swap(c.m, c.n);
    std::swap(c.a_batch, c.b_batch);
    const Extent b_k = c.b_k;
    c.b_k = c.a_k;
    c.b_n = c.a_m;
    c.a_k = b_k;
    c.a_m = 0;
}

ContractKind kind_of(ContractNest& c, int bytes)
{
    if (is_small(c, bytes)) return ContractKind::small;
    turn_column(c);
    if (!is(c.m, 1) && !is(c.n, 1)) return ContractKind::blocks;
    if (is(c.a_k, 1) && is(c.b_k, 1)) return ContractKind::dots;
    return is(c.m, 1) && is(c.b_n, 1) ? ContractKind::row : ContractKind::blocks;
}

/// Arrays for packed operands, unless they are read where they lie whatever the CPU.
void add_packed(ContractNest& c, DType dtype, Puller& puller, std::vector<Variable>& scratch)
{
    const std::int64_t row = contract_row_bytes / static_cast<std::int64_t>(size_bytes(dtype));
    const bool narrow = c.n.is_known() && c.n.value() <= 4 * row && c.n.value() % row == 0;
    if (!narrow || !is(c.b_n, 1)) {
        const Extent copies = is(c.b_batch, 0) ? Extent(1) : c.batch;
        scratch.push_back(input("packed", dtype, {copies * c.k * rounded_up(c.n, row)}));
        c.packed_b = puller.buffer(scratch.back(), Buffer::Access::read_write);
    }
    const auto bytes = static_cast<std::int64_t>(size_bytes(dtype));
    const bool few = c.m.is_known() && c.k.is_known() && c.m.value() * c.k.value() * bytes <= 16384;
    const bool lies_well = is(c.a_k, 1) && c.a_m.is_known() && c.a_m.value() * bytes % 4096 != 0;
    if (few || lies_well) return;
    const Extent copies = is(c.a_batch, 0) ? Extent(1) : c.batch;
    scratch.push_back(input("packed", dtype, {copies * c.k * rounded_up(c.m, contract_most_rows)}));
    c.packed_a = puller.buffer(scratch.back(), Buffer::Access::read_write);
}

ContractNest extents_of(const Cluster& cluster, Puller& puller)
{
    const Root& root = cluster.roots[0];
    const Apply apply = root.value.owner();
    const auto& p = apply.params_as<ContractParams>();
    const Variable& a = apply.input(0);
    const Variable& b = apply.input(1);
    LoopNest scratch;
    Puller probe(scratch);
    const Layout la = layout_of(a, root, probe, scratch);
    const Layout lb = layout_of(b, root, probe, scratch);
    const std::size_t batch = p.a_batch.size();
    const std::size_t k = p.a_sum.size();
    const std::size_t m = static_cast<std::size_t>(a.rank()) - batch - k;
    const Shape as = a.shape();
    const Shape bs = b.shape();
    ContractNest c;
    c.a = puller.buffer(la.base, Buffer::Access::read);
    c.b = puller.buffer(lb.base, Buffer::Access::read);
    const Shape grouped = contract_shape(apply);
    c.batch = grouped[0];
    c.m = grouped[1];
    c.n = grouped[2];
    c.k = count(as, batch + m, as.size());
    c.a_batch = group_stride(la.strides, 0, batch, as);
    c.a_m = group_stride(la.strides, batch, batch + m, as);
    c.a_k = group_stride(la.strides, batch + m, as.size(), as);
    c.b_batch = group_stride(lb.strides, 0, batch, bs);
    c.b_k = group_stride(lb.strides, batch, batch + k, bs);
    c.b_n = group_stride(lb.strides, batch + k, bs.size(), bs);
    return c;
}

/// Why a library cannot read an operand of rows x columns; empty: it can.
std::string why_not_readable(const ContractNest& c,
                             const LoopNest& nest,
                             BufferId operand,
                             const std::array<Extent, 2>& extents,
                             const std::array<Extent, 2>& strides)
{
    // It reads matrices whose rows, or else columns, lie in one piece each.
    const bool rows = is(strides[1], 1) || is(extents[1], 1);
    const bool columns = is(strides[0], 1) || is(extents[0], 1);
    const auto name = [&] {
        const std::string_view given = nest.buffers[static_cast<std::size_t>(operand)].value.name();
        return given.empty() ? fmt::format("operand {} of the product", operand == c.a ? 0 : 1)
                             : fmt::format("'{}'", given);
    };
    if (!rows && !columns)
        return fmt::format("{} has a stride along its rows and its columns", name());
    const Extent apart = rows ? strides[0] : strides[1];
    const Extent length = rows ? extents[1] : extents[0];
    if (is(rows ? extents[0] : extents[1], 1) || never_negative(apart - length)) return {};
    return fmt::format("the rows of {} are {} elements apart and {} long", name(), to_string(apart),
                       to_string(length));
}

/// The first output of the epilogue that can hold the sums before it holds its own values.
const Root* carrier_of(const Cluster& cluster)
{
    for (std::size_t i = 1; i < cluster.roots.size(); ++i)
        if (cluster.roots[i].stored &&
            cluster.roots[i].value.dtype() == cluster.roots[0].value.dtype())
            return &cluster.roots[i];
    return nullptr;
}

/// Whether the sums of a column of blocks are complete after one visit, so that they need no memory
/// beyond the part's own.
bool can_keep_sums(const ContractNest& c, DType dtype)
{
    return c.kind == ContractKind::blocks && !c.turned && c.k.is_known() &&
           c.k.value() * static_cast<std::int64_t>(size_bytes(dtype)) <= depth_bytes &&
           computed_dtype(dtype) == dtype;
}

/// What follows from the sums, element by element, as the nest's body.
void write_epilogue(const Cluster& cluster, const Variable& sums, bool keeps_sums, Puller& puller)
{
    const Variable& product = cluster.roots[0].value;
    const At at = contract_at(product.owner());
    for (std::size_t i = 1; i < cluster.roots.size(); ++i)
        for (const Variable& v : cluster.roots[i].reads)
            if (std::ranges::none_of(cluster.roots,
                                     [&](const Root& r) { return same(r.value, v); }))
                puller.in_memory(v);
    Loop rows{loop_symbol(1), "i", at.shape[1]};
    rows.first = "i0", rows.end = "i1";
    puller.open(std::move(rows));
    Loop columns{loop_symbol(2), "j", at.shape[2], LoopKind::lanes};
    columns.first = "j0", columns.end = "j1";
    puller.open(std::move(columns));
    if (keeps_sums) {
        puller.known(product, at,
                     puller.add({computed_dtype(product.dtype()), ProductSum{}, puller.depth(), 0,
                                 product}));
    } else {
        // Loaded once, before the epilogue stores over it, in whatever shape it is read.
        puller.reload_from(product, sums);
        puller.known(product, at, puller.pull(product, at));
    }
    for (std::size_t i = 1; i < cluster.roots.size(); ++i) {
        const Variable& v = cluster.roots[i].value;
        if (cluster.roots[i].stored) puller.store(v, at, puller.pull(v, at));
    }
    puller.close();
    puller.close();
}

} // namespace

Shape contract_shape(const Apply& apply)
{
    const auto& p = apply.params_as<ContractParams>();
    const Shape a = apply.input(0).shape();
    const Shape b = apply.input(1).shape();
    const std::size_t batch = p.a_batch.size();
    const std::size_t sums = p.a_sum.size();
    return {count(a, 0, batch), count(a, batch, a.size() - sums), count(b, batch + sums, b.size())};
}

At contract_at(const Apply& apply)
{
    At at{{}, contract_shape(apply)};
    for (std::size_t i = 0; i < 3; ++i)
        at.index.push_back(is(at.shape[i], 1) ? Extent(0) : as_extent(loop_symbol(i)));
    return at;
}

std::string why_not_by_library(const Cluster& cluster)
{
    const DType dtype = cluster.roots[0].value.dtype();
    if (dtype != DType::f32 && dtype != DType::f64)
        return fmt::format("the product is of {}", croton::name(dtype));
    LoopNest nest;
    Puller puller(nest);
    const ContractNest c = extents_of(cluster, puller);
    ContractNest probe = c;
    switch (kind_of(probe, static_cast<int>(size_bytes(dtype)))) {
    case ContractKind::small:
        return "the product sums few terms";
    case ContractKind::dots:
    case ContractKind::row:
        return "an operand of the product is a vector";
    case ContractKind::blocks:
    case ContractKind::library:
        break;
    }
    const std::string why = why_not_readable(c, nest, c.a, {c.m, c.k}, {c.a_m, c.a_k});
    return why.empty() ? why_not_readable(c, nest, c.b, {c.k, c.n}, {c.b_k, c.b_n}) : why;
}

Lowered lower_contract(const Cluster& cluster)
{
    Lowered lowered;
    LoopNest nest;
    Puller puller(nest);
    ContractNest c = extents_of(cluster, puller);
    const Root& product = cluster.roots[0];
    const Root* carrier = product.stored ? &product : carrier_of(cluster);
    if (!carrier) throw internal_error("code generation", "the sums of a product have no place");
    c.out = puller.buffer(carrier->value, Buffer::Access::read_write);
    const DType dtype = product.value.dtype();
    c.kind = cluster.by_library ? ContractKind::library
                                : kind_of(c, static_cast<int>(size_bytes(dtype)));
    if (c.kind == ContractKind::blocks) add_packed(c, dtype, puller, lowered.scratch);
    c.keeps_sums = !product.stored && can_keep_sums(c, dtype);
    if (cluster.roots.size() > 1) write_epilogue(cluster, carrier->value, c.keeps_sums, puller);
    for (const Root& r : cluster.roots)
        nest.applies.push_back(r.value.owner());
    nest.contract.push_back(c);
    lowered.nests.push_back(std::move(nest));
    return lowered;
}

Variables order_contractions(std::span<const Variable> outputs)
{
    GraphCopy copy;
    for (const Apply& apply : applies_of(outputs)) {
        if (!std::holds_alternative<Contract>(apply.op().lowering)) continue;
        const auto& p = apply.params_as<ContractParams>();
        const auto join = [](std::initializer_list<std::vector<int>> groups) {
            std::vector<int> order;
            for (const auto& g : groups)
                order.insert(order.end(), g.begin(), g.end());
            return order;
        };
        const std::vector<int> a_order =
            join({p.a_batch, own_axes(apply.input(0), p.a_batch, p.a_sum), p.a_sum});
        const std::vector<int> b_order =
            join({p.b_batch, p.b_sum, own_axes(apply.input(1), p.b_batch, p.b_sum)});
        if (std::ranges::is_sorted(a_order) && std::ranges::is_sorted(b_order)) continue;
        const OriginScope origin(apply.location());
        const auto range = [](std::size_t first, std::size_t n) {
            std::vector<int> axes;
            for (std::size_t i = 0; i < n; ++i)
                axes.push_back(static_cast<int>(first + i));
            return axes;
        };
        ContractParams ordered;
        ordered.a_batch = ordered.b_batch = range(0, p.a_batch.size());
        ordered.a_sum = range(a_order.size() - p.a_sum.size(), p.a_sum.size());
        ordered.b_sum = range(p.b_batch.size(), p.b_sum.size());
        const Variable operands[] = {transpose(copy(apply.input(0)), a_order),
                                     transpose(copy(apply.input(1)), b_order)};
        const Type type = apply.output(0).type();
        copy.replace(apply.output(0), rebuild(apply.op(), operands, make_params(ordered),
                                              {&type, 1}, apply.location())[0]);
    }
    Variables ordered;
    for (const Variable& v : outputs)
        ordered.push_back(copy(v));
    return ordered;
}

} // namespace croton::inline v1::codegen
