#include <croton/ir/format.hpp>
#include <croton/ir/op.hpp>
#include <croton/ir/ops/custom.hpp>
#include <croton/passes/expand_composites.hpp>

#include "conform.hpp"

namespace croton::inline v1 {

namespace {

bool expand_once(Graph& graph, const Op* only)
{
    return graph.rewrite([&](const Apply& apply, Variables& out) {
        const auto* composite = std::get_if<Composite>(&apply.op().lowering);
        if (!composite || (only && &apply.op() != only)) return false;
        const OriginScope origin(apply.location());
        const Type type = apply.output().type();
        const Variable y = conform(composite->expand({apply.params().get(), apply.inputs()}), type,
                                   apply.location());
        if (y.is_empty())
            throw internal_error("expand composites", "{} is {}, its expression has another shape",
                                 apply.op().name, to_string(type));
        out = {y};
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

Changed ExpandComposites::run(Graph& graph, PassContext&) const { return expand(graph, nullptr); }
Changed ExpandCustom::run(Graph& graph, PassContext&) const { return expand(graph, &custom_op); }

} // namespace croton::inline v1
