// What the machine lacks: the compiler, a BLAS, a home, a CPU that is new enough. Each in a process
// of its own, since the compiler and the environment are looked at once.
#include <croton/compiler/info.hpp>
#include <croton/croton.hpp>
#include <croton/runtime/clang_jit.hpp>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

#include "errors/expect.hpp"
#include "runtime/process.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace ct = croton;
using croton::test::contains;
using croton::test::TemporaryFolder;

namespace {

std::atomic<bool> compiler_is_missing = false;
std::atomic<bool> loader_refuses_programs = false;

/// A function that no test of another file compiles.
ct::Function compiled(double offset, ct::Options options = {})
{
    const auto x = ct::vector<double>("x", {ct::dim("n")});
    return ct::function({x}, {x * 3 + offset}, std::move(options));
}
constexpr int compiled_at = __LINE__ - 2;

double value_at_two(const ct::Function& f)
{
    return f(ct::Array::full<double>({4}, 2))[0].as_double(3);
}

/// Checks the error's text, and that `op` and the line `line` of this file are at fault.
void check_refused(const std::function<void()>& work,
                   const std::string& text,
                   const std::string& op = "jit",
                   int line = compiled_at)
{
    try {
        work();
    } catch (const ct::BackendError& e) {
        CHECK(std::string(e.message()) == text);
        CHECK(e.op() == op);
        CHECK(e.code() == ct::Code::device);
        CHECK(to_string(e.where()) == "backend.cpp:" + std::to_string(line));
        return;
    }
    FAIL("nothing was refused; expected: " << text);
}

/// What is said where croton_jit.so is looked for in every folder and the loader does not open it.
std::string not_found_text()
{
    std::string text = "jit: the compiler module croton_jit.so can't be opened; CROTON_JIT in the "
                       "environment names its folder; tried:";
    for (const std::string& folder : ct::jit_folders()) {
        const std::string file = folder + "/croton_jit.so";
        text += "\n  " + file + ": ";
        text += std::filesystem::exists(file)
                    ? "/nowhere/croton_jit.so: cannot open shared object file: No such file or "
                      "directory"
                    : "no such file";
    }
    return text;
}

/// Whether this process was started by check_alone(): the tag of the file selects its hidden test
/// cases too.
bool is_child() { return std::getenv("CROTON_TEST_CHILD") != nullptr; }

std::string read(const std::string& path)
{
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

/// Runs the hidden test case `name` of this program in a process of its own. `environment` stands
/// before the command: assignments, or `env` with its options.
void check_alone(const std::string& name, const std::string& environment)
{
    const TemporaryFolder folder;
    const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
    const std::string log = folder / "log";
    const std::string command = "export CROTON_TEST_CHILD=1; " + environment + " " + self + " \"" +
                                name + "\" > " + log + " 2>&1";
    const int status = std::system(command.c_str());
    INFO(read(log));
    CHECK(status == 0);
}

} // namespace

/// Stands before the C library's: the compiler's module is not found where it is.
extern "C" void* dlopen(const char* file, int mode)
{
    using Open = void* (*)(const char*, int);
    static const auto real = reinterpret_cast<Open>(::dlsym(RTLD_NEXT, "dlopen"));
    if (compiler_is_missing && file && std::strstr(file, "croton_jit.so"))
        return real("/nowhere/croton_jit.so", mode);
    if (loader_refuses_programs && file && std::strncmp(file, "/proc/", 6) == 0)
        return real("/nowhere/program.so", mode);
    return real(file, mode);
}

TEST_CASE("child: without the compiler", "[.]")
{
    if (!is_child()) return;
    compiler_is_missing = true;
    check_refused([] { compiled(1, {.cache = false}); }, not_found_text());
    CHECK(value_at_two(compiled(1, {.reference = true})) == 7);
    // Nothing of the failure stays.
    compiler_is_missing = false;
    CHECK(value_at_two(compiled(1, {.cache = false})) == 7);
}

TEST_CASE("without the compiler a function is refused, says where it was looked for, and the "
          "reference mode works")
{
    check_alone("child: without the compiler", "CROTON_CACHE=off");
}

void check_only_folder()
{
    check_refused([] { compiled(1, {.cache = false}); },
                  "jit: the compiler module can't be opened in '/nowhere', the only folder that is "
                  "searched, as use_jit_folder() or CROTON_JIT in the environment says:\n"
                  "  /nowhere/croton_jit.so: no such file");
    CHECK(value_at_two(compiled(1, {.reference = true})) == 7);
}

TEST_CASE("child: a folder without the compiler", "[.]")
{
    if (!is_child()) return;
    check_only_folder();
}

TEST_CASE("child: use_jit_folder() of a folder without the compiler", "[.]")
{
    if (!is_child()) return;
    ct::use_jit_folder("/nowhere");
    check_only_folder();
}

TEST_CASE("a wrong CROTON_JIT or use_jit_folder() is refused where something is to be compiled")
{
    check_alone("child: a folder without the compiler", "CROTON_CACHE=off CROTON_JIT=/nowhere");
    check_alone("child: use_jit_folder() of a folder without the compiler", "CROTON_CACHE=off");
}

TEST_CASE("child: compiles two functions", "[.]")
{
    if (!is_child()) return;
    CHECK(value_at_two(compiled(1)) == 7);
    CHECK(value_at_two(compiled(2)) == 8);
}

TEST_CASE("child: two cached functions without the compiler", "[.]")
{
    if (!is_child()) return;
    compiler_is_missing = true;
    CHECK(value_at_two(compiled(1)) == 7);
    CHECK(value_at_two(compiled(2)) == 8);
    check_refused([] { compiled(3); }, not_found_text());
}

TEST_CASE("without the compiler cached functions run, and only new ones are refused")
{
    const TemporaryFolder folder;
    const std::string environment = "CROTON_CACHE=" + (folder / "cache");
    check_alone("child: compiles two functions", environment);
    check_alone("child: two cached functions without the compiler", environment);
}

TEST_CASE("child: a loader that opens no programs", "[.]")
{
    if (!is_child()) return;
    loader_refuses_programs = true;
    check_refused(
        [] { compiled(1, {.cache = false}); },
        "program library: the program can't be opened: /nowhere/program.so: cannot open shared "
        "object file: No such file or directory",
        "program library");
    CHECK(value_at_two(compiled(1, {.reference = true})) == 7);
    loader_refuses_programs = false;
    CHECK(value_at_two(compiled(1, {.cache = false})) == 7);
}

TEST_CASE("where the loader opens no programs a function is refused with the loader's reason")
{
    check_alone("child: a loader that opens no programs", "CROTON_CACHE=off");
}

#if defined(CROTON_DIGITS) && !defined(CROTON_INSTRUMENTED)
TEST_CASE("without the compiler the demo runs from a warm cache, and only from that")
{
    const TemporaryFolder folder;
    const auto run = [&](const std::string& cache, const std::string& preloaded) {
        const std::string log = folder / "log";
        const int status =
            std::system(("CROTON_CACHE=" + (folder / cache) + " LD_PRELOAD=" + preloaded +
                         " " CROTON_DIGITS " > " + log + " 2>&1")
                            .c_str());
        return std::pair(status == 0, read(log));
    };
    const auto [filled, first] = run("warm", "");
    INFO(first);
    REQUIRE(filled);
    const auto [again, second] = run("warm", CROTON_NO_JIT);
    INFO(second);
    CHECK(again);
    CHECK_THAT(second, contains("\ntest accuracy 0.9778 (352/360)\n"));
    // All numbers and the kernel are the same.
    const auto results = [](std::string text) {
        const std::size_t times = text.find("compiled in ");
        return times == text.npos ? text : text.erase(times, text.find('\n', times) - times);
    };
    CHECK(results(first) == results(second));
    const auto [cold, third] = run("cold", CROTON_NO_JIT);
    CHECK_FALSE(cold);
    CHECK_THAT(third, contains("the compiler module croton_jit.so can't be opened"));
}
#endif

TEST_CASE("child: without a library for products", "[.]")
{
    if (!is_child()) return;
    const auto x = ct::matrix<double>("x", {ct::dim("n"), ct::dim("n")});
    const auto made = [&](bool reference) {
        ct::Options options{.name = "square"};
        options.matmul = ct::Matmul::library;
        options.reference = reference;
        return ct::function({x}, {ct::dot(x, x)}, options);
    };
    constexpr int made_at = __LINE__ - 2;
    check_refused(
        [&] { made(false); },
        "matmul: no library for matrix products can be opened, tried:\n"
        "  /nowhere/libblas.so: cannot open shared object file: No such file or directory",
        "matmul", made_at);
    CHECK_THAT(ct::info(), contains("for Matmul::library, not opened yet: /nowhere/libblas.so\n"));
    CHECK(made(true)(ct::Array::full<double>({1, 1}, 3))[0].as_double(0) == 9);
    CHECK(value_at_two(compiled(1)) == 7);
}

TEST_CASE("a function with Matmul::library is refused where there is none, others are not")
{
    check_alone("child: without a library for products", "CROTON_BLAS=/nowhere/libblas.so");
}

TEST_CASE("child: no home", "[.]")
{
    if (!is_child()) return;
    CHECK(value_at_two(compiled(1)) == 7);
    CHECK_THAT(ct::info(), contains("no disk cache: no folder"));
}

TEST_CASE("without HOME and XDG_CACHE_HOME functions compile and nothing is kept")
{
    check_alone("child: no home", "env -u HOME -u XDG_CACHE_HOME -u CROTON_CACHE");
    check_alone("child: no home", "HOME= XDG_CACHE_HOME= CROTON_CACHE=");
}

TEST_CASE("child: a home that is not there", "[.]")
{
    if (!is_child()) return;
    CHECK(value_at_two(compiled(1)) == 7);
    CHECK_THAT(ct::info(), contains("no disk cache: /proc/nobody/.cache/croton: "));
}

TEST_CASE("a HOME that cannot be made is gone without")
{
    check_alone("child: a home that is not there",
                "env -u XDG_CACHE_HOME -u CROTON_CACHE HOME=/proc/nobody");
}

TEST_CASE("child: a folder for programs that cannot be made", "[.]")
{
    if (!is_child()) return;
    const ct::Function f = compiled(1);
    CHECK(value_at_two(f) == 7);
    const std::string told = "cache      no disk cache: /proc/programs: ";
    CHECK_THAT(ct::info(), contains(told));
    CHECK_THAT(f.explain(), contains(told));
}

TEST_CASE("a CROTON_CACHE that cannot be made is gone without, info() and explain() say why")
{
    check_alone("child: a folder for programs that cannot be made", "CROTON_CACHE=/proc/programs");
}

TEST_CASE("child: an environment with a value that is none", "[.]")
{
    if (!is_child()) return;
    const std::string text = read(std::getenv("CROTON_TEST_FILE"));
    const auto x = ct::vector<double>("x");
    for (int i = 0; i < 2; ++i)
        CHECK_REFUSED(ct::function({x}, {x + 1}), domain, text);
}

TEST_CASE("a variable of the environment that is not what it must be is refused by name")
{
    const TemporaryFolder folder;
    const auto check = [&](const std::string& name, const std::string& value,
                           const std::string& needed) {
        std::ofstream(folder / "text")
            << "environment: " << name << " is '" << value << "', it must be " << needed;
        check_alone("child: an environment with a value that is none",
                    "env CROTON_CACHE=off CROTON_TEST_FILE=" + (folder / "text") + " " + name +
                        "='" + value + "'");
    };
    for (const char* value : {"abc", "10k", "-5", "+5", " 5", "5.0", "17592186044416"})
        check("CROTON_CACHE_MIB", value, "a whole number of MiB, from 0 to 17592186044415");
    check("CROTON_VERIFY", "yes", "0 or 1");
    check_alone("child: no home", "CROTON_CACHE_MIB=0 CROTON_VERIFY=0 HOME= XDG_CACHE_HOME= "
                                  "CROTON_CACHE=");
}

#if defined(__x86_64__) && defined(__GNUC__)
/// What the compiler's run-time library found out about this CPU, which __builtin_cpu_supports
/// reads: the fourth word has the features that were known first.
extern "C" unsigned int __cpu_model[4]; // NOLINT(readability-identifier-naming): its name

TEST_CASE("child: a CPU of 2010", "[.]")
{
    if (!is_child()) return;
    __builtin_cpu_init();
    __cpu_model[3] = 0;
    const char* text =
        "jit: this CPU is older than x86-64-v3: it lacks avx, avx2, fma, bmi, bmi2, popcnt";
    check_refused([] { compiled(1, {.cache = false}); }, text);
    check_refused([] { compiled(1); }, text);
    CHECK_THAT(ct::info(), contains("older than x86-64-v3: programs do not run here"));
    CHECK(value_at_two(compiled(1, {.reference = true})) == 7);
}

TEST_CASE("a CPU below the baseline is refused by what it lacks, programs from the cache too")
{
    const TemporaryFolder folder;
    const std::string environment = "CROTON_CACHE=" + (folder / "cache");
    check_alone("child: compiles two functions", environment);
    check_alone("child: a CPU of 2010", environment);
}
#endif

TEST_CASE("more memory than there is: typed, with the bytes")
{
    try {
        (void)ct::Array::empty(ct::DType::f64, {std::int64_t{1} << 56});
        FAIL("nothing was refused");
    } catch (const ct::BackendError& e) {
        CHECK(e.code() == ct::Code::memory);
        CHECK(std::string(e.message()) == "array: out of memory: 576460752303423488 bytes");
    }
}
