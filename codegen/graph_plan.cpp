#include "graph_plan.hpp"

#include <algorithm>
#include <map>

#include <croton/codegen/lower.hpp>
#include <croton/ir/format.hpp>

namespace croton::inline v1::codegen {

namespace {

Extent bytes_of(const Variable& v)
{
    return element_count(v.shape()) * Extent(size_bytes(v.dtype()));
}

std::string_view kernel_stem(const Cluster& cluster)
{
    switch (cluster.kind) {
    case ClusterKind::rows: return "fused";
    case ClusterKind::columns: return "columns";
    case ClusterKind::prefix: return "running";
    case ClusterKind::scatter: return "scatter";
    case ClusterKind::contract: return "matmul";
    case ClusterKind::scan: return "loop";
    }
    return "";
}

/// From the step that writes each value to the last that reads it.
void find_lifetimes(GraphPlan& plan)
{
    std::map<const detail::Value*, std::size_t> at; // looked up only
    for (std::size_t s = 0; s < plan.steps.size(); ++s) {
        for (const Root& r : plan.steps[s].cluster->roots) {
            const bool output = std::ranges::any_of(plan.outputs, [&](const Variable& v) { return same(v, r.value); });
            if (r.stored && !output) {
                at.emplace(r.value.value(), plan.lifetimes.size());
                plan.lifetimes.push_back({r.value, bytes_of(r.value), s, s});
            }
            for (const Variable& v : r.reads)
                if (const auto found = at.find(v.value()); found != at.end()) plan.lifetimes[found->second].last = s;
        }
    }
    for (std::size_t s = 0; s < plan.steps.size(); ++s)
        if (plan.steps[s].body) plan.lifetimes.push_back({Variable(), total_bytes(plan.steps[s].body->memory), s, s});
}

} // namespace

Extent total_bytes(const MemoryPlan& memory)
{
    Extent total = 0;
    for (const Extent& bytes : memory.slot_bytes)
        total = total + floor_div(bytes + 63, 64) * 64;
    return total;
}

GraphPlan plan_graph(std::span<const Variable> outputs, int& next_kernel)
{
    GraphPlan plan;
    plan.outputs.assign(outputs.begin(), outputs.end());
    plan.clusters = make_clusters(outputs);
    for (const Cluster& c : plan.clusters.list) {
        PlannedStep step;
        step.cluster = &c;
        if (c.kind == ClusterKind::scan) {
            throw internal_error("code generation", "loops over steps are not scheduled yet");
        } else {
            step.nest = lower(c);
            step.kernel = emit_cpp(step.nest, fmt::format("{}_{}", kernel_stem(c), next_kernel++));
        }
        plan.steps.push_back(std::move(step));
    }
    find_lifetimes(plan);
    plan.memory = plan_memory(plan.lifetimes);
    return plan;
}

} // namespace croton::inline v1::codegen
