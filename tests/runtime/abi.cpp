#include <croton/runtime/abi.hpp>
#include <croton/runtime/clang_jit.hpp>
#include <croton/runtime/program_library.hpp>
#include <croton/runtime/thread_pool.hpp>

#include <fstream>
#include <sstream>
#include <vector>

#include "support/catch.hpp"
#include "texts.hpp"

using namespace croton;
using namespace croton::test;

TEST_CASE("an emitted program runs a parallel loop and reports through the runtime it is given")
{
    std::ifstream file(CROTON_RUNTIME_ABI_TEXT);
    std::ostringstream abi;
    abi << file.rdbuf();
    REQUIRE(abi.str().find("struct ct_runtime") != std::string::npos);

    const std::vector<std::string> units = {prelude + abi.str() + R"(
struct square_context { const f64* x; f64* z; };
static void square_block(void* context, i64 block)
{
    const square_context* c = (const square_context*)context;
    for (i64 i = block * 100; i < block * 100 + 100; ++i) { c->z[i] = c->x[i] * c->x[i]; }
}
CT_EXPORT i32 run(const ct_runtime* rt, const void* const* in, void* const* out,
                  const i64* extents, void* workspace, ct_report* report)
{
    if (extents[0] % 100 != 0) {
        report->code = 1;
        report->apply = 17;
        report->values[0] = extents[0];
        return 1;
    }
    square_context context = {(const f64*)in[0], (f64*)out[0]};
    rt->parallel_for(rt, square_block, &context, extents[0] / 100);
    return 0;
}
CT_EXPORT i64 workspace_bytes(const i64* extents) { return extents[0] * 8; }
)"};
    const auto library = ProgramLibrary::open_bytes(compile_shared_object(units, "squares"));
    const auto run = reinterpret_cast<RunFunction>(library.symbol("run"));
    const auto workspace_bytes =
        reinterpret_cast<WorkspaceFunction>(library.symbol("workspace_bytes"));

    std::vector<double> x(1000);
    for (std::size_t i = 0; i < x.size(); ++i) {
        x[i] = static_cast<double>(i) / 8;
    }
    std::vector<double> z(x.size());
    const void* inputs[] = {x.data()};
    void* outputs[] = {z.data()};
    std::int64_t extent = 1000;
    const Runtime runtime = cpu_runtime(2);
    Report report;
    CHECK(run(&runtime, inputs, outputs, &extent, nullptr, &report) == 0);
    for (std::size_t i = 0; i < x.size(); ++i) {
        REQUIRE(z[i] == x[i] * x[i]);
    }
    CHECK(workspace_bytes(&extent) == 8000);

    extent = 123;
    CHECK(run(&runtime, inputs, outputs, &extent, nullptr, &report) == 1);
    CHECK(report.apply == 17);
    CHECK(report.values[0] == 123);
}

TEST_CASE("the plain runtime says its version and size, and has no device")
{
    const Runtime runtime = cpu_runtime();
    CHECK(runtime.version == 3);
    CHECK(runtime.size == sizeof(Runtime));
    CHECK(runtime.launch == nullptr);
}
