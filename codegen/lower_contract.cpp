#include "lower_contract.hpp"

#include <croton/codegen/lower.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "cluster_index.hpp"
#include "contract_sizes.hpp"
#include "known_extent.hpp"
#include "product_operands.hpp"
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
        if (!is_known_as(shape[i], 1)) return strides[i];
    return 0;
}

/// Where the elements of an operand lie; at index 0 of all axes the offset is 0.
struct Layout {
    Variable base;
    std::vector<Extent> strides;
};

bool is_read(const Root& root, const Variable& v)
{
    return std::ranges::any_of(root.reads, [&](const Variable& r) { return same(r, v); });
}

/// None where a prologue computes the operand.
std::optional<Layout>
layout_of(std::size_t operand, const Root& root, Puller& puller, LoopNest& nest)
{
    const Apply product = root.value.owner();
    const Variable& v = product.input(operand);
    const Kept kept = [&](const Variable& x) { return !x.owner() || is_read(root, x); };
    if (operand_in_memory(product, operand, kept).is_empty()) return std::nullopt;
    for (const Variable& r : root.reads)
        puller.in_memory(r);
    At at;
    at.shape = v.shape();
    for (std::size_t i = 0; i < at.shape.size(); ++i)
        at.index.push_back(as_extent(loop_symbol(i)));
    const ScalarId id = puller.pull(v, at);
    const auto* load = std::get_if<Load>(&nest.scalars[static_cast<std::size_t>(id)].expression);
    if (!load) throw internal_error("code generation", "an operand of a product is not in memory");
    return Layout{nest.buffers[static_cast<std::size_t>(load->buffer)].value,
                  strides_of(load->at, at.shape.size())};
}

Extent rounded_up(const Extent& n, std::int64_t to)
{
    return floor_div(n + Extent(to - 1), Extent(to)) * Extent(to);
}

/// Sums of few known extents: at most eight registers of 32 bytes for a row.
bool is_small_product(const Extent& m, const Extent& n, const Extent& k, std::size_t bytes)
{
    return m.is_known() && n.is_known() && k.is_known() &&
           m.value() * n.value() * k.value() <= 4096 &&
           n.value() * static_cast<std::int64_t>(bytes) <= 256;
}

/// A column of sums is a row of the transposed product.
void turn_column(ContractNest& c)
{
    if (!is_known_as(c.n, 1) || is_known_as(c.a_k, 1) || !is_known_as(c.a_m, 1)) return;
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

ContractKind kind_of(ContractNest& c, DType dtype)
{
    const bool along_terms = is_known_as(c.a_k, 1) && is_known_as(c.b_k, 1);
    const bool vector = is_known_as(c.m, 1) || is_known_as(c.n, 1);
    const bool fills_lanes = c.k.is_known() && c.k.value() >= lane_count(dtype);
    if (is_small_product(c.m, c.n, c.k, size_bytes(dtype)) &&
        !(along_terms && vector && fills_lanes))
        return ContractKind::small;
    turn_column(c);
    if (!vector) return ContractKind::blocks;
    if (along_terms) return ContractKind::dots;
    return is_known_as(c.m, 1) && is_known_as(c.b_n, 1) ? ContractKind::row : ContractKind::blocks;
}

/// Arrays for packed operands, unless they are read where they lie whatever the CPU.
void add_packed(ContractNest& c, DType dtype, Puller& puller, std::vector<Variable>& scratch)
{
    const std::int64_t row = contract_row_bytes / static_cast<std::int64_t>(size_bytes(dtype));
    const bool narrow = c.n.is_known() && c.n.value() <= 4 * row && c.n.value() % row == 0;
    if (c.b < 0 || !narrow || !is_known_as(c.b_n, 1)) {
        const Extent copies = copies_of(c.batch, c.b_batch);
        scratch.push_back(input("packed", dtype, {copies * c.k * rounded_up(c.n, row)}));
        c.packed_b = puller.buffer(scratch.back(), Buffer::Access::read_write);
    }
    const auto bytes = static_cast<std::int64_t>(size_bytes(dtype));
    const bool few = c.m.is_known() && c.k.is_known() && c.m.value() * c.k.value() * bytes <= 16384;
    const bool lies_well =
        is_known_as(c.a_k, 1) && c.a_m.is_known() && c.a_m.value() * bytes % 4096 != 0;
    if (c.a < 0 || few || lies_well) return;
    const Extent copies = copies_of(c.batch, c.a_batch);
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
    const std::optional<Layout> la = layout_of(0, root, probe, scratch);
    const std::optional<Layout> lb = layout_of(1, root, probe, scratch);
    const std::size_t batch = p.a_batch.size();
    const std::size_t k = p.a_sum.size();
    const std::size_t m = static_cast<std::size_t>(a.rank()) - batch - k;
    const Shape as = a.shape();
    const Shape bs = b.shape();
    ContractNest c;
    const Shape grouped = contract_shape(apply);
    c.batch = grouped[0];
    c.m = grouped[1];
    c.n = grouped[2];
    c.k = contract_terms(apply);
    if (la) {
        c.a = puller.buffer(la->base, Buffer::Access::read);
        c.a_batch = group_stride(la->strides, 0, batch, as);
        c.a_m = group_stride(la->strides, batch, batch + m, as);
        c.a_k = group_stride(la->strides, batch + m, as.size(), as);
    } else
        c.a_batch = 1; // one for each index of the batch
    if (lb) {
        c.b = puller.buffer(lb->base, Buffer::Access::read);
        c.b_batch = group_stride(lb->strides, 0, batch, bs);
        c.b_k = group_stride(lb->strides, batch, batch + k, bs);
        c.b_n = group_stride(lb->strides, batch + k, bs.size(), bs);
    } else
        c.b_batch = 1;
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
    const bool rows = is_known_as(strides[1], 1) || is_known_as(extents[1], 1);
    const bool columns = is_known_as(strides[0], 1) || is_known_as(extents[0], 1);
    const auto name = [&] {
        const std::string_view given = nest.buffers[static_cast<std::size_t>(operand)].value.name();
        return given.empty() ? fmt::format("operand {} of the product", operand == c.a ? 0 : 1)
                             : fmt::format("'{}'", given);
    };
    if (!rows && !columns)
        return fmt::format("{} has a stride along its rows and its columns", name());
    const Extent apart = rows ? strides[0] : strides[1];
    const Extent length = rows ? extents[1] : extents[0];
    if (is_known_as(rows ? extents[0] : extents[1], 1) || never_negative(apart - length)) return {};
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

/// How many loads find the next element along an index beside the one before.
std::ptrdiff_t loads_along(const LoopNest& nest, const detail::Atom* index)
{
    return std::ranges::count_if(nest.scalars, [&](const Scalar& s) {
        const auto* load = std::get_if<Load>(&s.expression);
        return load && is_known_as(substitute(load->at, {{index, Extent(1)}}) -
                                       substitute(load->at, {{index, Extent(0)}}),
                                   1);
    });
}

Prologue prologue_of(const Root& root, std::size_t operand, LoopNest& nest)
{
    const Apply product = root.value.owner();
    const Variable& v = product.input(operand);
    const At at = strip_at(product, operand);
    const auto pull = [&](Puller& puller) {
        for (const Variable& r : root.reads)
            puller.in_memory(r);
        return puller.pull(v, at);
    };
    const detail::Atom* const term = loop_symbol(3);
    const detail::Atom* const other = loop_symbol(operand == 0 ? 1 : 2);
    LoopNest scratch;
    Puller probe(scratch);
    pull(probe);
    const std::ptrdiff_t terms = loads_along(scratch, term);
    const std::ptrdiff_t others = loads_along(scratch, other);
    Prologue prologue;
    prologue.along_terms = terms > others || (terms == others && operand == 0);

    Loop over_terms{term, "p", at.shape[operand == 0 ? 2 : 1]};
    over_terms.end = "terms";
    Loop over_others{other, operand == 0 ? "i" : "j", at.shape[operand == 0 ? 1 : 2]};
    over_others.end = operand == 0 ? "rows" : "columns";
    Loop& inner = prologue.along_terms ? over_terms : over_others;
    inner.kind = LoopKind::lanes;
    const int bytes = static_cast<int>(size_bytes(v.dtype()));
    const int rows_or_columns = operand == 0 ? strip_rows : strip_column_bytes / bytes;
    const int strip_terms = operand == 0 ? depth_bytes / bytes : pack_terms;
    const Extent width = prologue.along_terms ? strip_terms : rows_or_columns;
    const Extent place = as_extent(prologue.along_terms ? other : term) * width +
                         as_extent(prologue.along_terms ? term : other);
    Puller puller(nest);
    puller.open(prologue.along_terms ? over_others : over_terms);
    puller.open(std::move(inner));
    puller.store_packed(v, place, pull(puller));
    puller.close();
    puller.close();
    prologue.body = std::exchange(nest.body, Block());
    return prologue;
}

/// What follows from the sums, element by element, as the nest's body.
void write_epilogue(const Cluster& cluster, const Variable& sums, bool keeps_sums, LoopNest& nest)
{
    Puller puller(nest);
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

Extent contract_terms(const Apply& apply)
{
    const Shape a = apply.input(0).shape();
    return count(a, a.size() - apply.params_as<ContractParams>().a_sum.size(), a.size());
}

bool has_blocks(const Apply& apply)
{
    const Shape s = contract_shape(apply);
    return !is_known_as(s[1], 1) && !is_known_as(s[2], 1) &&
           !is_small_product(s[1], s[2], contract_terms(apply),
                             size_bytes(apply.output(0).dtype()));
}

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
        at.index.push_back(is_known_as(at.shape[i], 1) ? Extent(0) : as_extent(loop_symbol(i)));
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
    switch (kind_of(probe, dtype)) {
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
    c.kind = cluster.by_library ? ContractKind::library : kind_of(c, dtype);
    if (c.kind == ContractKind::blocks) add_packed(c, dtype, puller, lowered.scratch);
    if (c.a < 0) c.prologue_a = prologue_of(product, 0, nest);
    if (c.b < 0) c.prologue_b = prologue_of(product, 1, nest);
    c.keeps_sums = !product.stored && can_keep_sums(c, dtype);
    if (cluster.roots.size() > 1) write_epilogue(cluster, carrier->value, c.keeps_sums, nest);
    for (const Root& r : cluster.roots)
        nest.applies.push_back(r.value.owner());
    nest.contract.push_back(c);
    lowered.nests.push_back(std::move(nest));
    return lowered;
}

Variables order_contractions(std::span<const Variable> outputs)
{
    GraphCopy copy;
    bool moves = false;
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
        moves = true;
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
    if (!moves) return {outputs.begin(), outputs.end()};
    Variables ordered;
    for (const Variable& v : outputs)
        ordered.push_back(copy(v));
    return ordered;
}

} // namespace croton::inline v1::codegen
