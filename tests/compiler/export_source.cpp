#include <croton/croton.hpp>

#include <array>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "runtime/process.hpp"
#include "support/catch.hpp"

namespace ct = croton;
using croton::test::contains;
using croton::test::TemporaryFolder;
using ct::Variable;

namespace {

constexpr const char* flags =
    "-O2 -ffp-contract=off -fno-math-errno -fno-trapping-math -march=x86-64-v3";

std::string read(const std::string& path)
{
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// Runs a command; what it printed, and whether it ended well.
bool runs(const std::string& command, std::string& output)
{
    const TemporaryFolder folder;
    const int status = std::system((command + " > " + (folder / "log") + " 2>&1").c_str());
    output = read(folder / "log");
    return status == 0;
}

struct Compiler {
    const char* name;
    const char* command;
};
constexpr Compiler compilers[] = {
    {"C11", "gcc -std=c11 -Wall -Wextra -Werror -ffreestanding"},
    {"C++20", "g++ -std=c++20 -x c++ -Wall -Wextra -Werror"},
};

using Run = std::int32_t (*)(const void* runtime,
                             const void* const* in,
                             void* const* out,
                             const std::int64_t* extents,
                             void* workspace,
                             void* report);
using Bytes = std::int64_t (*)(const std::int64_t* extents);
using Value = const void* (*)(std::int64_t i);

template <class F>
F symbol(void* library, const std::string& name)
{
    void* found = dlsym(library, name.c_str());
    INFO(name);
    REQUIRE(found);
    return reinterpret_cast<F>(found);
}

/// A function exported, compiled by every compiler and run: the same bits as `expected`, which the
/// function gave for `inputs` when its shared variables had their exported values.
void check_same_bits(const std::string& name,
                     const std::vector<ct::Array>& inputs,
                     std::int64_t shared,
                     std::int64_t constants,
                     const std::vector<ct::Array>& shared_before,
                     const std::vector<ct::Array>& expected,
                     const TemporaryFolder& folder)
{
    for (const Compiler& compiler : compilers) {
        INFO(compiler.name);
        const std::string library = folder / (name + "_" + compiler.name + ".so");
        std::string log;
        const bool compiled =
            runs(std::string(compiler.command) + " " + flags + " -shared -fPIC -o " + library +
                     " " + (folder / (name + ".c")),
                 log);
        INFO(log);
        REQUIRE(compiled);
        void* opened = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
        REQUIRE(opened);
        std::vector<const void*> in;
        std::vector<void*> out;
        std::vector<std::int64_t> extents;
        const auto add = [&](const ct::Array& a) {
            extents.insert(extents.end(), a.shape().begin(), a.shape().end());
        };
        for (const ct::Array& a : inputs) {
            in.push_back(a.data());
            add(a);
        }
        for (std::int64_t i = 0; i < shared; ++i) {
            in.push_back(symbol<Value>(opened, name + "_shared")(i));
            add(shared_before[static_cast<std::size_t>(i)]);
        }
        for (std::int64_t i = 0; i < constants; ++i)
            in.push_back(symbol<Value>(opened, name + "_constant")(i));
        std::vector<ct::Array> results;
        for (const ct::Array& a : expected) {
            results.push_back(ct::Array::zeros(a.dtype(), {a.shape().begin(), a.shape().end()}));
            out.push_back(results.back().data());
            add(a);
        }
        const auto bytes = static_cast<std::size_t>(
            symbol<Bytes>(opened, name + "_workspace_bytes")(extents.data()));
        std::vector<char> workspace(bytes + 64);
        auto at = reinterpret_cast<std::uintptr_t>(workspace.data());
        at = (at + 63) / 64 * 64;
        std::array<std::int64_t, 8> report{};
        REQUIRE(symbol<Run>(opened, name + "_run")(nullptr, in.data(), out.data(), extents.data(),
                                                   reinterpret_cast<void*>(at),
                                                   report.data()) == 0);
        for (std::size_t i = 0; i < expected.size(); ++i) {
            INFO("output " << i);
            CHECK(identical(results[i], expected[i]));
        }
        dlclose(opened);
    }
}

} // namespace

TEST_CASE("an exported training step gives the bits of the compiled one")
{
    const auto n = ct::dim("n");
    const auto x = ct::matrix<float>("x", {n, 20});
    const auto i = ct::vector<std::int64_t>("i", {n});
    const auto W = ct::shared("W", ct::Array::normal(1, {20, 12}));
    const auto p = ct::softmax(ct::dot(x, W), -1);
    const auto loss = -ct::mean(ct::log(ct::take_along_axis(p, ct::expand_dims(i, 1), 1)));
    const auto [W_bar] = ct::grad(loss, {W});
    const ct::Array scale = ct::Array::normal(2, {12});
    const auto train = ct::function(
        {x, i}, {ct::Output("loss", loss), ct::Output("scaled", tanh(p) * ct::Variable(scale))},
        {.name = "train", .updates = {{W, W - 0.1 * W_bar}}});
    const TemporaryFolder folder;
    train.export_source(folder.path().string());
    const ct::Array xv = ct::Array::normal(3, {100, 20});
    ct::Array iv = ct::Array::zeros<std::int64_t>({100});
    for (std::int64_t k = 0; k < 100; ++k)
        static_cast<std::int64_t*>(iv.data())[k] = k % 12;
    const ct::Array before = W.value();
    const auto results = train(xv, iv);
    check_same_bits("train", {xv, iv}, 1, 1, {before},
                    {results["loss"], results["scaled"], W.value()}, folder);
}

TEST_CASE("exported loops, 16-bit constants, bools and a name that is a keyword keep their bits")
{
    const auto n = ct::dim("n");
    const auto x = ct::matrix<double>("double", {n, 5});
    const auto run =
        ct::scan([](const ct::Variable& row, const ct::Variable& h) { return tanh(row + 0.5 * h); },
                 {.sequences = {x}, .init = {ct::Array::full<double>({5}, 0.25)}});
    const ct::Array narrow = ct::Array::normal(4, {5}).cast(ct::DType::bf16);
    const ct::Array wide = ct::Array::normal(6, {5}, ct::DType::f64);
    const auto sum =
        ct::cumsum(x, 0) * ct::Variable(narrow).as(ct::DType::f64) * ct::Variable(wide);
    const auto f = ct::function(
        {x},
        {ct::Output("last", run.last[0]), ct::Output("int", sum), ct::Output("positive", sum > 0)},
        {.name = "2 loops; */"});
    const TemporaryFolder folder;
    f.export_source(folder.path().string());
    const ct::Array xv = ct::Array::normal(5, {33, 5}, ct::DType::f64);
    const auto r = f(xv);
    std::string header = read(folder / "f2_loops____.h");
    CHECK_THAT(header, contains("f2_loops_____call(int64_t n,"));
    CHECK_THAT(header, contains(" const double* double_0,"));
    check_same_bits("f2_loops____", {xv}, 0, 3, {}, {r[0], r[1], r[2]}, folder);
}

TEST_CASE(
    "exported branches, loops that stop by themselves and loops in one kernel keep their bits")
{
    const auto a = ct::scalar<double>("a");
    const auto xs = ct::vector<double>("xs", {ct::dim("n")});
    const auto newton = [&] {
        return ct::while_loop([&](const Variable& r) { return abs(r * r - a) > 1e-12 * a; },
                              [&](const Variable& r) { return 0.5 * (r + a / r); }, {a}, 60)[0];
    };
    const auto root = ct::cond(a > 0.0, newton, [&] { return -a; })[0];
    const auto until =
        ct::scan([&](const Variable& x,
                     const Variable& s) { return ct::Step{.state = {s + x}, .until = s > 3.0}; },
                 {.sequences = {xs}, .init = {a}, .reverse = true});
    const auto lagged = ct::scan([&](const Variable& before, const Variable& x,
                                     const Variable& s) { return sin(s) * before + x; },
                                 {.sequences = {{xs, {-1, 0}}}, .init = {a}});
    const auto f = ct::function(
        {a, xs}, {root, until.history[0], until.count, lagged.history[0], lagged.last[0]},
        {.name = "control"});
    const TemporaryFolder folder;
    f.export_source(folder.path().string());
    const ct::Array av = ct::Array::scalar(2.0);
    const ct::Array xv = ct::Array::uniform(7, {9}, ct::DType::f64, 0, 1);
    const auto r = f(av, xv);
    check_same_bits("control", {av, xv}, 0, 0, {}, {r[0], r[1], r[2], r[3], r[4]}, folder);
}

TEST_CASE("a C program calls an exported function through its header, two in one program")
{
    const auto n = ct::dim("n");
    const auto x = ct::vector<double>("x", {n}), y = ct::vector<double>("y", {n});
    const auto w = ct::shared("w", ct::Array::full<double>({}, 2.5));
    const auto add = ct::function({x, y}, ct::Output("z", w * x + y), {.name = "axpy"});
    const auto total = ct::function({x}, ct::Output("total", ct::sum(x)), {.name = "total"});
    const TemporaryFolder folder;
    add.export_source(folder.path().string());
    total.export_source(folder.path().string());
    std::ofstream(folder / "main.c") << R"(#include "axpy.h"
#include "total.h"
#include <stdio.h>
int main(void)
{
    static char work[4096] __attribute__((aligned(64)));
    double x[3] = {1, 2, 3}, y[3] = {10, 20, 30}, z[3], sum;
    struct ct_report report;
    const double* w = (const double*)axpy_shared(0);
    if (axpy_call_workspace_bytes(3) != 0) return 2;
    if (axpy_call(3, x, y, w, z, 0, 0, &report) != 0) return 3;
    if (total_call_workspace_bytes(3) > (int64_t)sizeof work) return 4;
    if (total_call(3, z, &sum, work, 0, &report) != 0) return 5;
    int64_t wrong[3] = {3, 4, 3};
    const void* in[3] = {x, y, w};
    void* out[1] = {z};
    int32_t code = axpy_run(0, in, out, wrong, 0, &report);
    printf("%g %g %g %g; %s: %d, not %d\n", z[0], z[1], z[2], sum, axpy_failure(code),
           (int)report.values[0], (int)report.values[1]);
    return 0;
}
)";
    for (const Compiler& compiler : compilers) {
        INFO(compiler.name);
        std::string output;
        const std::string hosted = std::string(compiler.command) == compilers[0].command
                                       ? "gcc -std=c11 -Wall -Wextra -Wpedantic -Werror"
                                       : compiler.command;
        const bool compiled =
            runs(hosted + " " + flags + " -o " + (folder / "main") + " " + (folder / "main.c") +
                     " " + (folder / "axpy.c") + " " + (folder / "total.c"),
                 output);
        INFO(output);
        REQUIRE(compiled);
        REQUIRE(runs(folder / "main", output));
        CHECK(output == "12.5 25 37.5 75; axis 0 of input 'y' is not n: 4, not 3\n");
    }
}

TEST_CASE("exported code tells the op whose index is out of range or whose result is not finite")
{
    const auto x = ct::vector<double>("x", {3});
    const auto i = ct::vector<std::int64_t>("i", {2});
    const int line = __LINE__ + 1;
    const auto taken = log(ct::take(x, i, 0));
    ct::Options options{.name = "pick"};
    options.finite_checks = true;
    const TemporaryFolder folder;
    ct::function({x, i}, ct::Output("y", taken), options).export_source(folder.path().string());
    std::ofstream(folder / "main.c") << R"(#include "pick.h"
#include <stdio.h>
static char work[4096] __attribute__((aligned(64)));
static void call(double first, int64_t second)
{
    double x[3] = {1, 2, 3}, y[2];
    int64_t i[2] = {0, 1};
    struct ct_report report;
    x[0] = first;
    i[1] = second;
    const int32_t code = pick_call(x, i, y, work, 0, &report);
    printf("%s: %s\n", pick_failure(code), code == 0 ? "nothing" : pick_failed_op(&report));
}
int main(void)
{
    if (pick_call_workspace_bytes() > (int64_t)sizeof work) return 2;
    call(1, 1);
    call(1, 7);
    call(0, 1);
    return 0;
}
)";
    std::string output;
    const bool compiled =
        runs(std::string("gcc -std=c11 -Wall -Wextra -Wpedantic -Werror ") + flags + " -o " +
                 (folder / "main") + " " + (folder / "main.c") + " " + (folder / "pick.c"),
             output);
    INFO(output);
    REQUIRE(compiled);
    REQUIRE(runs(folder / "main", output));
    const std::string at = " at export_source.cpp:" + std::to_string(line) + "\n";
    CHECK(output == "ok: nothing\n"
                    "an index is out of range: take" +
                        at + "a value is not finite: log" + at);
    CHECK_THAT(read(folder / "pick.h"),
               contains("const char* pick_failed_op(const struct ct_report* report);"));
}

TEST_CASE("exported code names the op of a column-major result that is not finite")
{
    const auto x = ct::matrix<double>("x");
    ct::Options options{.name = "logs"};
    options.finite_checks = true;
    const TemporaryFolder folder;
    ct::function({x}, ct::Output("y", log(x), ct::Layout::column_major), options)
        .export_source(folder.path().string());
    const std::string text = read(folder / "logs.c");
    CHECK_THAT(text, contains("\"log at export_source.cpp:"));
    CHECK_THAT(text, !contains("\"transpose at "));
}

TEST_CASE("exported loops of which Clang makes no vectors are compiled without a warning")
{
    const auto x = ct::matrix<double>("x");
    const auto i = ct::vector<std::int64_t>("i");
    const auto k = ct::matrix<std::int64_t>("k");
    const TemporaryFolder folder;
    ct::function({x, i, k}, {ct::sum(sin(ct::take(x, i, 1)), 1), ct::argmax(pow(k, k), 1)},
                 {.name = "lanes"})
        .export_source(folder.path().string());
    bool found = false;
    for (const std::string clang : {"clang-22", "clang-19"}) {
        std::string output;
        if (!runs(clang + " --version", output)) continue;
        found = true;
        INFO(clang);
        const bool compiled = runs(clang + " -std=c11 -Wall -Wextra -Werror " + flags + " -c -o " +
                                       (folder / "lanes.o") + " " + (folder / "lanes.c"),
                                   output);
        INFO(output);
        CHECK(compiled);
    }
    if (!found) SKIP("clang is not installed");
}

TEST_CASE("an exported call without a workspace is refused where it needs one")
{
    const auto x = ct::matrix<double>("x", {ct::dim("n"), 4});
    const auto y =
        ct::softmax(ct::dot(ct::dot(x, ct::Array::normal(1, {4, 4})), ct::transpose(x)), 0);
    const TemporaryFolder folder;
    ct::function({x}, ct::Output("y", y), {.name = "gram"}).export_source(folder.path().string());
    std::ofstream(folder / "main.c") << R"(#include "gram.h"
#include <stdio.h>
int main(void)
{
    static const double x[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    static char work[65536] __attribute__((aligned(64)));
    double y[4];
    struct ct_report report;
    if (gram_call_workspace_bytes(2) == 0) return 2;
    const int32_t code = gram_call(2, x, y, 0, 0, &report);
    printf("%s, %d\n", gram_failure(code), report.code == code);
    printf("%s\n", gram_failure(gram_call(2, x, y, work, 0, &report)));
    return 0;
}
)";
    std::string output;
    const bool compiled =
        runs(std::string("gcc -std=c11 -Wall -Wextra -Wpedantic -Werror ") + flags + " -o " +
                 (folder / "main") + " " + (folder / "main.c") + " " + (folder / "gram.c"),
             output);
    INFO(output);
    REQUIRE(compiled);
    const bool ended = runs(folder / "main", output);
    INFO(output);
    REQUIRE(ended);
    CHECK(output == "there is no workspace, 1\nok\n");
}

TEST_CASE("an exported header says which arrays are column-major, and a C program fills them so")
{
    const auto n = ct::dim("n");
    const auto x = ct::matrix<double>("x", {n, 3}), y = ct::matrix<double>("y", {n, 3});
    const auto w = ct::shared("w", ct::Array::full<double>({3}, 100));
    const auto f = ct::function(
        {ct::Input(x, ct::Layout::column_major), y},
        {ct::Output("z", x + y + w, ct::Layout::column_major), ct::Output("rows", ct::sum(x, 1))},
        {.name = "mixed"});
    const TemporaryFolder folder;
    f.export_source(folder.path().string());
    const std::string header = read(folder / "mixed.h");
    CHECK_THAT(header, contains(R"(
/* Arrays are row-major (C order) where the table does not say column-major (Fortran order),
 * aligned to their elements, and no output overlaps another array. Extents are not negative:
 * that is not checked.
 *
 *   in[0]     x                f64 (n, 3), column-major
 *   in[1]     y                f64 (n, 3)
 *   in[2]     w                f64 (3), shared: mixed_shared(0) is its value when this was written
 *   out[0]    z                f64 (n, 3), column-major
 *   out[1]    rows             f64 (n)
)"));
    CHECK_THAT(header, contains("; the last axis first\n * where an array is column-major. */"));
    std::ofstream(folder / "main.c") << R"(#include "mixed.h"
#include <stdio.h>
int main(void)
{
    double x[6] = {1, 4, 2, 5, 3, 6}, y[6] = {10, 20, 30, 40, 50, 60}, z[6], rows[2];
    const double* w = (const double*)mixed_shared(0);
    if (mixed_call_workspace_bytes(2) != 0) return 2;
    if (mixed_call(2, x, y, w, z, rows, 0, 0, 0) != 0) return 3;
    printf("%g %g %g %g %g %g; %g %g\n", z[0], z[1], z[2], z[3], z[4], z[5], rows[0], rows[1]);
    return 0;
}
)";
    std::string output;
    const bool compiled =
        runs("gcc -std=c11 -Wall -Wextra -Werror " + std::string(flags) + " -o " +
                 (folder / "main") + " " + (folder / "main.c") + " " + (folder / "mixed.c"),
             output);
    INFO(output);
    REQUIRE(compiled);
    REQUIRE(runs(folder / "main", output));
    CHECK(output == "111 144 122 155 133 166; 6 15\n");
}

TEST_CASE("an exported function whose inputs are not all used compiles without a warning")
{
    const auto n = ct::dim("n"), m = ct::dim("m");
    const auto x = ct::vector<float>("x", {n}), y = ct::matrix<float>("y", {m, n});
    const auto f = ct::function({x, y}, ct::Output("z", 2 * Variable(n) + 0),
                                {.name = "shapes", .allow_unused_inputs = true});
    const TemporaryFolder folder;
    f.export_source(folder.path().string());
    const ct::Array xv = ct::zeros<float>({3}), yv = ct::zeros<float>({2, 3});
    check_same_bits("shapes", {xv, yv}, 0, 0, {}, {f(xv, yv)[0]}, folder);
}

TEST_CASE("names that look like C neither end a comment nor a line of the exported text")
{
    const ct::Scope scope("step */ \\");
    const auto n = ct::dim("n /*"), m = ct::dim("m //\\");
    const auto x = ct::matrix<float>("a b/*", {n, m}), y = ct::matrix<float>("c*/ d #e", {m, n});
    const auto w = ct::shared("w?"
                              "?/",
                              ct::Array::full<float>({3}, 2)),
               v = ct::shared("/*/", ct::zeros<float>({}));
    const auto sum = (ct::exp(x + ct::transpose(y) + w) * 2).named("inner */ \\");
    const auto steps =
        ct::scan([](const Variable& row, const Variable& h) { return h * 0.5 + ct::sum(row); },
                 {.sequences = {sum}, .init = {ct::zeros<float>({})}});
    const auto f = ct::function({x, y},
                                {ct::Output("r*/", sum / ct::sum(sum)),
                                 ct::Output("s?"
                                            "?/",
                                            ct::sum(sum, ct::Axis{1})),
                                 ct::Output("/* t \\", steps.last[0])},
                                {.name = "names /*", .updates = {{v, v + ct::sum(sum)}}});
    const TemporaryFolder folder;
    f.export_source(folder.path().string());
    const ct::Array xv = ct::Array::normal(8, {4, 3}), yv = ct::Array::normal(9, {3, 4});
    const std::vector<ct::Array> before{w.value(), v.value()};
    const auto r = f(xv, yv);
    check_same_bits("names___", {xv, yv}, 2, 1, before, {r[0], r[1], r[2], v.value()}, folder);
    std::ofstream(folder / "whole.c") << f.full_source();
    std::string log;
    CHECK(runs(std::string(compilers[0].command) + " " + flags + " -c -o /dev/null " +
                   (folder / "whole.c"),
               log));
    CHECK(log.empty());
}

TEST_CASE("exported files say how they are compiled, include nothing, and refuse what has no text")
{
    const auto x = ct::scalar<double>("x");
    const TemporaryFolder folder;
    const ct::Function inc = ct::function({x}, x + 1, {.name = "inc"});
    inc.export_source(folder / "made");
    for (const char* file : {"made/inc.c", "made/inc.h"}) {
        INFO(file);
        CHECK_THAT(read(folder / file), contains(flags));
    }
    CHECK(read(folder / "made/inc.c").find("#include") == std::string::npos);
    const std::string header = read(folder / "made/inc.h");
    CHECK(header.find("#include") == header.rfind("#include"));
    inc.export_source(folder / "cpp", "c++20");
    CHECK(read(folder / "cpp/inc.cpp") == read(folder / "made/inc.c"));
    CHECK(read(folder / "cpp/inc.h") == read(folder / "made/inc.h"));
    CHECK_NOTHROW(inc.export_source(folder / "made", "c++20"));
    CHECK_THROWS_WITH(
        ct::function({x}, x + 2, {.name = "inc"}).export_source(folder / "made", "c++20"),
        contains("inc.h is there already, of another function named 'inc'"));
    CHECK_THROWS_WITH(inc.export_source(folder / "made", "rust"),
                      "export_source: 'rust' is no language of exported text, which is 'c11' or "
                      "'c++20'");
    const auto slow = ct::function({x}, x + 1, {.name = "inc", .reference = true});
    CHECK_THROWS_WITH(slow.export_source(folder / "made"),
                      "export_source: 'inc' is in reference mode, which has no text");
    std::ofstream(folder / "file") << "x";
    CHECK_THROWS_WITH(ct::function({x}, x + 1).export_source(folder / "file/inside"),
                      contains("file/inside: cannot be made: "));
}

TEST_CASE("functions of one line that differ in a constant's elements are two, of two lines one")
{
    const TemporaryFolder folder;
    const auto x = ct::vector<double>("x", {40});
    const auto layer = [&](std::uint64_t key) {
        const ct::Variable w = ct::Array::normal(key, {40}, ct::DType::f64);
        return ct::function({x}, x * w, {.name = "layer"});
    };
    layer(1).export_source(folder.path().string());
    CHECK_THROWS_WITH(layer(2).export_source(folder.path().string()),
                      contains("of another function named 'layer'"));
    ct::function({x}, x + 1, {.name = "g"}).export_source(folder.path().string());
    CHECK_NOTHROW(ct::function({x}, x + 1, {.name = "g"}).export_source(folder.path().string()));
}

TEST_CASE("functions whose shared variables have other names are two")
{
    const TemporaryFolder folder;
    const auto x = ct::vector<double>("x", {3});
    const auto write = [&](const std::string& name, double value) {
        const auto w = ct::shared(name, ct::Array::full<double>({3}, value));
        ct::function({x}, x * w, {.name = "f"}).export_source(folder.path().string());
    };
    write("first", 2);
    const std::string header = read(folder / "f.h"), source = read(folder / "f.c");
    CHECK_THROWS_WITH(write("second", 3), contains("of another function named 'f'"));
    CHECK(read(folder / "f.h") == header);
    CHECK(read(folder / "f.c") == source);
}

TEST_CASE("files that could not be written are no other function's")
{
    const TemporaryFolder folder;
    const auto x = ct::vector<double>("x", {3});
    std::ofstream(folder / "f.c") << "of another run";
    std::filesystem::create_directory(folder / "f.h");
    CHECK_THROWS_WITH(ct::function({x}, x * 2, {.name = "f"}).export_source(folder.path().string()),
                      contains("f.h: cannot be written: "));
    std::filesystem::remove(folder / "f.h");
    CHECK_NOTHROW(ct::function({x}, x + 1, {.name = "f"}).export_source(folder.path().string()));
}

TEST_CASE("another function of the same name is not written over, the same one and an old file are")
{
    const TemporaryFolder folder, other;
    const auto x = ct::vector<double>("x", {3});
    const auto scale = ct::shared("scale", ct::Array::full<double>({3}, 2));
    const auto f = ct::function({x}, x * scale, {.name = "f"});
    const std::string path = folder / "f.c";
    std::ofstream(path) << "of another run";
    f.export_source(folder.path().string());
    const std::string text = read(path);
    CHECK(text.size() > 100);
    // Again, with other values.
    scale.set(ct::Array::full<double>({3}, 4));
    f.export_source(folder.path().string());
    CHECK(read(path) != text);
    const auto g = ct::function({x}, x + 1, {.name = "f"});
    const std::string now = read(path);
    CHECK_THROWS_WITH(g.export_source(folder.path().string()),
                      "export_source: " + (folder / "f.h") +
                          " is there already, of another function named 'f' of this program; give "
                          "one of them another Options::name, or another folder");
    CHECK(read(path) == now);
    g.export_source(other.path().string());
    std::filesystem::remove(folder / "f.h");
    g.export_source(folder.path().string());
    CHECK(read(path) == read(other / "f.c"));
}
