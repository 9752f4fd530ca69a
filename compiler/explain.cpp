#include <croton/ir/counted.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/print.hpp>

#include <algorithm>

#include "layouts.hpp"
#include "report.hpp"

namespace croton::inline v1 {

namespace {

std::string arguments_text(const detail::FunctionData& f)
{
    std::string text;
    for (std::size_t i = 0; i < f.inputs.size(); ++i) {
        text +=
            fmt::format("  input {} {}{}  {}", i, f.input_names[i],
                        f.input_names[i].empty() ? "" : ":", detail::name(f.arguments[i].layout));
        const std::uint64_t packed = f.packed_calls[i].load(std::memory_order_relaxed);
        text += packed == 0 ? "\n"
                            : fmt::format("; {} gave it in another layout or not aligned, and "
                                          "it was packed\n",
                                          counted(packed, "call"));
    }
    for (std::size_t i = 0; i < f.result_count(); ++i) {
        const detail::ArgumentInfo& info = f.arguments[f.inputs.size() + i];
        text += fmt::format("  output {} {}{}  {}", i, f.output_names[i],
                            f.output_names[i].empty() ? "" : ":", detail::name(info.layout));
        text += info.alias < 0 ? "\n" : fmt::format(", in place of input {}\n", info.alias);
    }
    return text.empty() ? "  none\n" : text;
}

std::string kernels_text(const detail::FunctionData& f)
{
    std::string text;
    for (const detail::KernelRow& k : detail::kernel_rows(f)) {
        text += fmt::format("  {:<14} {:<9} {}\n", k.name, k.kind, k.cost);
        for (const std::string& line : {k.computes, k.note, k.compiling, k.measured})
            if (!line.empty()) text += fmt::format("  {:<14} {:<9} {}\n", "", "", line);
    }
    if (!f.options.profile) text += "  not measured: Options::profile does that\n";
    return text;
}

std::string workspace_text(const codegen::Program& p)
{
    std::string text;
    for (const codegen::WorkspaceValue& v : p.workspace)
        text += same(v.bytes, Extent(0))
                    ? fmt::format("  {}  {}\n", v.place, to_expression(v.value, 60))
                    : fmt::format("  {}  {} bytes  {}\n", v.place, to_string(v.bytes),
                                  to_expression(v.value, 60));
    if (p.workspace_bytes >= 0) text += fmt::format("  {} bytes together\n", p.workspace_bytes);
    return text.empty() ? "  nothing\n" : text;
}

std::string unfused_text(const codegen::Program& p)
{
    std::string text;
    for (const codegen::Unfused& u : p.unfused)
        text += fmt::format("  {}: {}\n", to_expression(u.value, 60), u.reason);
    return text.empty() ? "  nothing\n" : text;
}

/// Where the next values of shared variables are computed.
std::string updates_text(const detail::FunctionData& f)
{
    std::string text;
    for (std::size_t i = 0; i < f.targets.size(); ++i) {
        const std::size_t output = f.result_count() + i;
        const auto apart =
            std::ranges::find(f.program.apart, output, &std::pair<std::size_t, std::string>::first);
        std::string why = apart == f.program.apart.end() ? "" : apart->second;
        if (f.program.replaces_input[output])
            why = "in place, unless somebody reads it";
        else if (f.options.publish == Publish::swap)
            why = "beside the old value: Options::publish says so";
        else
            why = "beside the old value: " +
                  (why.empty() ? "the function does not read that one" : why);
        text += fmt::format("  {}: {}\n", f.targets[i].name(), why);
    }
    return text;
}

std::string lines_text(const std::vector<std::string>& lines)
{
    std::string text;
    for (const std::string& line : lines)
        text += "  " + line + "\n";
    return text.empty() ? "  none\n" : text;
}

std::string rules_text(const detail::FunctionData& f)
{
    std::vector<std::string> lines;
    for (const Firing& firing : f.passes.firings)
        lines.push_back(to_string(firing));
    return lines_text(lines);
}

} // namespace

std::string Function::explain() const
{
    const detail::FunctionData& f = *data_;
    std::string text = signature() + "\n\n";
    if (f.options.reference)
        return text + "reference mode: each op by its meaning, nothing is compiled\n";
    text += "arguments\n" + arguments_text(f) + "\n";
    text += "graph as written\n" + written_text(f) + "\n";
    text += "passes\n" + to_string(f.passes) + "\n";
    text += "rules that fired\n" + rules_text(f) + "\n";
    text += "graph as compiled\n" + compiled_text(f) + "\n";
    text += "kernels\n" + kernels_text(f) + "\n";
    text += "stored instead of fused\n" + unfused_text(f.program) + "\n";
    text += "workspace\n" + workspace_text(f.program) + "\n";
    if (!f.targets.empty()) text += "updates\n" + updates_text(f) + "\n";
    text += "compiling  " + compile_times(f) + "\n";
    text += "cache      " + cache_text(f) + "\n\n";
    text += "loops over lanes that LLVM did not vectorise\n" + lines_text(missed_loops(f)) + "\n";
    return text + "source\n" + std::string(source());
}

} // namespace croton::inline v1
