#pragma once

#include <croton/croton.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace croton::test {

/// A program whose emitted text is kept in golden/<name>.cpp.
struct Golden {
    std::string_view name;
    Function (*compile)(const Options& options);
    /// 0: as many as pay. How kernels are given to threads is the same text for all of a kind: one
    /// golden of each kind shows it.
    int threads = 1;
};

std::vector<Golden> pointwise_goldens();
std::vector<Golden> structured_goldens();

/// All of them, in the order of their files.
std::vector<Golden> all_goldens();

/// The golden compiled under its name, and not from a cache, so that the report tells what LLVM
/// said.
Function compile(const Golden& golden);

} // namespace croton::test
