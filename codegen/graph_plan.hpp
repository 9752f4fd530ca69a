#pragma once

#include <croton/codegen/clusters.hpp>
#include <croton/codegen/emit_cpp.hpp>
#include <croton/codegen/program.hpp>

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "memory.hpp"

namespace croton::inline v1::codegen {

struct GraphPlan;

struct PlannedKernel {
    LoopNest nest;
    EmittedKernel kernel;
};

/// Steps of a loop that are taken together: see step_tiles.hpp.
struct StepTiles {
    Extent rows;             ///< of the states
    Extent block;            ///< rows that a kernel computes before the next one does
    std::int64_t steps = 1;  ///< of a pass over them
    std::int64_t reach = 0;  ///< the next kernel's block lies so many rows in front
    std::int64_t levels = 1; ///< kernels of a step that do
};

/// What `run` does for one cluster: calls its kernels, loops over steps, or takes a branch.
struct PlannedStep {
    const Cluster* cluster = nullptr;
    std::vector<PlannedKernel> kernels;
    std::vector<Variable> scratch;       ///< arrays that one kernel hands to the next
    std::vector<GraphPlan> bodies;       ///< of a loop over steps: one; of branches
    std::size_t workspace = 0;           ///< lifetime of the bodies' own memory
    std::optional<StepTiles> tiles = {}; ///< of a loop over steps
    /// Of a loop that may stop early: what it collects of which nobody reads the other rows.
    std::vector<Variable> open = {};
};

/// An output that is computed in the workspace and copied to its place at the end.
struct LateOutput {
    std::size_t output = 0;
    Variable from;      ///< what lies in the workspace
    bool saved = false; ///< an input that is written over: copied to `from` before anything else
    Variable to;        ///< where strides are given: stands for the caller's memory
    std::string why;    ///< for explain()
    std::vector<PlannedKernel> kernels; ///< where strides are given: copies
};

/// A value that is there as it is: from one element of an input or a constant on, in its order.
struct ViewOfLeaf {
    Variable value, leaf;
    Extent first = 0; ///< number of the element
};

/// Steps that compute their rows in blocks, each of them a block before the next one is begun: see
/// row_blocks.hpp.
struct RowBlocks {
    std::size_t first = 0, end = 0; ///< steps: first <= s < end
    std::int64_t rows = 0;          ///< of the kernel that has most
    std::int64_t block = 0;         ///< rows
    std::vector<std::int64_t> halo; ///< of each step: rows that it computes on either side too
    /// Values that no other step reads: the rows of a block lie on the stack.
    struct Local {
        Variable value;
        std::size_t step = 0;   ///< that writes it, from `first` on
        std::int64_t bytes = 0; ///< of a row
    };
    std::vector<Local> local;
};

/// A graph scheduled and laid out: its steps in order, and where its intermediate values lie.
struct GraphPlan {
    Clusters clusters;
    std::vector<PlannedStep> steps;
    std::vector<RowBlocks> row_blocks; ///< in the order of their steps
    std::vector<Lifetime>
        lifetimes; ///< the last ones, of steps with a body, stand for that workspace
    MemoryPlan memory;
    std::vector<Variable> outputs;
    std::vector<ViewOfLeaf> views; ///< which no step computes
    /// Values that lie in the memory of another one, which is an input, an output or has a place
    /// in the workspace, in the order in which they are written.
    std::vector<std::pair<Variable, Variable>> shares;
    std::vector<LateOutput> late;
    /// Outputs that could have lain where an input lies, and why they do not, for explain().
    std::vector<std::pair<std::size_t, std::string>> apart;
};

/// The blocks of rows that a step computes with others; null: none.
const RowBlocks* blocks_with(const GraphPlan& plan, std::size_t step);

/// What a plan may do with memory that is not the workspace's; without: nothing.
struct OuterMemory {
    std::span<const Variable> inputs;
    std::span<const ArgumentPlace> outputs; ///< one per output
    bool stores_are_checked = false; ///< after each kernel: any store may be followed by a failure
};

struct PlanOptions {
    OuterMemory outer = {};
    bool gaps = false;             ///< around each value of the workspace
    bool library_products = false; ///< see make_clusters
    bool packs_once = false;       ///< operands that no step of a loop changes
    /// Of the body of a loop: its inputs that are the same in all steps.
    std::optional<std::span<const Variable>> unchanged = {};
    bool takes_rows = false; ///< kernels may run on some rows each, one after another
    bool in_parts = false;   ///< each run of rows by a kernel of its own, which takes a range
};

/// `next_kernel` numbers kernels through all graphs of a program.
GraphPlan
plan_graph(std::span<const Variable> outputs, const PlanOptions& options, int& next_kernel);

/// Where a state of a loop lies while the loop runs.
struct StateMemory {
    /// The state whose value before a step is this one's after it, so that no element moves; -1:
    /// the step computes it.
    int follows = -1;
    /// That take turns, as many as values are needed at once; 0 where it follows another state or
    /// its history is kept, which has a place for each step.
    int buffers = 0;
    Extent bytes = 0; ///< of all of them
};
std::vector<StateMemory> state_memory(const Apply& scan);

} // namespace croton::inline v1::codegen
