#pragma once

#include <croton/codegen/clusters.hpp>
#include <croton/ir/apply.hpp>
#include <croton/ir/bind_symbols.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace croton::inline v1::codegen {

/// Where an argument's elements lie, if not row-major in memory of its own.
struct ArgumentPlace {
    /// The axes are in the opposite order of the user's, who says column-major: messages count them
    /// as the user does.
    bool reversed = false;
    /// Of an output: the input that may be the same memory. Where it is not, and the output is
    /// written over it, `run` first copies its elements.
    int input = -1;
    /// Of an output with `input`: it only lies there where nothing has to be copied for that, and
    /// where nothing can fail once a part of it is stored.
    bool if_safe = false;
    /// Of an output: a stride in elements per axis, symbols that an input's shape binds.
    std::vector<Extent> strides = {};
};

struct ProgramOptions {
    std::string name = "program";
    bool threads = true;           ///< may use rt->parallel_for
    bool profile = false;          ///< calls rt->mark around each kernel
    bool finite_checks = false;    ///< stops after the first kernel that stores NaN or an infinity
    bool gaps = false;             ///< puts gaps around values in the workspace, and checks them
    bool library_products = false; ///< calls rt->gemm_f32 and rt->gemm_f64 where they can do it
    bool packs_once = true; ///< keeps operands of products that no step of a loop changes packed
    std::vector<ArgumentPlace> inputs = {}, outputs = {}; ///< empty: all row-major
};

/// What `run` checks before any work, in the order of its codes.
struct Guard {
    Requirement must;
    int slot = -1; ///< of an argument's axis: it is `must.a`, whose symbols are not known
    bool of_argument = false; ///< what `must.text` says; no op at `must.where` asks for it
    int input = -1;           ///< of an input's axis: which input, and the axis as the user counts
    int axis = -1;
};

/// A kernel for explain(): its text stands in the program's source.
struct KernelInfo {
    std::string name;
    ClusterKind kind = ClusterKind::rows;
    std::vector<Apply> applies;
    Extent flops = 0; ///< of one call
    Extent bytes = 0; ///< read and written, each array once
    std::string text;
    std::string note; ///< see Cluster
    /// Lines of the program's own text, from 1, of loops that become vector instructions.
    std::vector<int> lane_loops;
};

/// A value kept in the workspace.
struct WorkspaceValue {
    Variable value;
    Extent bytes = 0;
    std::string place; ///< "offset 128", "slot 2", or whose memory it takes
};

/// One compiled function as text: kernels and `run`, and what is needed to call it.
///
/// in        arrays of `inputs`, then of `constants`, row-major.
/// out       arrays of `outputs`.
/// extents   every axis of every input, then of every output, in order.
/// returns   0, or 1 + the number of the guard that failed (report->values: what it is and what it
///           should be), or index_out_of_range (report->apply: which of `checked`), or not_finite
///           (report->apply: which of `finite`), or gap_overwritten (report->apply: which of
///           `gapped`).
struct Program {
    std::string source; ///< its own text, without the prelude's functions
    std::vector<Variable> inputs;
    std::vector<Array> constants;
    std::vector<Variable> outputs;
    std::vector<bool> replaces_input; ///< of each output: it is stored where its place's input lay
    /// Outputs that do not lie where the input of their place lies, and why.
    std::vector<std::pair<std::size_t, std::string>> apart;
    std::vector<SymbolBinding> bindings; ///< of the symbols, from the axes of `inputs`
    std::vector<Guard> guards;
    /// Of each kernel that checks indices: the gathers and scatters that read or write at them.
    std::vector<std::vector<Apply>> checked;
    std::vector<Variable> finite; ///< values that are checked for NaN and infinities
    std::vector<Variable> gapped; ///< values whose gaps are checked
    std::vector<KernelInfo> kernels;
    std::vector<WorkspaceValue> workspace;
    std::vector<Unfused> unfused;
    bool calls_library = false; ///< has kernels that do: rt->library must be there
    bool keeps_packed = false;  ///< from a first step of a loop on: see ProgramOptions::packs_once
    std::int64_t workspace_bytes = -1; ///< where it is known; else ask the program
};
constexpr std::int32_t index_out_of_range = 1 << 20;
constexpr std::int32_t not_finite = 1 << 21;
constexpr std::int32_t gap_overwritten = 1 << 22;
/// The line between the prelude's functions and a program's own text.
constexpr std::string_view end_of_prelude = "/* ---- program ---- */\n\n";
/// A program's own text with what it uses of the prelude in front: a file that compiles.
std::string whole_text(std::string_view source);

/// Schedules a graph and writes its program. `inputs` are leaves; `requirements` become guards.
/// throws   UserError if an extent follows from no input.
Program make_program(std::span<const Variable> inputs,
                     std::span<const Variable> outputs,
                     std::span<const Requirement> requirements,
                     const ProgramOptions& options);

/// The same program, with `inputs`, `outputs`, `bindings` and `guards` alone.
Program make_guards(std::span<const Variable> inputs,
                    std::span<const Variable> outputs,
                    std::span<const Requirement> requirements,
                    const ProgramOptions& options);

} // namespace croton::inline v1::codegen
