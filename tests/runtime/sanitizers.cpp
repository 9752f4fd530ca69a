// Emitted code under a sanitizer. In a build without one, what its absence is called.
#include <croton/ir/error.hpp>
#include <croton/runtime/clang_jit.hpp>
#include <croton/runtime/program_library.hpp>
#include <croton/runtime/sanitizers.hpp>

#include <cstdint>
#include <dlfcn.h>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "process.hpp"
#include "support/catch.hpp"

namespace ct = croton;
using namespace croton::test;

namespace {

constexpr std::string_view program = R"(
typedef int i32;
#define EXPORT extern "C" __attribute__((visibility("default")))
EXPORT i32 element(const i32* x, i32 i) { return x[i]; }
EXPORT i32 shifted(i32 x, i32 by) { return x << by; }
EXPORT void increase(i32* x) { *x += 1; }
)";

/// In a file, so that the sanitizer's reports can name its functions.
struct Compiled {
    explicit Compiled(const std::string& sanitize)
    {
        ct::CompileOptions options;
        options.sanitize = ct::sanitizers(sanitize);
        const std::vector<std::vector<std::byte>> objects{
            ct::compile_object(program, "checked.cpp", options)};
        const std::vector<std::byte> bytes = ct::link_shared_object(objects, nullptr, options);
        const std::string path = folder / "checked.so";
        std::ofstream(path).write(reinterpret_cast<const char*>(bytes.data()),
                                  static_cast<std::streamsize>(bytes.size()));
        library = ct::ProgramLibrary::open_file(path);
    }
    TemporaryFolder folder;
    ct::ProgramLibrary library;
};

template <class F>
F* function(const ct::ProgramLibrary& library, const char* name)
{
    return reinterpret_cast<F*>(library.symbol(name));
}

bool has(const char* symbol) { return ::dlsym(RTLD_DEFAULT, symbol) != nullptr; }

std::string refusal(const std::string& list)
{
    try {
        return ct::sanitizers(list);
    } catch (const ct::Error& e) {
        return std::string(e.message());
    }
}

/// What a child that does `work` writes to its standard error.
std::string errors_of(const std::function<void()>& work)
{
    const TemporaryFolder folder;
    const std::string path = folder / "errors";
    const pid_t child = start_child([&] {
        ::dup2(::open(path.c_str(), O_WRONLY | O_CREAT, 0600), STDERR_FILENO);
        work();
        return 0;
    });
    (void)wait_for(child);
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

} // namespace

TEST_CASE("a list of sanitizers has one form, and names that are none are refused")
{
    CHECK(ct::sanitizers("").empty());
    CHECK(ct::sanitizers(" , ").empty());
    CHECK(refusal("adress") ==
          "sanitize: there is no sanitizer 'adress': address, undefined or thread");
    if (has("__asan_init")) CHECK(ct::sanitizers("undefined, address") == "address,undefined");
}

TEST_CASE("a sanitizer that the process does not have is named")
{
    for (const auto& [name, symbol] :
         {std::pair("address", "__asan_init"), {"thread", "__tsan_init"}}) {
        if (has(symbol)) continue;
        const std::string text = std::string("sanitize: this process has no ") + name +
                                 " sanitizer: link the program with -fsanitize=" + name +
                                 ", so that it has " + symbol;
        CHECK(refusal(name) == text);
    }
}

TEST_CASE("the address sanitizer sees what emitted code reads")
{
    if (!has("__asan_init")) SKIP("no address sanitizer in this build");
    const Compiled compiled("address");
    auto* const element =
        function<std::int32_t(const std::int32_t*, std::int32_t)>(compiled.library, "element");
    const std::vector<std::int32_t> x{1, 2, 3};
    CHECK(element(x.data(), 2) == 3);
    const std::string errors = errors_of([&] { (void)element(x.data(), 3); });
    CHECK_THAT(errors, contains("heap-buffer-overflow"));
    CHECK_THAT(errors, contains("in element"));
}

TEST_CASE("the undefined behaviour sanitizer sees what emitted code computes")
{
    if (!has("__ubsan_handle_pointer_overflow_abort"))
        SKIP("no undefined behaviour sanitizer in this build");
    const Compiled compiled("undefined");
    auto* const shifted =
        function<std::int32_t(std::int32_t, std::int32_t)>(compiled.library, "shifted");
    CHECK(shifted(3, 2) == 12);
    const std::string errors = errors_of([&] { (void)shifted(3, 40); });
    CHECK_THAT(errors, contains("checked.cpp:5"));
    CHECK_THAT(errors, contains("shift exponent 40 is too large"));
}

TEST_CASE("the thread sanitizer sees what threads write in emitted code")
{
    if (!has("__tsan_init")) SKIP("no thread sanitizer in this build");
    const Compiled compiled("thread");
    auto* const increase = function<void(std::int32_t*)>(compiled.library, "increase");
    const std::string errors = errors_of([&] {
        std::int32_t x = 0;
        std::thread other([&] { increase(&x); });
        increase(&x);
        other.join();
    });
    CHECK_THAT(errors, contains("data race"));
    CHECK_THAT(errors, contains("increase"));
}
