// Loops over lanes become vector instructions: LLVM's remarks on every pointwise op in f32 and f64,
// and on every golden, for the least x86 CPU and for this one.
#include <croton/croton.hpp>
#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/runtime/clang_jit.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "codegen/golden_cases.hpp"
#include "function_data.hpp"
#include "missed_loops.hpp"
#include "ops/samples.hpp"
#include "support/catch.hpp"

namespace ct = croton;
using namespace croton::test;

namespace {

int line_breaks(std::string_view text) { return static_cast<int>(std::ranges::count(text, '\n')); }

/// LLVM's remarks on the whole program as one unit, in lines of its own text.
std::vector<ct::Remark> remarks_for(const ct::Function& f, std::string_view cpu)
{
    const std::string text(f.full_source());
    ct::CompileOptions options;
    options.cpu = cpu;
    ct::CompileReport report;
    ct::compile_object(text, "vectorised.cpp", options, &report);
    const int prelude = line_breaks(text) - line_breaks(f.source());
    for (ct::Remark& r : report.missed_vectorisation)
        r.line -= prelude;
    return report.missed_vectorisation;
}

/// "x86-64-v3: fused_0 line 12, for (..): why" for each loop that stayed scalar, on this CPU and on
/// the one that exported programs are for.
std::vector<std::string> scalar_loops(const ct::Function& f)
{
    std::vector<std::string> found;
    const auto add = [&](std::string_view cpu, const std::vector<ct::Remark>& remarks) {
        for (const auto& l : ct::detail::missed_loops(f.data().program, remarks)) {
            std::string_view line = f.source();
            for (int k = 1; k < l.line; ++k)
                line.remove_prefix(line.find('\n') + 1);
            found.push_back(std::string(cpu) + ": " + l.kernel + " line " + std::to_string(l.line) +
                            ", " + std::string(line.substr(0, line.find('\n'))) + ": " + l.reason);
        }
    };
    add("this CPU", f.data().compile.missed_vectorisation);
#if defined(__x86_64__)
    add("x86-64-v3", remarks_for(f, "x86-64-v3"));
#endif
    return found;
}

/// Each op of the family on arrays of an extent of its own: a kernel each, in one program.
ct::Function separate_kernels(const Family& family, ct::DType dtype, std::vector<std::string>& ops)
{
    ct::Variables inputs;
    ct::Variables outputs;
    for (const ct::Op* op : family.ops) {
        const ct::Extent n = ct::dim(std::string("n_") + std::string(op->name));
        ct::Variables x;
        for (std::size_t k = 0; k < op->arity; ++k) {
            const bool condition = k == 0 && op->dtype == ct::select_dtypes;
            x.push_back(ct::input(std::string(1, "abc"[k]) + "_" + std::string(op->name),
                                  condition ? ct::DType::boolean : dtype, {n}));
        }
        try {
            outputs.push_back(ct::apply(*op, x, {}, nullptr).named(op->name));
        } catch (const ct::UserError& e) {
            if (e.code() != ct::Code::dtype) throw;
            continue; // the op refuses floats
        }
        inputs.insert(inputs.end(), x.begin(), x.end());
        ops.emplace_back(op->name);
    }
    return ct::function(inputs, outputs, {.name = std::string(family.name), .cache = false});
}

} // namespace

TEST_CASE("every pointwise op's loop becomes vector instructions in f32 and f64")
{
    for (ct::DType dtype : {ct::DType::f32, ct::DType::f64})
        for (const Family& family : pointwise_families()) {
            std::vector<std::string> ops;
            const ct::Function f = separate_kernels(family, dtype, ops);
            std::set<std::string> kernels; // ops of one meaning share theirs
            std::size_t loops = 0;
            for (const auto& k : f.data().program.kernels) {
                kernels.insert(k.name);
                loops += k.lane_loops.size();
            }
            CHECK(f.data().program.kernels.size() >= ops.size());
            CHECK(loops >= kernels.size());
            for (const std::string& loop : scalar_loops(f))
                FAIL_CHECK(family.name << " " << name(dtype) << " for " << loop);
        }
}

TEST_CASE("every lanes loop of the goldens becomes vector instructions, but for integer division")
{
    for (const Golden& golden : all_goldens()) {
        const std::vector<std::string> loops = scalar_loops(compile(golden));
        if (golden.name == "integer_division") {
            CHECK_FALSE(loops.empty()); // no CPU divides integers by lanes
            continue;
        }
        for (const std::string& loop : loops)
            FAIL_CHECK(golden.name << " for " << loop);
    }
}

TEST_CASE("explain names the kernel of a lanes loop that LLVM left alone, and the reason")
{
    ct::codegen::Program program;
    program.kernels.emplace_back();
    program.kernels[0].name = "fused_0";
    program.kernels[0].lane_loops = {12};
    const std::vector<ct::Remark> remarks = {
        {.line = 11, .message = "loop not vectorized: an outer loop"},
        {.line = 12, .message = "loop not vectorized"},
        {.line = 12, .message = "loop not vectorized: call instruction cannot be vectorized"}};
    const auto missed = ct::detail::missed_loops(program, remarks);
    REQUIRE(missed.size() == 1);
    CHECK(missed[0].kernel == "fused_0");
    CHECK(missed[0].line == 12);
    CHECK(missed[0].reason == "call instruction cannot be vectorized");

    const auto a = ct::vector<std::int64_t>("a"), b = ct::vector<std::int64_t>("b", a.shape());
    const std::string text = ct::function({a, b}, {ct::floor_div(a, b)}).explain();
    const std::size_t at = text.find("loops over lanes that LLVM did not vectorise");
    REQUIRE(at != text.npos);
    CHECK_THAT(text.substr(at, 200), croton::test::contains("fused_0"));
}
