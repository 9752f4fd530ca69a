#include "graph_plan.hpp"

#include <croton/codegen/lower.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/control.hpp>

#include <algorithm>
#include <map>

namespace croton::inline v1::codegen {

namespace {

Extent bytes_of(const Variable& v)
{
    return element_count(v.shape()) * Extent(size_bytes(v.dtype()));
}

std::string_view kernel_stem(const Cluster& cluster)
{
    switch (cluster.kind) {
    case ClusterKind::rows:
        return "fused";
    case ClusterKind::columns:
        return "columns";
    case ClusterKind::prefix:
        return "running";
    case ClusterKind::scatter:
        return "scatter";
    case ClusterKind::contract:
        return "matmul";
    case ClusterKind::scan:
        return "loop";
    }
    return "";
}

/// From the step that writes each value to the last that reads it.
void find_lifetimes(GraphPlan& plan)
{
    std::map<const detail::Value*, std::size_t> at; // looked up only
    for (std::size_t s = 0; s < plan.steps.size(); ++s) {
        for (const Root& r : plan.steps[s].cluster->roots) {
            const bool output = std::ranges::any_of(
                plan.outputs, [&](const Variable& v) { return same(v, r.value); });
            if (r.stored && !output) {
                at.emplace(r.value.value(), plan.lifetimes.size());
                plan.lifetimes.push_back({r.value, bytes_of(r.value), s, s});
            }
            for (const Variable& v : r.reads)
                if (const auto found = at.find(v.value()); found != at.end())
                    plan.lifetimes[found->second].last = s;
        }
    }
    for (std::size_t s = 0; s < plan.steps.size(); ++s)
        for (const Variable& v : plan.steps[s].scratch)
            plan.lifetimes.push_back({v, bytes_of(v), s, s});
    for (std::size_t s = 0; s < plan.steps.size(); ++s)
        if (plan.steps[s].body) {
            const Apply scan = plan.steps[s].cluster->roots[0].value.owner();
            Extent bytes = total_bytes(plan.steps[s].body->memory);
            for (const Extent& state : state_buffers(scan))
                bytes = bytes + Extent(2) * aligned(state);
            plan.steps[s].workspace = plan.lifetimes.size();
            plan.lifetimes.push_back({Variable(), bytes, s, s});
        }
}

} // namespace

Extent aligned(const Extent& bytes) { return floor_div(bytes + 63, 64) * 64; }

std::vector<Extent> state_buffers(const Apply& scan)
{
    const auto& p = scan.params_as<ScanParams>();
    std::vector<Extent> bytes;
    for (int k = 0; k < p.states; ++k) {
        const bool history = scan_output(p, static_cast<std::size_t>(p.states + k)) >= 0;
        bytes.push_back(history ? Extent(0)
                                : bytes_of(scan.input(static_cast<std::size_t>(p.sequences + k))));
    }
    return bytes;
}

Extent total_bytes(const MemoryPlan& memory)
{
    Extent total = 0;
    for (const Extent& bytes : memory.slot_bytes)
        total = total + aligned(bytes);
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
            const Region& body = c.roots[0].value.owner().params_as<ScanParams>().body;
            const Variables outputs_of = order_contractions(split_reductions(body.outputs()));
            step.body = std::make_unique<GraphPlan>(plan_graph(outputs_of, next_kernel));
        } else {
            Lowered lowered = lower(c);
            step.scratch = std::move(lowered.scratch);
            for (LoopNest& nest : lowered.nests) {
                const std::string name = fmt::format("{}_{}", kernel_stem(c), next_kernel++);
                step.kernels.push_back({std::move(nest), {}});
                step.kernels.back().kernel = emit_cpp(step.kernels.back().nest, name);
            }
        }
        plan.steps.push_back(std::move(step));
    }
    find_lifetimes(plan);
    plan.memory = plan_memory(plan.lifetimes);
    return plan;
}

} // namespace croton::inline v1::codegen
