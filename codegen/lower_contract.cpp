#include "lower_contract.hpp"

#include <croton/codegen/lower.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>

#include "cluster_index.hpp"
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

} // namespace

void write_contract(const Cluster& cluster, LoopNest& nest)
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
    Puller puller(nest);
    const std::size_t batch = p.a_batch.size();
    const std::size_t m = own_axes(a, p.a_batch, p.a_sum).size();
    const std::size_t k = p.a_sum.size();
    const Shape as = a.shape();
    const Shape bs = b.shape();
    const auto count = [](const Shape& s, std::size_t first, std::size_t last) {
        return element_count(Shape(s.begin() + static_cast<std::ptrdiff_t>(first),
                                   s.begin() + static_cast<std::ptrdiff_t>(last)));
    };
    ContractNest c{puller.buffer(la.base, Buffer::Access::read),
                   puller.buffer(lb.base, Buffer::Access::read),
                   puller.buffer(root.value, Buffer::Access::write)};
    c.batch = count(as, 0, batch);
    c.m = count(as, batch, batch + m);
    c.k = count(as, batch + m, as.size());
    c.n = count(bs, batch + k, bs.size());
    c.a_batch = group_stride(la.strides, 0, batch, as);
    c.a_m = group_stride(la.strides, batch, batch + m, as);
    c.a_k = group_stride(la.strides, batch + m, as.size(), as);
    c.b_batch = group_stride(lb.strides, 0, batch, bs);
    c.b_k = group_stride(lb.strides, batch, batch + k, bs);
    c.b_n = group_stride(lb.strides, batch + k, bs.size(), bs);
    nest.contract.push_back(c);
}

Variables order_contractions(std::span<const Variable> outputs)
{
    VariableMap by;
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
        const Variables x = copy_graph(apply.inputs(), by);
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
        const Variable operands[] = {transpose(x[0], a_order), transpose(x[1], b_order)};
        const Type type = apply.output(0).type();
        by.emplace(apply.output(0), rebuild(apply.op(), operands, make_params(ordered), {&type, 1},
                                            apply.location())[0]);
    }
    return by.empty() ? Variables(outputs.begin(), outputs.end()) : copy_graph(outputs, by);
}

} // namespace croton::inline v1::codegen
