#include <croton/ir/format.hpp>
#include <croton/ir/op.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/custom.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/passes/expand_composites.hpp>

#include <algorithm>

#include "conform.hpp"

namespace croton::inline v1 {

namespace {

bool expand_once(Graph& graph, const Op* only)
{
    return graph.rewrite([&](const Apply& apply, Variables& out) {
        const auto* composite = std::get_if<Composite>(&apply.op().lowering);
        if (!composite || (only && &apply.op() != only)) return false;
        const OriginScope origin(apply.location());
        const Variables values = composite->values({apply.params().get(), apply.inputs()});
        for (std::size_t i = 0; i < values.size(); ++i) {
            const Type type = apply.output(i).type();
            out.push_back(conform(values[i], type, apply.location()));
            if (out.back().is_empty())
                throw internal_error("expand composites",
                                     "{} is {}, its expression has another shape", apply.op().name,
                                     to_string(type));
        }
        return true;
    });
}

} // namespace

namespace {

Changed expand(Graph& graph, const Op* only)
{
    bool changed = false;
    while (expand_once(graph, only))
        changed = true; // composites may be made of composites
    return changed_if(changed);
}

} // namespace

namespace {

bool has_elements_alone(const Region& region)
{
    return std::ranges::all_of(applies_of(region.outputs()), [](const Apply& a) {
        const Lowering& l = a.op().lowering;
        return std::holds_alternative<Pointwise>(l) || std::holds_alternative<IndexMap>(l) ||
               std::holds_alternative<Iota>(l);
    });
}

bool write_out_elements(const Apply& apply, Variables& out)
{
    if (&apply.op() != &recompute_op) return false;
    if (!has_elements_alone(regions_of(apply)[0])) return false;
    const Variables values = written_out(apply);
    for (std::size_t i = 0; i < values.size(); ++i)
        out.push_back(conform(values[i], apply.output(i).type(), apply.location()));
    return true;
}

} // namespace

Changed ExpandRecomputed::run(Graph& graph, PassContext&) const
{
    return changed_if(graph.rewrite([](const Apply& loop, Variables& out) {
        if (!std::holds_alternative<Scan>(loop.op().lowering)) return false;
        const Region body = regions_of(loop)[0];
        Graph steps({body.inputs().begin(), body.inputs().end()},
                    {body.outputs().begin(), body.outputs().end()});
        if (!steps.rewrite(write_out_elements)) return false;
        const Region now(steps.inputs(), steps.outputs());
        out = with_regions(loop, std::span(&now, 1));
        return true;
    }));
}

Changed ExpandComposites::run(Graph& graph, PassContext&) const { return expand(graph, nullptr); }
Changed ExpandCustom::run(Graph& graph, PassContext&) const { return expand(graph, &custom_op); }

} // namespace croton::inline v1
