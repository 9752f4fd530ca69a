#include <croton/compiler/environment.hpp>
#include <croton/compiler/options.hpp>
#include <croton/ir/error.hpp>
#include <croton/ir/format.hpp>
#include <croton/runtime/blas.hpp>

#include <charconv>
#include <cstdlib>
#include <limits>

namespace croton::inline v1 {

namespace {

std::string read(const char* name)
{
    const char* value = std::getenv(name);
    return value ? value : "";
}

[[noreturn]] void refuse(const char* name, std::string_view value, std::string_view needed)
{
    throw user_error(Code::domain, nullptr, "environment", "{} is '{}', it must be {}", name, value,
                     needed);
}

std::uint64_t read_mib(const char* name, std::uint64_t if_none)
{
    const std::string value = read(name);
    if (value.empty()) return if_none << 20;
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max() >> 20;
    std::uint64_t mib = 0;
    const char* const end = value.data() + value.size();
    const auto [read_to, error] = std::from_chars(value.data(), end, mib);
    if (error != std::errc() || read_to != end || mib > most)
        refuse(name, value, fmt::format("a whole number of MiB, from 0 to {}", most));
    return mib << 20;
}

bool read_flag(const char* name)
{
    const std::string value = read(name);
    if (value != "" && value != "0" && value != "1") refuse(name, value, "0 or 1");
    return value == "1";
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
         "folder of compiled programs; \"off\": none. Where it can't be used programs are compiled "
         "anew in each process, and info() and explain() say why"},
        {"CROTON_CACHE_MIB", "256", "the folder's bound, in MiB"},
        {"CROTON_JIT", "beside the library",
         "folder that holds croton_jit.so; no other is searched then"},
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
        e.cache_limit_bytes = read_mib("CROTON_CACHE_MIB", 256);
        e.jit_folder = read("CROTON_JIT");
        e.dump_folder = read("CROTON_DUMP");
        e.sanitize = read("CROTON_SANITIZE");
        const std::string blas = read("CROTON_BLAS");
        e.blas = blas.empty() ? blas_names() : std::vector{blas};
        e.verify = read_flag("CROTON_VERIFY");
        return e;
    }();
    return values;
}

} // namespace croton::inline v1
