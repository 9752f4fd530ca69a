#include <croton/ir/format.hpp>
#include <croton/runtime/host_cpu.hpp>

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>

#include <cstdio>
#else
#error "croton runs on x86-64 and aarch64"
#endif

namespace croton::inline v1 {

#if defined(__x86_64__)

namespace {

/// Which registers of a CPUID leaf describe the kind of CPU; others hold the number of the core
/// that happens to ask, or sizes.
struct Leaf {
    std::uint32_t leaf;
    std::uint32_t subleaf;
    bool a, b, c, d;
};

constexpr Leaf leaves[] = {
    {0, 0, false, true, true, true},           // vendor
    {1, 0, true, false, true, true},           // family, model, stepping, features
    {7, 0, false, true, true, true},           // features
    {7, 1, true, true, true, true},            // features
    {0xd, 1, true, false, false, false},       // kinds of xsave
    {0x14, 0, false, true, false, false},      // ptwrite
    {0x19, 0, false, true, false, false},      // key locker
    {0x24, 0, false, true, false, false},      // AVX10 version
    {0x80000001, 0, false, false, true, true}, // features
    {0x80000008, 0, false, true, false, false} // features
};

/// Which registers the operating system saves.
std::uint32_t enabled_state()
{
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

std::string read_identity()
{
    std::string identity = "x86-64";
    bool has_xsave = false;
    for (const Leaf& leaf : leaves) {
        std::uint32_t a = 0, b = 0, c = 0, d = 0;
        if (!__get_cpuid_count(leaf.leaf, leaf.subleaf, &a, &b, &c, &d)) {
            a = b = c = d = 0;
        }
        if (leaf.leaf == 1) {
            has_xsave = (c & bit_OSXSAVE) != 0;
        }
        identity += fmt::format("-{:x}.{:x}.{:x}.{:x}", leaf.a ? a : 0, leaf.b ? b : 0,
                                leaf.c ? c : 0, leaf.d ? d : 0);
    }
    return identity + fmt::format("-{:x}", has_xsave ? enabled_state() : 0);
}

} // namespace

void require_baseline_cpu()
{
    __builtin_cpu_init();
    std::string lacks;
    const auto need = [&](int has, const char* feature) {
        if (!has) {
            lacks += fmt::format("{}{}", lacks.empty() ? "" : ", ", feature);
        }
    };
    need(__builtin_cpu_supports("avx"), "avx");
    need(__builtin_cpu_supports("avx2"), "avx2");
    need(__builtin_cpu_supports("fma"), "fma");
    need(__builtin_cpu_supports("bmi"), "bmi");
    need(__builtin_cpu_supports("bmi2"), "bmi2");
    need(__builtin_cpu_supports("popcnt"), "popcnt");
    if (!lacks.empty()) {
        throw backend_error("jit", "this CPU is older than x86-64-v3: it lacks {}", lacks);
    }
}

#elif defined(__aarch64__)

namespace {

std::string read_identity()
{
    std::string identity =
        fmt::format("aarch64-{:x}-{:x}", ::getauxval(AT_HWCAP), ::getauxval(AT_HWCAP2));
    std::FILE* const file =
        std::fopen("/sys/devices/system/cpu/cpu0/regs/identification/midr_el1", "re");
    if (file) {
        unsigned long long midr = 0;
        if (std::fscanf(file, "%llx", &midr) == 1) {
            identity += fmt::format("-{:x}", midr);
        }
        std::fclose(file);
    }
    return identity;
}

} // namespace

void require_baseline_cpu() {}

#endif

const std::string& host_cpu_identity()
{
    static const std::string identity = read_identity();
    return identity;
}

} // namespace croton::inline v1
