#include <croton/runtime/kernel_cache.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "process.hpp"
#include "support/catch.hpp"
#include "texts.hpp"

using namespace croton;
using namespace croton::test;

namespace {

const std::string kernel_text = prelude + R"(
extern "C" __attribute__((noinline)) void fused_0(i64 n, f32* z)
{
    for (i64 i = 0; i < n; ++i) {
        z[i] = z[i] * 0.5f; // halved for the debugger
    }
}
CT_EXPORT void run(i64 n, f32* z) { fused_0(n, z); }
)";

std::string output_of(const std::string& command)
{
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(command.c_str(), "r"),
                                                               ::pclose);
    std::string text;
    for (int c = 0; (c = std::fgetc(pipe.get())) != EOF;) {
        text += static_cast<char>(c);
    }
    return text;
}

} // namespace

TEST_CASE("a kernel runs for a debugger", "[.]")
{
    const char* const folder = std::getenv("CROTON_TEST_FOLDER");
    if (!folder) {
        return; // selected by its file's tag and not by the test below, which starts it
    }
    KernelCache cache({.folder = folder});
    const std::vector<ProgramUnit> units = {{kernel_text, {}}};
    const ProgramLibrary library = cache.load(units, "step");
    std::vector<float> z(100, 4.0f);
    reinterpret_cast<void (*)(std::int64_t, float*)>(library.symbol("run"))(100, z.data());
    CHECK(z[99] == 2.0f);
}

TEST_CASE("gdb breaks in a kernel by its name and shows its text")
{
    if (std::system("gdb --version > /dev/null 2>&1") != 0) {
        SKIP("gdb is not installed");
    }
    const TemporaryFolder folder;
    const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
    const std::string output =
        output_of("CROTON_TEST_FOLDER=" + folder.path().string() +
                  " gdb -nx -batch -ex 'set debuginfod enabled off' -ex 'set breakpoint pending on'"
                  " -ex 'break fused_0' -ex run -ex 'list fused_0' -ex continue --args " +
                  self + " 'a kernel runs for a debugger' 2>&1");
    if (output.find("ptrace: Operation not permitted") != std::string::npos) {
        SKIP("this system does not let gdb trace a program");
    }
    CHECK_THAT(output, contains("fused_0 () at " + folder.path().string() + "/step-"));
    CHECK_THAT(output, contains("z[i] = z[i] * 0.5f; // halved for the debugger"));
}

// Valgrind 3.19, Debian 12's, ends a program that opens a file with clang's debug information of
// version 5.
TEST_CASE("line tables are of a version that every tool reads")
{
    const TemporaryFolder folder;
    KernelCache cache({.folder = folder.path().string()});
    const std::vector<ProgramUnit> units = {{kernel_text, {}}};
    const ProgramLibrary library = cache.load(units, "step");
    const std::string lines =
        output_of("readelf --debug-dump=rawline " + folder.path().string() + "/*.so 2>&1");
    INFO(lines);
    const std::size_t at = lines.find("DWARF Version:");
    REQUIRE(at != lines.npos);
    CHECK_THAT(lines.substr(at, lines.find('\n', at) - at), contains(" 4"));
}

TEST_CASE("a kernel runs for a profiler", "[.]")
{
    const char* const folder = std::getenv("CROTON_TEST_FOLDER");
    if (!folder) {
        return;
    }
    KernelCache cache({.folder = folder});
    const std::vector<ProgramUnit> units = {{kernel_text, {}}};
    const ProgramLibrary library = cache.load(units, "step");
    const auto run = reinterpret_cast<void (*)(std::int64_t, float*)>(library.symbol("run"));
    std::vector<float> z(10'000, 0.0f);
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
    while (std::chrono::steady_clock::now() < end) {
        run(static_cast<std::int64_t>(z.size()), z.data());
    }
    CHECK(z[0] == 0.0f);
}

TEST_CASE("perf names a kernel")
{
    const TemporaryFolder folder;
    const std::string data = folder / "perf.data";
    const std::string record = "perf record -q -e cpu-clock -o " + data + " ";
    if (std::system((record + "true > /dev/null 2>&1").c_str()) != 0) {
        SKIP("perf is not installed or may not record");
    }
    const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
    const std::string recorded = output_of("CROTON_TEST_FOLDER=" + folder.path().string() + " " +
                                           record + self + " 'a kernel runs for a profiler' 2>&1");
    INFO(recorded);
    const std::string report =
        output_of("perf report -i " + data + " --stdio --sort symbol,dso --percent-limit 20 2>&1");
    // "    93.12%  [.] fused_0  8f3c..b1.so"
    INFO(report);
    const std::size_t at = report.find("[.] fused_0 ");
    REQUIRE(at != report.npos);
    CHECK_THAT(report.substr(at, report.find('\n', at) - at), contains(".so"));
}
