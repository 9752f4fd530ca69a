#include <croton/ir/error.hpp>
#include <croton/runtime/clang_jit.hpp>
#include <croton/runtime/program_library.hpp>

#include <algorithm>
#include <dlfcn.h>
#include <numeric>
#include <thread>

#include "process.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "texts.hpp"

using namespace croton;
using namespace croton::test;

namespace {

ProgramLibrary build(const std::vector<std::string>& units,
                     const CompileOptions& options = {},
                     CompileReport* report = nullptr)
{
    return ProgramLibrary::open_bytes(compile_shared_object(units, "test", options, report));
}

std::string error_of(const std::vector<std::string>& units)
{
    try {
        build(units);
    } catch (const BackendError& error) {
        return std::string(error.message());
    }
    return "no error";
}

void check_scale(const ProgramLibrary& library)
{
    const auto scale = reinterpret_cast<ScaleFunction>(library.symbol("scale"));
    std::vector<float> x(1003);
    std::iota(x.begin(), x.end(), -5.0f);
    std::vector<float> z(x.size());
    scale(1003, x.data(), z.data());
    for (std::size_t i = 0; i < x.size(); ++i) {
        REQUIRE(z[i] == 2 * x[i] + 1);
    }
}

/// How many libraries of other LLVMs are in the process now.
int open_other_llvms()
{
    int opened = 0;
    for (const char* other : {"libLLVM-14.so.1", "libLLVM-15.so.1", "libLLVM-16.so.1",
                              "libLLVM.so.19.1", "libclang-cpp.so.14"}) {
        opened += ::dlopen(other, RTLD_NOW | RTLD_GLOBAL) != nullptr;
    }
    return opened;
}

} // namespace

TEST_CASE("another LLVM that was there first does no harm either")
{
    // First in this file and in a process of its own, so that the module isn't open yet.
    const pid_t child = start_child([] {
        if (jit_is_open()) {
            return 77;
        }
        if (open_other_llvms() == 0) {
            return 78;
        }
        const ProgramLibrary library = build({answer_text(42)});
        return reinterpret_cast<AnswerFunction>(library.symbol("answer"))();
    });
    const int status = wait_for(child);
    if (status == 78) {
        SKIP("no other LLVM is installed");
    }
    CHECK((status == 42 || status == 77)); // 77: another test of this process opened it before
}

TEST_CASE("a kernel's text becomes a function that runs")
{
    CompileReport report;
    check_scale(build({scale_text}, {}, &report));
    CHECK(report.frontend_ms > 0);
    CHECK(report.backend_ms > 0);
    CHECK(report.link_ms > 0);
    CHECK(report.log == "");
    CHECK(report.missed_vectorisation.empty());
}

TEST_CASE("every optimisation level and a named CPU give the same result")
{
    for (int level = 0; level <= 3; ++level) {
        check_scale(build({scale_text}, {.opt_level = level}));
    }
    check_scale(build({scale_text}, {.cpu = "x86-64-v3"}));
    check_scale(build({scale_text}, {.debug_info = false}));
}

TEST_CASE("a text that does not compile is an error with clang's diagnostics and the text")
{
    const std::string error = error_of({"int f()\n{\n    return missing;\n}\n"});
    CHECK_THAT(error, contains("jit: test.cpp does not compile with clang"));
    CHECK_THAT(error, contains("test.cpp:3:12: error: use of undeclared identifier 'missing'"));
    CHECK_THAT(error, contains("    3 |     return missing;"));
}

TEST_CASE("a text can include nothing")
{
    CHECK_THAT(error_of({"#include <stdint.h>\n"}), contains("'stdint.h' file not found"));
    CHECK_THAT(error_of({"#include \"/usr/include/stdint.h\"\n"}), contains("file not found"));
}

TEST_CASE("a program refers to nothing outside itself")
{
    const std::string error = error_of(
        {prelude + "extern \"C\" f64 erf(f64); CT_EXPORT f64 f(f64 x) { return erf(x); }"});
    CHECK_THAT(error, contains("jit: the program does not link: "));
    CHECK_THAT(error, contains("undefined symbol: erf"));
}

TEST_CASE("units call one another, and two definitions of one function are refused")
{
    const std::string half = prelude + "f32 half(f32 x) { return x / 2; }\n";
    const std::string caller =
        prelude + "f32 half(f32 x); CT_EXPORT f32 quarter(f32 x) { return half(half(x)); }\n";
    const ProgramLibrary library = build({half, caller}, {.threads = 2});
    CHECK(reinterpret_cast<float (*)(float)>(library.symbol("quarter"))(8.0f) == 2.0f);
    CHECK(library.find_symbol("half") == nullptr); // hidden: only what the text exports is seen

    CHECK_THAT(error_of({half, half, caller}), contains("duplicate symbol: half(float)"));
}

TEST_CASE("many units on several threads give the errors and results of one thread")
{
    std::vector<std::string> units;
    for (int i = 0; i < 12; ++i) {
        units.push_back(prelude + "i32 part_" + std::to_string(i) + "() { return " +
                        std::to_string(i) + "; }\n");
    }
    std::string total = prelude;
    std::string sum = "0";
    for (int i = 0; i < 12; ++i) {
        total += "i32 part_" + std::to_string(i) + "();\n";
        sum += " + part_" + std::to_string(i) + "()";
    }
    units.push_back(total + "CT_EXPORT i32 answer() { return " + sum + "; }\n");
    const ProgramLibrary library = build(units, {.threads = 4});
    CHECK(reinterpret_cast<AnswerFunction>(library.symbol("answer"))() == 66);

    units[3] = "broken 3";
    units[9] = "broken 9";
    CHECK_THAT(error_of(units), contains("jit: test_3.cpp does not compile"));
}

TEST_CASE("a loop that was not vectorised is reported with its line and the reason")
{
    CompileReport report;
    build({prelude + R"(
CT_EXPORT void running_sum(i64 n, f32* x)
{
    for (i64 i = 1; i < n; ++i) {
        x[i] = x[i] * 0.5f + x[i - 1];
    }
}
)"},
          {}, &report);
    REQUIRE(!report.missed_vectorisation.empty());
    const Remark& remark = report.missed_vectorisation.front();
    CHECK(remark.file == "test.cpp");
    CHECK((remark.line == 11 || remark.line == 12));
    CHECK(remark.message != "");
}

TEST_CASE("memory routines that LLVM calls are linked in and right at every size and overlap")
{
    const ProgramLibrary library = build({prelude + R"(
CT_EXPORT void copy(i64 n, const char* __restrict x, char* __restrict z)
{
    for (i64 i = 0; i < n; ++i) { z[i] = x[i]; }
}
CT_EXPORT void move(i64 n, const char* x, char* z) { __builtin_memmove(z, x, n); }
CT_EXPORT void fill(i64 n, char* z, char value) { __builtin_memset(z, value, n); }
)"});
    const auto copy =
        reinterpret_cast<void (*)(std::int64_t, const char*, char*)>(library.symbol("copy"));
    const auto move =
        reinterpret_cast<void (*)(std::int64_t, const char*, char*)>(library.symbol("move"));
    const auto fill = reinterpret_cast<void (*)(std::int64_t, char*, char)>(library.symbol("fill"));

    std::string pattern(1200, '\0');
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        pattern[i] = static_cast<char>(i * 31 + i / 256);
    }
    std::vector<std::size_t> sizes(300);
    std::iota(sizes.begin(), sizes.end(), std::size_t{0});
    sizes.insert(sizes.end(), {511, 512, 513, 1000});
    for (const std::size_t n : sizes) {
        const auto length = static_cast<std::int64_t>(n);
        std::string z(n + 2, '#');
        copy(length, pattern.data(), z.data() + 1);
        REQUIRE(z == "#" + pattern.substr(0, n) + "#");
        fill(length, z.data() + 1, '\x9c');
        REQUIRE(z == "#" + std::string(n, '\x9c') + "#");
        for (const std::size_t shift : {0u, 1u, 7u, 31u, 32u, 33u, 64u, 100u, 150u}) {
            std::string up = pattern;
            std::string down = pattern;
            move(length, up.data(), up.data() + shift);
            move(length, down.data() + shift, down.data());
            REQUIRE(up ==
                    pattern.substr(0, shift) + pattern.substr(0, n) + pattern.substr(shift + n));
            REQUIRE(down == pattern.substr(shift, n) + pattern.substr(n));
        }
    }
    for (const std::size_t n : {4095u, 4096u, 4097u, 100'000u}) {
        std::string z(n + 2, '#');
        fill(static_cast<std::int64_t>(n), z.data() + 1, 'q');
        REQUIRE(z == "#" + std::string(n, 'q') + "#");
    }
}

TEST_CASE("products and sums round twice: nothing is contracted")
{
    const ProgramLibrary library =
        build({prelude + "CT_EXPORT f64 f(f64 a, f64 b, f64 c) { return a * b + c; }\n"});
    const auto f = reinterpret_cast<double (*)(double, double, double)>(library.symbol("f"));
    const double a = 1 + 0x1p-30;
    volatile double product = a * a;
    CHECK(f(a, a, -1.0) == product + -1.0);
}

TEST_CASE("vectors are 512 bits wide on a CPU that has them", "[avx512]")
{
    if (!__builtin_cpu_supports("avx512f")) {
        SKIP("this CPU has no AVX-512");
    }
    // A program that reads its own machine code: EVEX instructions with 512-bit operands begin with
    // 0x62 and have bits 6..5 of their fourth byte equal to 10.
    const ProgramLibrary library = build({scale_text});
    const auto* code = static_cast<const unsigned char*>(library.symbol("scale"));
    int wide = 0;
    for (int i = 0; i < 200; ++i) {
        wide += code[i] == 0x62 && (code[i + 3] & 0x60) == 0x40;
    }
    CHECK(wide >= 2);
}

TEST_CASE("several threads compile at once")
{
    std::vector<int> results(8);
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 8; ++t) {
            threads.emplace_back([t, &results] {
                const ProgramLibrary library = build({answer_text(100 + t)});
                results[static_cast<std::size_t>(t)] =
                    reinterpret_cast<AnswerFunction>(library.symbol("answer"))();
            });
        }
    }
    for (int t = 0; t < 8; ++t) {
        CHECK(results[static_cast<std::size_t>(t)] == 100 + t);
    }
}

TEST_CASE("compiling and dropping programs leaves memory, mappings and descriptors as they were")
{
    const auto cycles = [](int count) {
        for (int i = 0; i < count; ++i) {
            const ProgramLibrary library = build({answer_text(i)});
            REQUIRE(reinterpret_cast<AnswerFunction>(library.symbol("answer"))() == i);
        }
    };
    cycles(10);
    const std::size_t descriptors = count_descriptors();
    const std::size_t mappings = count_mappings();
    const std::size_t before_kib = private_kib();
    cycles(50);
    CHECK(count_descriptors() == descriptors);
    CHECK(count_mappings() <= mappings + 8);
#ifdef CROTON_INSTRUMENTED
    constexpr std::size_t more_kib = 300'000; // that was freed and that the sanitizer keeps
#else
    constexpr std::size_t more_kib = 4096; // an LLVM context that stays takes more than 100 KiB
#endif
    CHECK(private_kib() < before_kib + more_kib);
}

TEST_CASE("another LLVM in the process does no harm")
{
    if (open_other_llvms() == 0) {
        SKIP("no other LLVM is installed");
    }
    check_scale(build({scale_text}));
}

TEST_CASE("where the compiler module is looked for can be read and added to")
{
    const std::vector<std::string> before = jit_folders();
    REQUIRE(before.size() >= 3);
    add_jit_folder("/somewhere/else");
    const std::vector<std::string> after = jit_folders();
    CHECK(after.front() == "/somewhere/else");
    CHECK(after.size() == before.size() + 1);
}
