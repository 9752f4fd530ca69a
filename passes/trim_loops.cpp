#include <croton/ir/ops/control.hpp>
#include <croton/passes/trim_loops.hpp>

namespace croton::inline v1 {

Changed TrimLoops::run(Graph& graph, PassContext&) const
{
    std::vector<Apply> loops;
    for (const Apply& a : graph.order())
        if (has_body(a.op().lowering)) loops.push_back(a);
    // Users first: what a loop no longer reads is not an output that the loop before it must keep.
    bool any = false;
    for (auto loop = loops.rbegin(); loop != loops.rend(); ++loop) {
        if (!graph.contains(*loop)) continue; // nothing reads it any more
        std::vector<bool> used;
        for (const Variable& y : loop->outputs())
            used.push_back(graph.use_count(y) > 0);
        const Variables trimmed = std::holds_alternative<Scan>(loop->op().lowering)
                                      ? trim_scan(*loop, used)
                                      : trim_switch(*loop, used);
        bool changed = false;
        for (std::size_t i = 0; i < used.size(); ++i) {
            if (!used[i] || same(trimmed[i], loop->output(i))) continue;
            graph.replace(loop->output(i), trimmed[i], name);
            changed = true;
        }
        any |= changed && graph.commit();
    }
    return changed_if(any);
}

} // namespace croton::inline v1
