#pragma once

#include <croton/codegen/program.hpp>
#include <croton/ir/ops/params.hpp>

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "caller_parameters.hpp"
#include "graph_plan.hpp"
#include "names.hpp"
#include "streaming_text.hpp"
#include "writer.hpp"

namespace croton::inline v1::codegen {

/// Writes a program: the kernels, and `run` that calls them. One program each.
class ProgramWriter {
public:
    ProgramWriter(std::span<const Variable> inputs,
                  std::span<const Variable> outputs,
                  std::span<const Requirement> requirements,
                  const ProgramOptions& options);
    Program take();

private:
    std::string text(const Extent& e);
    std::string sums_text() const;

    // where values lie
    void add_partials(const LoopNest& nest);
    void pointer(Writer& w,
                 const Variable& v,
                 std::string_view stem,
                 const std::string& from,
                 bool written);
    bool replaces_input(const GraphPlan& plan, std::size_t output) const;
    int output_over(std::size_t i) const;
    void place_leaves(std::span<const Variable> outputs);
    void place_constants(std::span<const Variable> outputs);
    static std::set<const detail::Value*> taken_whole(std::span<const Apply> applies,
                                                      std::span<const Variable> outputs);
    void place_output(const GraphPlan& plan, std::size_t i);
    void place_workspace(const GraphPlan& plan);
    std::string in_workspace(const std::string& offset) const;
    void place_views(Writer& w, const GraphPlan& plan);
    void place_shared(const GraphPlan& plan);

    // steps
    void write_steps(const GraphPlan& plan, const Variables& outputs);
    void write_each_step(const GraphPlan& plan, std::size_t opened);
    void end_part();
    void end_long_part();

    // gaps: a value that is not yet written, or read for the last time, is no number
    static int pattern(const Variable& v) { return is_float(v.dtype()) ? 0xff : 0xcb; }
    void open_gaps(const GraphPlan& plan, std::size_t step);
    void close_gaps(const GraphPlan& plan, std::size_t step);

    // copies
    void copy_output(const GraphPlan& plan, const Variable& v, std::size_t i);
    void write_late(const LateOutput& late);
    void copy(const std::string& to, const std::string& from, const Variable& v);
    static Extent bytes_of(const Variable& v);

    // loops and branches: in program_loops.cpp
    std::string
    slice(const std::string& array, const std::string& t, const Variable& element) const;
    std::string row_of(const Apply& scan,
                       std::size_t sequence,
                       const std::string& t,
                       const Variable& element) const;
    struct LoopCount;
    struct StatePlaces {
        std::vector<std::string> current, next, spare;
        std::vector<StateMemory> memory;
        std::string stop; ///< what a step says of it, in a loop with `until`
        /// States of equal size whose buffers are taken as they are free, not in turn: a branch
        /// hands on what it was given by its pointer, so that two states may lie in one buffer.
        struct Pool {
            std::string buffers;
            Extent bytes; ///< of a buffer; there are two for each state
            std::vector<std::size_t> states;
        };
        std::vector<Pool> pools;

        void add_to_pool(const Extent& bytes, std::size_t state);
        bool is_in_pool(std::size_t state) const;
    };
    void write_loop(const PlannedStep& step);
    LoopCount write_count(const Apply& scan);
    Writer::Scope open_loop(const ScanParams& p, const std::string& t, const LoopCount& count);
    /// Of the innermost loop with pools: pointers that may point elsewhere, and places that keep
    /// what they hold as long as a state may lie there.
    struct Movable {
        std::set<std::string> pointers, places;
    };
    Extent write_pool(const Apply& scan,
                      StatePlaces& at,
                      StatePlaces::Pool& pool,
                      const std::string& base,
                      const Extent& offset);
    Movable movable_in(const Apply& scan, const StatePlaces& at) const;
    void hand_on(const std::string& to, const Variable& v);
    void turn_states(const Apply& scan, const StatePlaces& at);
    /// What the function of a pass takes, by the names that it has in `run`, and what it is given.
    struct PassParameters {
        std::vector<CallerParameter> list;
        std::vector<std::string> given;
    };
    /// Of a pass: how far its parts narrow a kernel, the text of how many rows there are, and that
    /// of how many a thread takes at once.
    struct PassRows {
        std::int64_t reach = 0;
        std::string all, part;
    };
    bool passes_use_threads() const { return options_.threads && !options_.profile; }
    std::string
    take_in_pass(PassParameters& parameters, const std::string& type, const std::string& place);
    void take_extents_in_pass(PassParameters& parameters, const std::string& text);
    void write_pass(const std::string& comment,
                    const std::string& pass,
                    const PassParameters& parameters,
                    const PassRows& rows,
                    const std::string& body);
    void call_pass(const std::string& pass, const PassParameters& parameters, const PassRows& rows);
    void write_passes(const PlannedStep& step, const StatePlaces& at, const std::string& base);
    std::string pass_body(const PlannedStep& step,
                          const StatePlaces& at,
                          const std::string& base,
                          const std::string& t,
                          const std::string& steps);
    void open_level();

    // rows in blocks: in program_blocks.cpp
    void write_blocks(const GraphPlan& plan, const RowBlocks& blocks);
    std::string
    blocks_body(const GraphPlan& plan, const RowBlocks& blocks, PassParameters& parameters);
    std::pair<std::string, std::string> rows_of_block(const PlannedKernel& step);
    void finish_loop(const PlannedStep& step, const Apply& scan, const LoopCount& count);
    static int history(const Apply& scan, std::size_t state);
    void write_body(const PlannedStep& step,
                    const Apply& scan,
                    const std::string& t,
                    const StatePlaces& at,
                    const std::string& base);
    void
    write_inner(const GraphPlan& plan, const std::vector<std::string>& to, const std::string& base);
    void write_branches(const PlannedStep& step);
    std::vector<std::string> inner_offsets(const GraphPlan& plan, const std::string& base);

    // calls
    void write_calls(const PlannedStep& step);
    void write_kernels(const PlannedStep& step);
    void write_call(const PlannedKernel& step, ClusterKind kind);
    void place_table(const Variable& table, const std::string& kernel);
    std::string kernel_in_text(const PlannedKernel& step,
                               bool parallel,
                               const std::vector<StreamedBuffer>& streamed);
    void check_finite(const LoopNest& nest);

    ProgramOptions options_;
    Program program_;
    Names names_;
    SymbolNames symbols_;
    std::vector<Extent> sums_; ///< that have a name
    std::unordered_map<const detail::Value*, std::string> place_;
    std::unordered_map<const detail::Value*, std::size_t> output_slot_;
    static constexpr std::size_t in_run = 4; ///< what these hold stands in a function
    Writer symbols_text_{in_run}, prologue_{in_run}, limits_{in_run}, sizes_{in_run},
        values_{in_run}, body_{in_run};
    std::vector<std::string> parts_;           ///< of `run`, but for what is in body_
    std::vector<const detail::Value*> tables_; ///< declared in body_
    std::string kernels_;
    std::size_t counted_ = 0; ///< of kernels_, whose lines are counted in kernel_lines_
    int kernel_lines_ = 0;
    int loops_ = 0;          ///< around the step that is written
    std::string first_step_; ///< whether the innermost loop is at its first
    Movable movable_;
    struct RowBlock {
        StepTiles tiles;
        std::string row, step, block; ///< where the block of the first step begins; its rows
        std::int64_t level = 0;       ///< of the kernel that is written next
        std::string first, end;       ///< its first row, and the one behind the last
    };
    std::optional<RowBlock> rows_; ///< that kernels compute, in passes and in blocks of rows
    /// Of each function: the canonical text, or the name of a shared one, and what it is called.
    std::map<std::string, std::string> written_;
    std::map<std::string, int> calls_; ///< of each kernel, in the text
    std::string total_;
    std::vector<std::string> offsets_; ///< of the lifetimes of the graph that is being written
};

} // namespace croton::inline v1::codegen
