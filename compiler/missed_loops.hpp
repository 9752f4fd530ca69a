#pragma once

#include <croton/codegen/program.hpp>
#include <croton/runtime/clang_jit.hpp>

#include <span>
#include <string>
#include <vector>

namespace croton::inline v1::detail {

/// A loop meant for vector instructions that LLVM left as it is.
struct MissedLoop {
    std::string kernel;
    int line; ///< of the program's own text
    std::string reason;
};

/// Of all remarks those on such loops. `remarks` name lines of the program's own text; those on
/// loops that are serial by nature are left out.
std::vector<MissedLoop> missed_loops(const codegen::Program& program,
                                     std::span<const Remark> remarks);

} // namespace croton::inline v1::detail
