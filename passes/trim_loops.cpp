#include <croton/ir/ops/control.hpp>
#include <croton/passes/trim_loops.hpp>

#include <algorithm>
#include <ranges>

namespace croton::inline v1 {

namespace {

/// Users first: what a trimmed loop no longer reads is not an output that the loop before it must
/// keep.
class Trimming {
public:
    explicit Trimming(Graph& graph) : graph_(graph) {}

    void stage()
    {
        for (const Variable& v : graph_.outputs())
            need(v);
        for (const Apply& a : std::views::reverse(graph_.order()))
            visit(a);
    }

private:
    void need(const Variable& v) { needed_.insert(v.value()); }
    void need_all(std::span<const Variable> all)
    {
        for (const Variable& v : all)
            need(v);
    }

    void visit(const Apply& a)
    {
        std::vector<bool> used;
        for (std::size_t i = 0; i < a.output_count(); ++i)
            used.push_back(needed_.contains(a.output(i).value()));
        if (std::ranges::find(used, true) == used.end()) return;
        if (!has_body(a.op().lowering)) return need_all(a.inputs());
        const Variables trimmed = std::holds_alternative<Scan>(a.op().lowering)
                                      ? trim_scan(a, used)
                                      : trim_switch(a, used);
        for (std::size_t i = 0; i < used.size(); ++i) {
            if (!used[i]) continue;
            const Apply by = trimmed[i].owner();
            const bool is_loop = by && (by.node() == a.node() || !graph_.contains(by));
            if (is_loop)
                need_all(by.inputs());
            else
                need(trimmed[i]); // what a state begins as and stays
            if (!same(trimmed[i], a.output(i)))
                graph_.replace(a.output(i), trimmed[i], TrimLoops::name);
        }
    }

    Graph& graph_;
    detail::PointerSet<detail::Value> needed_;
};

} // namespace

Changed TrimLoops::run(Graph& graph, PassContext&) const
{
    const bool any = std::ranges::any_of(graph.order(),
                                         [](const Apply& a) { return has_body(a.op().lowering); });
    if (any) Trimming(graph).stage();
    return changed_if(any && graph.commit());
}

} // namespace croton::inline v1
