#pragma once

#include <croton/codegen/program.hpp>
#include <croton/compiler/function.hpp>
#include <croton/passes/pass.hpp>
#include <croton/runtime/abi.hpp>
#include <croton/runtime/clang_jit.hpp>
#include <croton/runtime/program_library.hpp>

#include <array>
#include <atomic>
#include <string>
#include <vector>

#include "profile.hpp"

namespace croton::inline v1::detail {

/// Everything behind a Function. Immutable once compiled, except for the kept workspaces.
struct FunctionData {
    explicit FunctionData(Options o) : options(std::move(o)) {}
    ~FunctionData();
    FunctionData(const FunctionData&) = delete;
    FunctionData& operator=(const FunctionData&) = delete;

    std::string name;
    Options options;
    const Location* where = nullptr;

    std::vector<Variable> inputs;  ///< with solved extents
    std::vector<Variable> shared;  ///< read, in the order of the program's inputs after `inputs`
    std::vector<Variable> written; ///< outputs and updates' values before any pass
    std::vector<Requirement> requirements; ///< that a call has to meet
    std::vector<Variable> outputs;         ///< the same after the passes
    std::vector<std::string> output_names;
    std::vector<Variable> targets; ///< of updates

    codegen::Program program;
    ProgramLibrary library;
    RunFunction run = nullptr;
    WorkspaceFunction workspace_bytes = nullptr;
    Runtime runtime;

    /// Of calls, with Options::profile. A call of a const function measures too.
    mutable Profile profile;
    std::vector<std::size_t> unit_of_kernel; ///< in which unit each kernel is compiled

    PassReport passes;
    CompileReport compile;
    double build_ms = 0;
    double compile_ms = 0;

    /// Workspaces that calls gave back: a call takes one by exchange.
    mutable std::array<std::atomic<void*>, 16> kept{};
    mutable std::atomic<std::uint32_t> count{1};

    std::size_t result_count() const { return output_names.size(); }
};

/// Passes, program and machine code of a function whose inputs, outputs and options are set.
void compile(FunctionData& f);

/// The function's graph up to `outputs`, `written` or `outputs`, for readers.
std::string graph_text(const FunctionData& f, const std::vector<Variable>& outputs);

/// Memory of at least `bytes`, 64-byte aligned, taken from the kept ones or new.
class TakenWorkspace {
public:
    TakenWorkspace(const FunctionData& f, std::size_t bytes);
    ~TakenWorkspace();
    TakenWorkspace(const TakenWorkspace&) = delete;
    TakenWorkspace& operator=(const TakenWorkspace&) = delete;
    void* memory() const noexcept { return memory_; }

private:
    const FunctionData& function_;
    void* memory_;
};

void* allocate_workspace(std::size_t bytes);
void free_workspace(void* memory) noexcept;
std::size_t workspace_size(const void* memory) noexcept;

} // namespace croton::inline v1::detail
