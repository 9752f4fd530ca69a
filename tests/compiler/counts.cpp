// Guards speed by counts, as times are too noisy for a test: `counts [--update] FILE` compares the
// standard programs with a table, or rewrites it, so that every change is seen and read.
#include <croton/codegen/units.hpp>
#include <croton/croton.hpp>
#include <croton/ir/format.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/expressions.hpp"
#include "benchmarks/workload.hpp"
#include "compile_cache.hpp"
#include "function_data.hpp"
#include "missed_loops.hpp"
#include "support/allocations.hpp"

namespace ct = croton;

namespace {

/// What a size that is a symbol is taken for.
constexpr std::int64_t n = 100000;

/// What is counted, in the order of the table's columns.
struct Column {
    std::string_view name;
    std::string_view meaning;
};
constexpr std::array<Column, 8> columns{{
    {"kernels", "that the program has; a loop calls its own in every step"},
    {"bytes", "that the kernels read and write, each array of a kernel once, each kernel once"},
    {"flops", "of the kernels, each called once"},
    {"workspace", "bytes of intermediate values"},
    {"allocations", "mallocs and frees of a typed call, after the first"},
    {"lanes", "loops that are to become vector instructions"},
    {"scalar", "of those, the ones that LLVM leaves as they are, for x86-64-v3"},
    {"lines", "of kernels, but for comments and blank ones"},
}};
using Counts = std::array<std::int64_t, columns.size()>;

struct Program {
    std::string name;
    bench::Model model;
};

/// A program of one expression, with arrays for its inputs.
Program program(std::string name, const bench::ModelGraph& graph)
{
    std::vector<ct::Array> arrays;
    for (const ct::Variable& v : graph.inputs) {
        std::vector<std::int64_t> shape;
        for (const ct::Extent& e : v.shape())
            shape.push_back(e.is_known() ? e.value() : n);
        const int k = static_cast<int>(arrays.size());
        arrays.push_back(bench::input(shape, -1, 1, k, v.dtype()));
    }
    return {std::move(name), {std::move(arrays), {}, [graph] { return graph; }}};
}

std::vector<Program> standard_programs()
{
    const auto f32 = ct::DType::f32, f64 = ct::DType::f64;
    return {
        {"W1", bench::axpb()},
        program("W2 f32", bench::larger_and_root(f32)),
        program("W2 f64", bench::larger_and_root(f64)),
        program("W3 exp_tanh f32", bench::exp_tanh(f32)),
        program("W3 exp_tanh f64", bench::exp_tanh(f64)),
        program("W3 sin_erf f32", bench::sin_erf(f32)),
        program("W3 sin_erf f64", bench::sin_erf(f64)),
        program("W4 softmax", bench::softmax_rows(4096, 1024)),
        program("W4 logsumexp", bench::logsumexp_rows(4096, 1024)),
        program("W4 layernorm", bench::layernorm_rows(4096, 1024)),
        program("W4 variance", bench::variance_rows(4096, 1024)),
        program("W5 axis 0", bench::sum_exp_axis(0)),
        program("W5 axis 1", bench::sum_exp_axis(1)),
        program("W5 all", bench::sum_exp_all()),
        program("W6 f32 32", bench::dense_gelu(32, f32)),
        program("W6 f32 128", bench::dense_gelu(128, f32)),
        program("W6 f32 512", bench::dense_gelu(512, f32)),
        program("W6 f64 512", bench::dense_gelu(512, f64)),
        program("W6 batched", bench::batched_product()),
        {"W7 784-512-512-10", bench::mlp_large()},
        {"W7 4-16-16-1", bench::mlp_small()},
        {"W9 transformer", bench::transformer()},
        {"W10 lstm", bench::lstm()},
        {"W10 pendulum", bench::pendulum()},
    };
}

std::int64_t value_of(const ct::Extent& e)
{
    ct::Substitution by;
    for (const ct::detail::Atom* symbol : symbols(e))
        by.push_back({symbol, ct::Extent(n)});
    return substitute(e, by).value();
}

std::int64_t lines_of(std::string_view text)
{
    std::int64_t lines = 0;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const std::size_t first = line.find_first_not_of(' ');
        lines += first != line.npos && line.substr(first, 2) != "//";
    }
    return lines;
}

/// Of the loops over lanes, those that stay scalar on the CPU that exported programs are for.
std::int64_t scalar_loops(const ct::Function& f)
{
    std::vector<ct::ProgramUnit> units;
    std::vector<ct::codegen::LinesOfProgram> lines;
    for (ct::codegen::SourceUnit& u : ct::codegen::cut_units(f.data().program.source)) {
        units.push_back({std::move(u.text), std::move(u.canonical.text),
                         std::move(u.canonical.names), std::move(u.canonical.lines)});
        lines.push_back(u.line_of_program);
    }
    ct::CompileOptions options;
#if defined(__x86_64__)
    options.cpu = "x86-64-v3";
#endif
    ct::CompileReport report;
    (void)ct::kernel_cache(true).load(units, "counts", options, &report);
    for (ct::Remark& r : report.missed_vectorisation)
        r.line = lines[r.unit](r.line);
    return static_cast<std::int64_t>(
        ct::detail::missed_loops(f.data().program, report.missed_vectorisation).size());
}

/// Mallocs and frees of a typed call; the first calls make what later ones keep.
std::int64_t allocations_of(const ct::Function& f, const bench::Model& model)
{
    const std::vector<ct::Any> arguments(model.arrays.begin(), model.arrays.end());
    const ct::Results results = f.call(arguments);
    std::vector<ct::Array> arrays = model.arrays;
    for (std::size_t i = 0; i < results.size(); ++i)
        arrays.push_back(results[i]);
    std::vector<ct::detail::Memory> memory;
    for (const ct::Array& a : arrays)
        memory.push_back({const_cast<void*>(a.data()), a.dtype(), a.rank(), a.shape().data(),
                          a.strides().data()});
    ct::detail::run_checked(f.data(), memory);
    const auto before = ct::test::allocations();
    ct::detail::run_checked(f.data(), memory);
    return ct::test::allocations() - before;
}

Counts count(const Program& program)
{
    bench::ModelGraph g = program.model.build();
    const ct::Function f = ct::function(g.inputs, g.outputs, {.updates = std::move(g.updates)});
    const ct::codegen::Program& p = f.data().program;
    Counts counts{};
    counts[0] = static_cast<std::int64_t>(p.kernels.size());
    for (const ct::codegen::KernelInfo& k : p.kernels) {
        counts[1] += value_of(k.bytes);
        counts[2] += value_of(k.flops);
        counts[5] += static_cast<std::int64_t>(k.lane_loops.size());
        counts[7] += lines_of(k.text);
    }
    counts[3] = static_cast<std::int64_t>(p.workspace_bytes >= 0
                                              ? static_cast<std::size_t>(p.workspace_bytes)
                                              : f.workspace_bytes({{"n", n}}));
    counts[4] = allocations_of(f, program.model);
    counts[6] = scalar_loops(f);
    return counts;
}

constexpr std::size_t name_width = 18;

std::string heading()
{
    std::string text = "# What the standard programs come to. `counts --update` of this file "
                       "rewrites it.\n#\n";
    for (const Column& c : columns)
        text += fmt::format("# {:<12} {}\n", c.name, c.meaning);
    text += fmt::format("#\n#{:<{}}", "", name_width - 1);
    for (const Column& c : columns)
        text += fmt::format(" {:>11}", c.name);
    return text + "\n";
}

std::string row(const std::string& name, const Counts& counts)
{
    std::string text = fmt::format("{:<{}}", name, name_width);
    for (const std::int64_t c : counts)
        text += fmt::format(" {:>11}", c);
    return text + "\n";
}

/// The row of a table, or all -1 where it has none of that name.
Counts row_named(std::string_view table, std::string_view name)
{
    Counts counts;
    counts.fill(-1);
    for (std::size_t at = 0; at < table.size(); at = table.find('\n', at) + 1) {
        const std::string_view line = table.substr(at, table.find('\n', at) - at);
        const std::string_view head = line.substr(0, name_width);
        if (head.substr(0, head.find_last_not_of(' ') + 1) != name) continue;
        std::string_view rest = line.substr(name_width);
        for (std::int64_t& c : counts) {
            c = std::strtoll(std::string(rest.substr(0, 12)).c_str(), nullptr, 10);
            rest.remove_prefix(std::min<std::size_t>(12, rest.size()));
        }
    }
    return counts;
}

/// Prints what differs from the table; how many counts do.
int compare(std::string_view table, const std::string& name, const Counts& now)
{
    const Counts before = row_named(table, name);
    int wrong = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
#ifdef CROTON_INSTRUMENTED
        if (columns[i].name == "allocations") continue; // the sanitizer's are not counted
#endif
        if (now[i] == before[i]) continue;
        fmt::print("{}: {} {}, the table says {}\n", name, columns[i].name, now[i], before[i]);
        ++wrong;
    }
    return wrong;
}

} // namespace

int main(int argc, char** argv)
{
    const bool update = argc > 2 && std::string_view(argv[1]) == "--update";
    if (argc < 2) return fmt::print("usage: counts [--update] FILE\n"), 2;
    const char* path = argv[argc - 1];
    std::ifstream in(path);
    const std::string table((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    std::string text = heading();
    int wrong = 0;
    for (const Program& p : standard_programs()) {
        const Counts counts = count(p);
        text += row(p.name, counts);
        if (!update) wrong += compare(table, p.name, counts);
    }
    if (update) return std::ofstream(path) << text ? 0 : 1;
    if (wrong == 0 && text != table) {
        fmt::print("{} has other lines than counts --update writes\n", path);
        wrong = 1;
    }
    fmt::print("{} counts differ\n", wrong);
    return wrong == 0 ? 0 : 1;
}
