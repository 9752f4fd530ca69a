#include <croton/compiler/environment.hpp>
#include <croton/compiler/info.hpp>
#include <croton/compiler/options.hpp>
#include <croton/ir/format.hpp>
#include <croton/runtime/blas.hpp>
#include <croton/runtime/clang_jit.hpp>
#include <croton/runtime/host_cpu.hpp>
#include <croton/runtime/thread_pool.hpp>

#include <filesystem>
#include <fstream>
#include <thread>

#include "compile_cache.hpp"
#include "version.hpp"

namespace croton::inline v1 {

namespace {

/// "Intel(R) Xeon(R) ..", as the system has it; empty where it says nothing.
std::string cpu_model()
{
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("model name"))
            if (const std::size_t colon = line.find(": "); colon != line.npos)
                return line.substr(colon + 2);
    return {};
}

std::string vector_width()
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl"))
        return "512-bit vectors";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "256-bit vectors";
    return "older than x86-64-v3: programs do not run here";
#else
    return "128-bit vectors";
#endif
}

std::string compiler_place()
{
    if (jit_is_open()) return "in use";
    for (const std::string& folder : jit_folders()) {
        std::error_code ignored;
        const std::filesystem::path file = std::filesystem::path(folder) / "croton_jit.so";
        if (std::filesystem::exists(file, ignored)) return file.string() + ", not opened yet";
    }
    return "croton_jit.so is missing: only cached programs run";
}

} // namespace

std::string info()
{
    const KernelCache& cache = kernel_cache(true);
    const KernelCache::Counts n = cache.counts();
    const std::string model = cpu_model();
    std::string text = fmt::format("croton     {}\n", library_version);
    text += fmt::format("compiler   {}, {}\n", jit_compiler(), compiler_place());
    text += fmt::format("cpu        {}{}{}\n", model, model.empty() ? "" : ", ", vector_width());
    text += fmt::format("cache      {}\n", cache.status());
    text +=
        fmt::format("           {} programs from it, {} linked, {} units compiled, {} entries "
                    "refused in this process\n",
                    n.programs_from_disk, n.programs_linked, n.objects_compiled, n.refused_entries);
    text += "libraries  none is needed: products, vector math and random numbers are emitted\n";
    const std::vector<std::string> opened = opened_blas();
    text += opened.empty()
                ? fmt::format("           for Matmul::library, not opened yet: {}\n",
                              fmt::join(environment().blas, ", "))
                : fmt::format("           for Matmul::library: {}\n", fmt::join(opened, ", "));
    text +=
        fmt::format("threads    {} of {}\n", available_cpus(), std::thread::hardware_concurrency());
    return text;
}

} // namespace croton::inline v1
