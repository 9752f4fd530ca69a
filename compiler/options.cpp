#include <croton/compiler/options.hpp>
#include <croton/runtime/blas.hpp>

#include <fmt/format.h>

#include <cstdlib>

namespace croton::inline v1 {

namespace {

std::string read(const char* name)
{
    const char* value = std::getenv(name);
    return value ? value : "";
}

std::string default_cache_folder()
{
    if (const std::string base = read("XDG_CACHE_HOME"); !base.empty()) return base + "/croton";
    if (const std::string home = read("HOME"); !home.empty()) return home + "/.cache/croton";
    return {};
}

} // namespace

const std::vector<EnvironmentVariable>& environment_variables()
{
    static const std::string default_blas =
        fmt::format("the first of {}", fmt::join(blas_names(), ", "));
    static const std::vector<EnvironmentVariable> all = {
        {"CROTON_CACHE", "$XDG_CACHE_HOME/croton or ~/.cache/croton",
         "folder of compiled programs; \"off\": none"},
        {"CROTON_CACHE_MIB", "256", "the folder's bound, in MiB"},
        {"CROTON_JIT", "beside the library", "folder that holds croton_jit.so"},
        {"CROTON_DUMP", "off", "folder that gets each function's source and pass reports"},
        {"CROTON_SANITIZE", "none", "Options::sanitize of functions that name none"},
        {"CROTON_BLAS", default_blas,
         "library, by name or path, of functions with Matmul::library"},
        {"CROTON_VERIFY", "0", "1: verify the graph after every pass"},
    };
    return all;
}

const Environment& environment()
{
    static const Environment values = [] {
        Environment e;
        const std::string cache = read("CROTON_CACHE");
        if (cache != "off") e.cache_folder = cache.empty() ? default_cache_folder() : cache;
        const std::string limit = read("CROTON_CACHE_MIB");
        const std::uint64_t mib = limit.empty() ? 256 : std::strtoull(limit.c_str(), nullptr, 10);
        e.cache_limit_bytes = mib << 20;
        e.jit_folder = read("CROTON_JIT");
        e.dump_folder = read("CROTON_DUMP");
        e.sanitize = read("CROTON_SANITIZE");
        const std::string blas = read("CROTON_BLAS");
        e.blas = blas.empty() ? blas_names() : std::vector{blas};
        e.verify = read("CROTON_VERIFY") == "1";
        return e;
    }();
    return values;
}

} // namespace croton::inline v1
