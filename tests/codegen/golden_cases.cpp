#include "codegen/golden_cases.hpp"

namespace croton::test {

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
    options.threads = golden.threads;
    options.cache = false;
    return golden.compile(options);
}

} // namespace croton::test
