// What a user's first program does: an expression, its gradient, a call.
#include <croton/croton.hpp>
#include <croton/runtime/clang_jit.hpp>

#include <cstdio>
#include <fstream>
#include <string>

namespace ct = croton;

/// Whether this process has opened the JIT module of that folder: not that of a build tree.
bool has_opened_module_of(const std::string& folder)
{
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);)
        if (line.find(folder + "/croton_jit.so") != std::string::npos) return true;
    return false;
}

int main()
{
    auto x = ct::scalar<double>("x");
    auto y = x * x + 1;
    auto f = ct::function({x}, {y, ct::grad(y, x)}, {.cache = false});

    const auto results = f(3.0);
    const double value = results[0].item<double>();
    const double slope = results[1].item<double>();
    std::printf("f(3) = %g, f'(3) = %g\n", value, slope);
#ifdef CROTON_BUILD_FOLDER
    // An installed library must not look into the build tree that it came from.
    for (const std::string& folder : ct::jit_folders())
        if (folder == CROTON_BUILD_FOLDER) {
            std::puts("the build's own " CROTON_BUILD_FOLDER " is searched");
            return 1;
        }
#endif
#ifdef CONSUMER_MODULE_FOLDER
    if (!has_opened_module_of(CONSUMER_MODULE_FOLDER)) {
        std::puts("the module was not found in " CONSUMER_MODULE_FOLDER);
        return 1;
    }
#endif
    return value == 10.0 && slope == 6.0 ? 0 : 1;
}
