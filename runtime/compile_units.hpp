#pragma once

#include <croton/runtime/clang_jit.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace croton::inline v1 {

struct UnitJob {
    std::string_view text;
    std::string file;
};

struct CompiledUnit {
    std::vector<std::byte> object;
    CompileReport report;
};

/// "step.cpp", or "step_2.cpp" for unit 2 of several.
std::string unit_file(std::string_view program, std::size_t unit, std::size_t units);

/// Compiles all jobs on up to options.threads threads; results in the order of jobs.
/// throws   the BackendError of the first job that fails, whichever thread met one first, so that
///          the same program fails with the same text.
std::vector<CompiledUnit> compile_units(std::span<const UnitJob> jobs,
                                        const CompileOptions& options);

/// Adds `from` to `to`.
void append(CompileReport& to, CompileReport&& from);

} // namespace croton::inline v1
