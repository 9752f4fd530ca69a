#include "lower_steps.hpp"

#include <croton/codegen/cost.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "cluster_index.hpp"
#include "cluster_roots.hpp"
#include "expression.hpp"
#include "lower_blocked.hpp"
#include "steps_writer.hpp"

namespace croton::inline v1::codegen {

namespace {

constexpr std::int64_t most_states = 64; ///< elements of all of them

/// Of a thread's stack, which is 8 MiB on Linux. States and values that go from one loop to the
/// next come on top, 128 bytes each.
constexpr std::int64_t most_bytes_in_strips = std::int64_t{1} << 18;

/// Whether the cluster is one kernel, whatever it stores. Of indices that are read nothing is
/// known.
bool is_one_kernel(Cluster cluster)
{
    for (Root& r : cluster.roots)
        r.stored = false;
    LoopNest scratch;
    Steps steps(cluster, scratch);
    read_others(steps.puller(), cluster);
    steps.write();
    if (!steps.has_separate_members() || scratch.checks_index) return false;
    const bool one_loop = std::ranges::all_of(cluster.roots, [&](const Root& r) {
        return r.value.owner().node() == cluster.roots[0].value.owner().node();
    });
    const auto statements = std::ranges::count_if(scratch.scalars, [](const Scalar& s) {
        return std::holds_alternative<Compute>(s.expression);
    });
    return one_loop || (statements <= most_statements_in_a_vector_loop &&
                        fast_forms_in_lanes(scratch) <= most_fast_forms);
}

} // namespace

/// The long axes of a loop's states, the same of all that have any, first to last: all elements
/// along them are states of loops of their own.
Shape members_of(const Apply& scan)
{
    const auto& p = scan.params_as<ScanParams>();
    for (int k = 0; k < p.states; ++k)
        if (Shape axes =
                long_axes(p.body.inputs()[static_cast<std::size_t>(p.sequences + k)].shape());
            !axes.empty())
            return axes;
    return {};
}

bool fits_a_kernel(const Apply& scan)
{
    const auto& p = scan.params_as<ScanParams>();
    if (p.until || p.limited || p.endless || p.states == 0) return false;
    if (p.steps.is_known() && p.steps.value() < 1) return false; // there is no slice to read
    const auto inside = p.body.inputs(), results = p.body.outputs();
    const auto sequences = static_cast<std::size_t>(p.sequences);
    const Shape members = members_of(scan);
    if (members.size() >= most_axes) return false;
    std::int64_t states = 0;
    for (std::size_t i = 0; i < sequences + static_cast<std::size_t>(p.states); ++i) {
        const Shape& shape = inside[i].shape();
        if (elements_beside(shape) > elements_in_registers) return false;
        const Shape axes = long_axes(shape);
        if (i < sequences) {
            if (members.empty() && !axes.empty()) return false;
            continue;
        }
        // Of a state without members each member has its own copy, and none writes it.
        if (!axes.empty() && !same(axes, members)) return false;
        states += elements_beside(shape);
    }
    if (states > most_states) return false;
    for (std::size_t k = 0; k < results.size(); ++k) {
        if (elements_beside(results[k].shape()) > elements_in_registers) return false;
        const bool is_state = k < static_cast<std::size_t>(p.states);
        const bool kept = (is_state && scan_output(p, k) >= 0) ||
                          scan_output(p, static_cast<std::size_t>(p.states) + k) >= 0;
        if (kept && !same(long_axes(results[k].shape()), members)) return false;
    }
    std::int64_t statements = 0;
    for (const Apply& a : applies_of(results)) {
        const Shape& shape = a.output(0).shape();
        if (!is_of_elements(a.op()) || elements_beside(shape) > elements_in_registers) return false;
        if (members.empty() && !long_axes(shape).empty()) return false;
        if (is_pointwise(a.op())) statements += elements_beside(shape);
        if (statements > most_scalar_statements) return false;
    }
    if (members.empty()) return true;
    Cluster alone{ClusterKind::steps, members, {}, {}, {}, 0};
    return may_join_steps(alone, scan, {scan.inputs().begin(), scan.inputs().end()});
}

bool may_join_steps(const Cluster& cluster, const Apply& apply, const Variables& reads)
{
    Cluster joined = cluster;
    for (const Variable& y : apply.outputs()) {
        joined.roots.push_back({});
        joined.roots.back().value = y;
        joined.roots.back().reduces = std::holds_alternative<Reduce>(apply.op().lowering);
        joined.roots.back().reads = reads;
    }
    return is_one_kernel(std::move(joined));
}

void keep_in_strips(Cluster& cluster)
{
    std::int64_t left = most_bytes_in_strips;
    for (Root& r : cluster.roots) {
        if (r.stored) continue;
        const Apply apply = r.value.owner();
        const auto* scan = std::get_if<Scan>(&apply.op().lowering);
        if (cluster.outer.empty()) {
            r.stored = true;
            continue;
        }
        const bool collected =
            scan && static_cast<int>(r.value.index()) >= last_count(apply.params_as<ScanParams>());
        if (!collected) continue;
        const Extent steps = apply.params_as<ScanParams>().steps;
        Shape each = r.value.shape();
        each.erase(each.begin());
        const std::int64_t width = strip_width(cluster);
        const std::int64_t row = std::max<std::int64_t>(1, elements_beside(each)) * width *
                                 static_cast<std::int64_t>(size_bytes(r.value.dtype()));
        if (!steps.is_known() || steps.value() > left / row)
            r.stored = true;
        else
            left -= steps.value() * row;
    }
}

namespace {

/// Bytes that a strip has of a value with the members along one axis; none if that is not known.
std::optional<std::int64_t>
bytes_in_strip(const Cluster& cluster, const Variable& v, const std::vector<bool>& along)
{
    std::int64_t bytes = strip_width(cluster) * static_cast<std::int64_t>(size_bytes(v.dtype()));
    for (std::size_t i = 0; i < along.size(); ++i) {
        if (along[i]) continue;
        const Extent e = v.shape()[i];
        if (!e.is_known() || e.value() > most_bytes_in_strips / bytes) return {};
        bytes *= std::max<std::int64_t>(1, e.value());
    }
    return bytes;
}

/// Whether it takes more work to compute `v` from `memory` than to store it.
bool is_dear(const Variable& v, const Variables& memory)
{
    if (!v.owner() || std::ranges::any_of(memory, [&](const Variable& m) { return same(m, v); }))
        return false;
    if (flops(v.owner().op(), v.dtype()) >= flops_worth_storing) return true;
    return std::ranges::any_of(v.owner().inputs(),
                               [&](const Variable& in) { return is_dear(in, memory); });
}

/// Sequences that are computed where they are read, by more than one loop.
Variables computed_again(const Cluster& cluster)
{
    Variables once, again;
    const auto has = [](const Variables& list, const Variable& v) {
        return std::ranges::any_of(list, [&](const Variable& x) { return same(x, v); });
    };
    Variables memory;
    for (const Root& r : cluster.roots) {
        memory.push_back(r.value);
        memory.insert(memory.end(), r.reads.begin(), r.reads.end());
    }
    const detail::Node* last = nullptr;
    for (const Root& r : cluster.roots) {
        const Apply a = r.value.owner();
        if (std::exchange(last, a.node()) == a.node()) continue;
        if (!std::holds_alternative<Scan>(a.op().lowering)) continue;
        const auto sequences = static_cast<std::size_t>(a.params_as<ScanParams>().sequences);
        for (std::size_t i = 0; i < sequences; ++i) {
            const Variable& v = a.input(i);
            const Shape shape = v.shape();
            if (has(again, v) || !is_dear(v, memory)) continue;
            if (!same(long_axes(Shape(shape.begin() + 1, shape.end())), cluster.outer)) continue;
            (has(once, v) ? again : once).push_back(v);
        }
    }
    return again;
}

/// Whether all that the cluster's loops read of a sequence is their own members'.
bool is_read_by_members(const Cluster& cluster, const Variable& sequence)
{
    LoopNest scratch;
    Steps steps(cluster, scratch);
    read_others(steps.puller(), cluster);
    steps.compute({sequence});
    steps.write();
    return std::ranges::none_of(steps.puller().accesses(),
                                [&](const auto& a) { return same(a.value, sequence); });
}

/// What each strip has in arrays of its own before its loops begin, as far as there is room.
void prepare(Steps& steps, const Cluster& cluster)
{
    if (cluster.outer.size() != 1) return;
    LoopNest scratch;
    Steps plain(cluster, scratch);
    read_others(plain.puller(), cluster);
    plain.write();
    std::int64_t left = most_bytes_in_strips;
    for (const StripArray& s : scratch.strip_arrays)
        left -= element_count(s.array.shape()).value() *
                static_cast<std::int64_t>(size_bytes(s.array.dtype()));
    const auto fits = [&](const Variable& v, const std::vector<bool>& along) {
        const auto bytes = bytes_in_strip(cluster, v, along);
        if (!bytes || *bytes > left) return false;
        left -= *bytes;
        return true;
    };
    Variables copies, sequences;
    for (const Variable& v : plain.read_across())
        if (fits(v, Steps::rows_along(v))) copies.push_back(v);
    for (const Variable& v : computed_again(cluster))
        if (is_read_by_members(cluster, v) && fits(v, Steps::along_members(v)))
            sequences.push_back(v);
    steps.copy(std::move(copies));
    steps.compute(std::move(sequences));
}

} // namespace

Lowered lower_steps(const Cluster& cluster)
{
    LoopNest nest;
    for (const Root& r : cluster.roots)
        if (const Apply a = r.value.owner();
            nest.applies.empty() || nest.applies.back().node() != a.node())
            nest.applies.push_back(a);
    Steps steps(cluster, nest);
    read_others(steps.puller(), cluster);
    prepare(steps, cluster);
    steps.write();
    if (steps.partials().empty()) return {{std::move(nest)}, {}};
    Cluster reduced{ClusterKind::rows, {}, {}, {}, {}, 0};
    std::ranges::copy_if(cluster.roots, std::back_inserter(reduced.roots),
                         [](const Root& r) { return r.reduces; });
    LoopNest combined = combine_partials(reduced, steps.partials(), steps.blocks());
    return {{std::move(nest), std::move(combined)}, steps.partials()};
}

} // namespace croton::inline v1::codegen
