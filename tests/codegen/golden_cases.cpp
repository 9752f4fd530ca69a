#include "codegen/golden_cases.hpp"

#include <cstdlib>

namespace croton::test {

namespace {

/// A product by a library has the same text whatever the library: one that every machine has. The
/// environment is read at the first compile.
[[maybe_unused]] const int named = ::setenv("CROTON_BLAS", CROTON_FAKE_BLAS, 0);

} // namespace

std::vector<Golden> all_goldens()
{
    std::vector<Golden> all = pointwise_goldens();
    for (const Golden& golden : structured_goldens())
        all.push_back(golden);
    return all;
}

Function compile(const Golden& golden)
{
    Options options;
    options.name = golden.name;
    options.cache = false;
    return golden.compile(options);
}

} // namespace croton::test
