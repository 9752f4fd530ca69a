#include "graph_plan.hpp"

#include <croton/codegen/lower.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/params.hpp>

#include <algorithm>

#include "kernel_info.hpp"
#include "names.hpp"
#include "number_table.hpp"
#include "puller.hpp"
#include "share_memory.hpp"

namespace croton::inline v1::codegen {

namespace {

Extent bytes_of(const Variable& v)
{
    return element_count(v.shape()) * Extent(size_bytes(v.dtype()));
}

std::string kernel_name(std::size_t stem, int& next)
{
    return fmt::format("{}_{}", kernel_stems[stem], next++);
}

void add_gaps(GraphPlan& plan)
{
    for (Lifetime& l : plan.lifetimes)
        l.bytes = aligned(l.bytes) + Extent(2 * gap_bytes);
}

/// A loop's own workspace: its body's, and the buffers of its states.
void add_loop_workspaces(GraphPlan& plan)
{
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

/// Stores a row-major array where the strides say.
LoopNest strided_copy(const LateOutput& late, const std::vector<Extent>& strides)
{
    LoopNest nest;
    Puller puller(nest);
    puller.in_memory(late.from);
    const Shape shape = late.from.shape();
    At at{{}, shape};
    Extent to = 0;
    for (std::size_t a = 0; a < shape.size(); ++a) {
        Loop loop{loop_symbol(a), loop_name(a), shape[a]};
        loop.kind = a + 1 == shape.size() ? LoopKind::lanes : LoopKind::serial;
        loop.parallel = a == 0;
        puller.open(std::move(loop));
        at.index.push_back(as_extent(loop_symbol(a)));
        to = to + as_extent(loop_symbol(a)) * strides[a];
    }
    puller.store(late.to, {{to}, {element_count(shape)}}, puller.pull(late.from, at));
    while (puller.depth() > 0)
        puller.close();
    return nest;
}

void add_strided_copies(GraphPlan& plan, const OuterMemory& outer, int& next_kernel)
{
    for (LateOutput& late : plan.late) {
        const std::vector<Extent>& strides = outer.outputs[late.output].strides;
        if (strides.empty()) continue;
        late.to = input(late.from.name(), late.from.dtype(), late.from.shape());
        late.kernels.push_back({strided_copy(late, strides), {}});
        late.kernels[0].kernel =
            emit_cpp(late.kernels[0].nest, kernel_name(kernel_stems.size() - 1, next_kernel));
    }
}

} // namespace

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

GraphPlan
plan_graph(std::span<const Variable> outputs, const PlanOptions& options, int& next_kernel)
{
    GraphPlan plan;
    plan.outputs.assign(outputs.begin(), outputs.end());
    plan.clusters = make_clusters(outputs, options.library_products);
    for (const Cluster& c : plan.clusters.list) {
        PlannedStep step;
        step.cluster = &c;
        if (c.kind == ClusterKind::scan) {
            const Region& body = c.roots[0].value.owner().params_as<ScanParams>().body;
            const Variables outputs_of = order_contractions(split_reductions(body.outputs()));
            step.body = std::make_unique<GraphPlan>(
                plan_graph(outputs_of, {{}, options.gaps, options.library_products}, next_kernel));
        } else {
            Lowered lowered = lower(c);
            step.scratch = std::move(lowered.scratch);
            for (LoopNest& nest : lowered.nests) {
                step.kernels.push_back({std::move(nest), {}});
                step.kernels.back().kernel.name =
                    kernel_name(static_cast<std::size_t>(c.kind), next_kernel);
            }
        }
        plan.steps.push_back(std::move(step));
    }
    share_memory(plan, options.outer);
    for (PlannedStep& step : plan.steps)
        for (PlannedKernel& k : step.kernels) {
            k.nest.serial = is_for_one_thread(k.nest);
            take_numbers(k.nest);
            k.kernel = emit_cpp(k.nest, k.kernel.name);
        }
    add_strided_copies(plan, options.outer, next_kernel);
    if (options.gaps) add_gaps(plan);
    add_loop_workspaces(plan);
    plan.memory = plan_memory(plan.lifetimes);
    return plan;
}

} // namespace croton::inline v1::codegen
