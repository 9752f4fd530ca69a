#pragma once

#include <croton/codegen/program.hpp>
#include <croton/compiler/function.hpp>
#include <croton/ir/shared_turn.hpp>
#include <croton/passes/pass.hpp>
#include <croton/runtime/abi.hpp>
#include <croton/runtime/blas.hpp>
#include <croton/runtime/clang_jit.hpp>
#include <croton/runtime/program_library.hpp>

#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "axis_reasons.hpp"
#include "profile.hpp"
#include "result_extents.hpp"

namespace croton::inline v1::detail {

/// How a call passes one argument to `run`.
struct ArgumentInfo {
    DType dtype = DType::f64;
    int rank = 0;
    Layout layout = Layout::row_major; ///< what is the same for this rank is row_major
    std::uint32_t bytes = 1;           ///< of an element
    std::uint32_t extents_at = 0;      ///< in `extents`; column-major ones in the opposite order
    std::uint32_t strides_at = 0;      ///< layout `any`: of its strides in `extents`
    int alias = -1;                    ///< of an output: the input that may be the same memory
};

/// Memory that calls gave back: a call takes a block by exchange.
using KeptBlocks = std::array<std::atomic<void*>, 16>;

/// Everything behind a Function. Immutable once compiled, except for the kept blocks.
struct FunctionData {
    explicit FunctionData(Options o) : options(std::move(o)) {}
    ~FunctionData();
    FunctionData(const FunctionData&) = delete;
    FunctionData& operator=(const FunctionData&) = delete;

    std::string name;
    Options options;
    const Location* where = nullptr;

    std::vector<Variable> inputs;          ///< with solved extents
    std::vector<Array> defaults;           ///< of inputs that calls may leave out; others are empty
    std::vector<Layout> layouts;           ///< of inputs, then of results, as declared
    std::vector<Variable> shared;          ///< read, in the order of `leaves` after the inputs
    std::vector<Variable> written;         ///< outputs and updates' values before any pass
    std::vector<Requirement> requirements; ///< that a call has to meet
    AxisReasons axis_reasons;              ///< why extents of the inputs must be what they must
    std::vector<Variable> leaves;  ///< what the program reads: of inputs, shared ones, strides
    std::vector<Variable> outputs; ///< the program's: `written` in the caller's layouts, after the
                                   ///< passes
    std::vector<std::string> output_names;
    /// Of the inputs' symbols: as the user wrote them, and those that they were given.
    std::vector<std::string> extent_names;
    std::vector<std::string> input_names; ///< when this was made: a Variable may be renamed later
    std::vector<ArgumentInfo> arguments;  ///< inputs, then results, then updates
    std::size_t extent_count = 0;         ///< of all axes that `run` is told of
    ResultExtents result_extents;         ///< of calls with Arrays
    std::vector<Variable> targets;        ///< of updates
    SharedUse shared_use;                 ///< of `shared` and `targets`
    /// Among the extents that `run` is told of, those of `shared` and of `targets`, and where each
    /// begin.
    std::vector<std::int64_t> shared_extents, target_extents;
    std::size_t shared_extents_at = 0, target_extents_at = 0;
    /// Compiled, and 0-d arguments are all that is passed to `run`, few enough to compare in pairs.
    bool only_numbers = false;
    bool has_shared = false;   ///< reads or updates shared variables
    bool by_reference = false; ///< not compiled: Options::reference
    /// Not compiled, or with more arguments than calls compare in pairs and hold on their stacks.
    bool is_uncommon = false;
    /// Of any one list of a call's arguments, where that is too much for its stack; else 0.
    std::size_t list_bytes = 0;
    /// What a call takes from its stack, in 8-byte words: where each part ends.
    struct Words {
        std::uint32_t in = 0;      ///< leaves, then constants
        std::uint32_t out = 0;     ///< results, then updates
        std::uint32_t extents = 0; ///< extent_count
        std::uint32_t pins = 0;    ///< what a SharedTurn holds
        std::uint32_t ranges = 0;  ///< two of each argument
    } words;

    codegen::Program program;
    /// As it is compiled where it is one unit; empty where nothing is. Written when first asked
    /// for.
    const std::string& whole_source() const
    {
        std::call_once(whole_once, [&] {
            if (!program.source.empty()) whole = codegen::whole_text(program.source);
        });
        return whole;
    }
    mutable std::once_flag whole_once;
    mutable std::string whole; ///< behind whole_source()
    ProgramLibrary library;
    RunFunction run = nullptr;
    WorkspaceFunction workspace_bytes = nullptr;
    const Blas* blas = nullptr; ///< with Matmul::library
    Runtime runtime;
    Runtime serial_runtime; ///< of calls with a workspace: nothing leaves the calling thread

    /// Of calls, with Options::profile. A call of a const function measures too.
    mutable Profile profile;
    std::vector<std::size_t> unit_of_kernel; ///< in which unit each kernel is compiled

    std::string sanitize; ///< what checks the machine code

    PassReport passes;
    CompileReport compile;
    double build_ms = 0;
    double compile_ms = 0;

    mutable KeptBlocks kept{};       ///< workspaces
    mutable KeptBlocks kept_lists{}; ///< each of list_bytes
    mutable std::atomic<std::uint32_t> count{1};

    /// Calls that gave an input in another layout than its own, which was packed.
    mutable std::vector<std::atomic<std::uint64_t>> packed_calls;

    std::size_t result_count() const { return output_names.size(); }
};

/// Passes, program and machine code of a function whose inputs, outputs and options are set.
void compile(FunctionData& f);

/// The function's graph for readers: as written, and as compiled.
std::string written_text(const FunctionData& f);
std::string compiled_text(const FunctionData& f);

/// Memory of at least `bytes`, 64-byte aligned, taken from the kept blocks or new. Null for none.
/// throws   BackendError in the name of `function` where there is no memory.
class TakenBlock {
public:
    TakenBlock(KeptBlocks& kept, std::size_t bytes, std::string_view function);
    ~TakenBlock();
    TakenBlock(const TakenBlock&) = delete;
    TakenBlock& operator=(const TakenBlock&) = delete;
    void* memory() const noexcept { return memory_; }

private:
    KeptBlocks& kept_;
    void* memory_;
};

/// Room for one list of a call's arguments, where that is too much for its stack; else null.
class TakenList : public TakenBlock {
public:
    explicit TakenList(const FunctionData& f) : TakenBlock(f.kept_lists, f.list_bytes, f.name) {}
};

/// How much of one list lies on the stack: a call holds three, and has 128 KiB with all it does.
constexpr std::size_t most_list_bytes_on_stack = 16 << 10;
/// How many arguments are compared in pairs: more are sorted.
constexpr std::size_t most_compared_in_pairs = 16;

/// Finds out how calls hold their arguments; once everything else is known.
void plan_calls(FunctionData& f);

/// throws   BackendError in the name of `function` where there is no memory.
void* allocate_workspace(std::size_t bytes, std::string_view function);
void free_workspace(void* memory) noexcept;
std::size_t workspace_size(const void* memory) noexcept;

} // namespace croton::inline v1::detail
