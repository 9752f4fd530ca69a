#pragma once

#include <croton/codegen/loop_nest.hpp>

#include <string>
#include <vector>

namespace croton::inline v1::codegen {

/// A function that several kernels of a program call: written once, in front of the first.
struct SharedFunction {
    std::string name;
    std::string text;
};

/// A kernel as text of the common subset of C11 and C++20, and how to call it.
struct EmittedKernel {
    std::string name;
    std::string text;
    /// Extents it takes, each an expression of the program's symbols; then come the buffers, in the
    /// nest's order. A kernel whose first loop is parallel takes that loop's begin and end in
    /// front.
    std::vector<Extent> extents;
    bool takes_runtime = false; ///< a struct ct_runtime* in front of them: it uses threads itself
    bool calls_library = false; ///< through that
    bool takes_first_step = false; ///< then whether it is a loop's first step: what it keeps
    std::vector<std::string> extent_names; ///< of those parameters
    bool parallel = false;
    Extent parallel_extent = 0;
    int parallel_width = 1;    ///< blocks are multiples of so many iterations
    bool checks_index = false; ///< returns 1 if an index was out of range, else 0
    /// Lines of the text, from 0, of loops that become vector instructions.
    std::vector<int> lane_loops;
    std::vector<SharedFunction> shared; ///< what it calls
};

/// `name` is the function's. The nest's buffers get their names here.
EmittedKernel emit_cpp(LoopNest& nest, const std::string& name);

} // namespace croton::inline v1::codegen
