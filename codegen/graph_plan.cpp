#include "graph_plan.hpp"

#include <croton/codegen/lower.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/graph.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/index.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>

#include "kernel_info.hpp"
#include "late_rows.hpp"
#include "names.hpp"
#include "number_table.hpp"
#include "packed_operands.hpp"
#include "puller.hpp"
#include "row_blocks.hpp"
#include "share_memory.hpp"
#include "step_tiles.hpp"

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

/// Of a loop, besides its body's: the buffers of its states, and whether to stop.
Extent loop_bytes(const Apply& scan)
{
    Extent bytes = scan.params_as<ScanParams>().until ? aligned(Extent(1)) : Extent(0);
    for (const StateMemory& state : state_memory(scan))
        bytes = bytes + state.bytes;
    return bytes;
}

/// The own workspace of a loop, or of branches, of which one runs.
void add_body_workspaces(GraphPlan& plan)
{
    for (std::size_t s = 0; s < plan.steps.size(); ++s) {
        PlannedStep& step = plan.steps[s];
        if (step.bodies.empty()) continue;
        Extent bytes = 0;
        for (const GraphPlan& body : step.bodies)
            bytes = maximum(bytes, total_bytes(body.memory));
        if (step.cluster->kind == ClusterKind::scan)
            bytes = bytes + loop_bytes(step.cluster->roots[0].value.owner());
        step.workspace = plan.lifetimes.size();
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

const RowBlocks* blocks_with(const GraphPlan& plan, std::size_t step)
{
    const auto at = std::ranges::upper_bound(plan.row_blocks, step, std::less<>(), &RowBlocks::end);
    return at != plan.row_blocks.end() && at->first <= step ? &*at : nullptr;
}

std::vector<StateMemory> state_memory(const Apply& scan)
{
    const auto& p = scan.params_as<ScanParams>();
    const auto states = static_cast<std::size_t>(p.states);
    const auto before = p.body.inputs().subspan(static_cast<std::size_t>(p.sequences), states);
    const auto has_history = [&](std::size_t k) { return scan_output(p, states + k) >= 0; };
    std::vector<StateMemory> all(states);
    for (std::size_t k = 0; k < states; ++k)
        for (std::size_t i = 0; i < states && !has_history(k); ++i)
            if (same(p.body.outputs()[k], before[i])) all[k].follows = static_cast<int>(i);
    // The longest way from a state that is computed to one that follows it, over others.
    std::vector<int> longest(states, 0);
    for (std::size_t k = 0; k < states; ++k) {
        int length = 0;
        std::size_t at = k;
        while (all[at].follows >= 0 && length <= p.states) { // more: they go round among themselves
            at = static_cast<std::size_t>(all[at].follows);
            ++length;
        }
        if (length <= p.states) longest[at] = std::max(longest[at], length);
    }
    for (std::size_t k = 0; k < states; ++k) {
        if (all[k].follows >= 0 || has_history(k)) continue;
        all[k].buffers = 2 + longest[k];
        all[k].bytes = Extent(all[k].buffers) *
                       aligned(bytes_of(scan.input(static_cast<std::size_t>(p.sequences) + k)));
    }
    return all;
}

namespace {

/// The body of a loop whose steps are taken together, if they are.
void plan_tiles(PlannedStep& step,
                std::span<const Variable> outputs,
                PlanOptions options,
                int& next_kernel)
{
    const Apply scan = step.cluster->roots[0].value.owner();
    const auto has_steps = [](const Apply& a) { return has_body(a.op().lowering); };
    if (!options.takes_rows || !may_be_tiled(scan) ||
        std::ranges::any_of(applies_of(outputs), has_steps))
        return;
    options.in_parts = true;
    const int first_kernel = next_kernel;
    GraphPlan body = plan_graph(outputs, options, next_kernel);
    const bool gaps = options.gaps && !body.lifetimes.empty(); // written between whole steps
    if (!gaps) step.tiles = tiles_of(scan, body);
    if (step.tiles)
        step.bodies.push_back(std::move(body));
    else
        next_kernel = first_kernel;
}

} // namespace

namespace {

/// Whether a slice is of neighbouring rows along axis 0, whole ones.
bool is_of_rows(const SliceParams& p, const Shape& shape)
{
    if (p.step[0] != 1) return false;
    for (std::size_t i = 1; i < shape.size(); ++i)
        if (p.step[i] != 1 || !same(p.start[i], 0) || !same(p.stop[i], shape[i])) return false;
    return true;
}

/// `value` as a part of a leaf that lies there as it is; no leaf: it is none.
ViewOfLeaf view_of(const Variable& value)
{
    ViewOfLeaf view{value, value, 0};
    while (const Apply a = view.leaf.owner()) {
        const auto* const map = std::get_if<IndexMap>(&a.op().lowering);
        if (!map) return {};
        const Shape shape = a.input(0).shape();
        if (&a.op() == &slice_op && !shape.empty() &&
            is_of_rows(a.params_as<SliceParams>(), shape)) {
            const Shape row(shape.begin() + 1, shape.end());
            view.first = view.first + a.params_as<SliceParams>().start[0] * element_count(row);
        } else if (!map->keeps_order)
            return {};
        view.leaf = a.input(0);
    }
    const Leaf kind = view.leaf.leaf();
    return kind == Leaf::input || kind == Leaf::constant ? view : ViewOfLeaf();
}

/// The inputs of a loop's body that are no elements of sequences and no states.
std::span<const Variable> unchanged_in(const Region& body, const Cluster& loop)
{
    const auto& p = loop.roots[0].value.owner().params_as<ScanParams>();
    return body.inputs().subspan(static_cast<std::size_t>(p.sequences + p.states));
}

/// Takes them from the clusters. What may be written over is copied, as before.
void find_views(GraphPlan& plan, const OuterMemory& outer)
{
    const auto is_output = [&](const Variable& v) {
        return std::ranges::any_of(plan.outputs, [&](const Variable& y) { return same(v, y); });
    };
    const auto is_written_over = [&](const Variable& leaf) {
        return std::ranges::any_of(outer.outputs, [&](const ArgumentPlace& y) {
            return y.input >= 0 && same(outer.inputs[static_cast<std::size_t>(y.input)], leaf);
        });
    };
    for (Cluster& c : plan.clusters.list)
        std::erase_if(c.roots, [&](const Root& r) {
            if (c.kind != ClusterKind::rows || !r.stored || r.reduces || is_output(r.value))
                return false;
            const ViewOfLeaf view = view_of(r.value);
            if (view.leaf.is_empty() || is_written_over(view.leaf)) return false;
            plan.views.push_back(view);
            return true;
        });
    std::erase_if(plan.clusters.list, [](const Cluster& c) { return c.roots.empty(); });
}

/// Of a loop that may stop early: what it collects for loops alone that read the rows of its steps.
Variables read_where_written(const GraphPlan& plan, const Cluster& loop)
{
    const Apply scan = loop.roots[0].value.owner();
    const auto& p = scan.params_as<ScanParams>();
    Variables found;
    if (!p.until && !p.limited) return found;
    const auto is_read_so = [&](const Variable& v) {
        const auto is_v = [&](const Variable& w) { return same(v, w); };
        if (std::ranges::any_of(plan.outputs, is_v)) return false;
        return std::ranges::all_of(plan.clusters.list, [&](const Cluster& c) {
            return std::ranges::all_of(c.roots, [&](const Root& r) {
                return std::ranges::none_of(r.reads, is_v) ||
                       (c.kind == ClusterKind::scan && reads_what_ran(r.value.owner(), scan, v));
            });
        });
    };
    for (const Root& r : loop.roots)
        if (is_read_so(r.value)) found.push_back(r.value);
    return found;
}

} // namespace

GraphPlan
plan_graph(std::span<const Variable> outputs, const PlanOptions& options, int& next_kernel)
{
    GraphPlan plan;
    plan.outputs.assign(outputs.begin(), outputs.end());
    plan.clusters = make_clusters(outputs, options.library_products);
    if (!options.in_parts) find_views(plan, options.outer);
    const std::vector<Cluster>& clusters = plan.clusters.list;
    RowBlockFinder row_blocks(clusters, plan.outputs, options.outer);
    const bool in_blocks = options.takes_rows && !options.in_parts && !options.gaps;
    std::vector<Lowered> ready; // of clusters from plan.row_blocks.back().first on
    for (std::size_t k = 0; k < clusters.size(); ++k) {
        const Cluster& c = clusters[k];
        const bool is_free = plan.row_blocks.empty() || plan.row_blocks.back().end <= k;
        if (in_blocks && is_free)
            if (auto found = row_blocks.from(k)) {
                plan.row_blocks.push_back(std::move(found->blocks));
                ready = std::move(found->nests);
            }
        const bool is_ready = !plan.row_blocks.empty() && k < plan.row_blocks.back().end;
        PlannedStep step;
        step.cluster = &c;
        if (c.kind == ClusterKind::scan || c.kind == ClusterKind::branch) {
            for (const Region& body : regions_of(c.roots[0].value.owner())) {
                const Variables outputs_of = order_contractions(split_reductions(body.outputs()));
                PlanOptions inside = options;
                inside.outer = {};
                inside.unchanged.reset();
                if (c.kind == ClusterKind::scan) inside.unchanged = unchanged_in(body, c);
                if (c.kind == ClusterKind::scan) plan_tiles(step, outputs_of, inside, next_kernel);
                if (!step.tiles) step.bodies.push_back(plan_graph(outputs_of, inside, next_kernel));
            }
        } else {
            Lowered lowered = is_ready ? std::move(ready[k - plan.row_blocks.back().first])
                                       : lower(c, options.in_parts);
            step.scratch = std::move(lowered.scratch);
            for (LoopNest& nest : lowered.nests) {
                step.kernels.push_back({std::move(nest), {}});
                const auto kind = static_cast<std::size_t>(kind_of(step.kernels.back().nest, c));
                step.kernels.back().kernel.name = kernel_name(kind, next_kernel);
            }
        }
        if (c.kind == ClusterKind::scan) step.open = read_where_written(plan, c);
        plan.steps.push_back(std::move(step));
    }
    share_memory(plan, options.outer);
    if (options.packs_once && options.unchanged) pack_in_first_step(plan, *options.unchanged);
    for (std::size_t s = 0; s < plan.steps.size(); ++s)
        for (PlannedKernel& k : plan.steps[s].kernels) {
            const bool takes_rows = options.in_parts || blocks_with(plan, s);
            k.nest.serial = is_for_one_thread(k.nest) && !takes_rows;
            take_numbers(k.nest);
            k.kernel = emit_cpp(k.nest, k.kernel.name);
        }
    add_strided_copies(plan, options.outer, next_kernel);
    if (options.gaps) add_gaps(plan);
    add_body_workspaces(plan);
    plan.memory = plan_memory(plan.lifetimes);
    return plan;
}

} // namespace croton::inline v1::codegen
