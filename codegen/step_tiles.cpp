#include "step_tiles.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/graph.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/params.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <span>

namespace croton::inline v1::codegen {

namespace {

/// Half of the smallest second-level cache of today's CPUs: rows of a block, of all its steps.
constexpr std::int64_t bytes_in_flight = std::int64_t{1} << 18;
/// With more of them, memory is no longer what a loop waits for.
constexpr std::int64_t most_tiled_steps = 16;

std::span<const Variable> states_of(const ScanParams& p)
{
    return p.body.inputs().subspan(static_cast<std::size_t>(p.sequences),
                                   static_cast<std::size_t>(p.states));
}

Extent bytes_of_row(const Variable& v)
{
    const Shape shape = v.shape();
    return element_count(Shape(shape.begin() + 1, shape.end())) * Extent(size_bytes(v.dtype()));
}

/// All rows by loops over them, or those of its part.
bool runs_over(const PlannedKernel& k, const Extent& rows)
{
    const LoopNest& nest = k.nest;
    if (nest.checks_index || !nest.partials.empty() || k.kernel.takes_runtime) return false;
    if (nest.part && !k.kernel.parallel) return same(nest.part->rows, Extent(1));
    return k.kernel.parallel && k.kernel.parallel_width == 1 &&
           same(k.kernel.parallel_extent, nest.part ? nest.part->count : rows); // one element each
}

} // namespace

bool may_be_tiled(const Apply& scan)
{
    const auto& p = scan.params_as<ScanParams>();
    if (p.states == 0 || p.until || p.limited || p.endless || same(p.steps, Extent(1)))
        return false;
    Extent bytes = 0;
    for (const Variable& state : states_of(p)) {
        if (state.rank() == 0) return false;
        bytes =
            bytes + Extent(2) * element_count(state.shape()) * Extent(size_bytes(state.dtype()));
    }
    if (bytes.is_known() && bytes.value() <= 2 * bytes_in_flight) return false;
    return std::ranges::all_of(state_memory(scan), [](const StateMemory& m) {
        return m.follows >= 0 || m.buffers > 0; // else its history is kept
    });
}

namespace {

/// The states, what a step computes and what it keeps: what another kernel may read before the loop
/// ends.
class WrittenInLoop {
public:
    WrittenInLoop(std::span<const Variable> states, const GraphPlan& body)
    {
        for (const Variable& v : states)
            all_.insert(v.value());
        for (const PlannedStep& step : body.steps)
            for (const Root& r : step.cluster->roots)
                if (r.stored) stored_.insert(r.value.value());
        all_.insert(stored_.begin(), stored_.end());
    }
    bool contains(const Variable& v) const { return all_.contains(v.value()); }
    bool is_stored(const Variable& v) const { return stored_.contains(v.value()); }

private:
    std::set<const detail::Value*> all_, stored_; // looked up only
};

/// Whether values that lie in one another's memory lie there row by row.
bool share_rows(const GraphPlan& body, const Extent& rows)
{
    return std::ranges::all_of(body.lifetimes, [&](const Lifetime& l) {
        return l.value.rank() > 0 && same(l.value.shape()[0], rows) &&
               same(bytes_of_row(l.value), bytes_of_row(body.lifetimes[0].value));
    });
}

/// Each once, and none of them another's copy, but for states that follow others.
bool are_computed(const Apply& scan,
                  std::span<const Variable> results,
                  const WrittenInLoop& written)
{
    const std::vector<StateMemory> states = state_memory(scan);
    for (std::size_t k = 0; k < results.size(); ++k) {
        if (k < states.size() && states[k].follows >= 0) continue;
        const auto is_same = [&](const Variable& other) { return same(results[k], other); };
        if (std::ranges::count_if(results, is_same) != 1 || !written.is_stored(results[k]))
            return false;
    }
    return true;
}

} // namespace

std::optional<StepTiles> tiles_of(const Apply& scan, const GraphPlan& body)
{
    const auto& p = scan.params_as<ScanParams>();
    const std::span<const Variable> states = states_of(p);
    const Shape shape = states[0].shape();
    StepTiles tiles{shape[0], 1, most_tiled_steps, 0, static_cast<std::int64_t>(body.steps.size())};
    const WrittenInLoop written(states, body);
    if (!share_rows(body, tiles.rows) || !are_computed(scan, body.outputs, written)) return {};
    std::map<const detail::Value*, Extent> bytes; // of a row
    for (const PlannedStep& step : body.steps) {
        if (step.cluster->kind != ClusterKind::rows || !step.scratch.empty()) return {};
        for (const PlannedKernel& k : step.kernels) {
            if (!runs_over(k, tiles.rows)) return {};
            for (const Buffer& b : k.nest.buffers) {
                const bool has_rows = b.value.rank() > 0 && same(b.value.shape()[0], tiles.rows);
                if (has_rows) bytes.emplace(b.value.value(), bytes_of_row(b.value));
                if (!written.contains(b.value)) continue;
                const bool is_read = b.access != Buffer::Access::write;
                if (!has_rows || b.reach < 0) return {};
                if (is_read) tiles.reach = std::max(tiles.reach, b.reach);
            }
        }
    }
    Extent in_flight = 0;
    for (const auto& [value, of_row] : bytes)
        in_flight = in_flight + of_row;
    const std::int64_t rows_of_step = tiles.levels * tiles.reach;
    if (in_flight.is_known() && rows_of_step > 0)
        tiles.steps =
            std::min(tiles.steps, bytes_in_flight / in_flight.value() / (2 * rows_of_step));
    if (p.steps.is_known()) tiles.steps = std::min(tiles.steps, p.steps.value());
    if (tiles.steps < 2) return {};
    tiles.block = maximum(1, floor_div(bytes_in_flight, in_flight) - tiles.steps * rows_of_step);
    return tiles;
}

} // namespace croton::inline v1::codegen
