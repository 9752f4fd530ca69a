#pragma once

#include <string>
#include <vector>

#include "function_data.hpp"

namespace croton::inline v1::detail {

/// A kernel as explain() and the page show it.
struct KernelRow {
    std::string name;
    std::string kind;
    std::string computes;  ///< its ops and the user's lines
    std::string cost;      ///< "64*n flops, 48*n bytes"
    std::string compiling; ///< "unit 2, 31.0 ms"
    std::string note;      ///< "by the library", or empty
    std::string measured;  ///< "12.3 us a call, 4.1 GF/s, 9.7 GB/s"; empty: not measured
    double microseconds = 0;
};
std::vector<KernelRow> kernel_rows(const FunctionData& f);

/// What LLVM said of loops that stayed scalar, equal sentences of a line once.
std::vector<std::string> missed_loops(const FunctionData& f);

/// "36.1 ms building, 210 ms until callable (..)".
std::string compile_times(const FunctionData& f);
/// Where its program is kept for the next process, or why it is not.
std::string cache_text(const FunctionData& f);

} // namespace croton::inline v1::detail
