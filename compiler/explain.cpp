#include <croton/ir/format.hpp>
#include <croton/ir/print.hpp>

#include "function_data.hpp"
#include "layouts.hpp"

namespace croton::inline v1 {

namespace {

std::string arguments_text(const detail::FunctionData& f)
{
    std::string text;
    for (std::size_t i = 0; i < f.inputs.size(); ++i) {
        text +=
            fmt::format("  input {} {}{}  {}", i, f.inputs[i].name(),
                        f.inputs[i].name().empty() ? "" : ":", detail::name(f.arguments[i].layout));
        const std::uint64_t packed = f.packed_calls[i].load(std::memory_order_relaxed);
        text += packed == 0
                    ? "\n"
                    : fmt::format("; {} calls gave it in another layout or not aligned, and "
                                  "it was packed\n",
                                  packed);
    }
    for (std::size_t i = 0; i < f.result_count(); ++i) {
        const detail::ArgumentInfo& info = f.arguments[f.inputs.size() + i];
        text += fmt::format("  output {} {}{}  {}", i, f.output_names[i],
                            f.output_names[i].empty() ? "" : ":", detail::name(info.layout));
        text += info.alias < 0 ? "\n" : fmt::format(", in place of input {}\n", info.alias);
    }
    return text.empty() ? "  none\n" : text;
}

std::string kernels_text(const codegen::Program& p)
{
    std::string text;
    for (const codegen::KernelInfo& k : p.kernels)
        text += fmt::format("  {:<14} {:<9} {} flops, {} bytes, {} applies\n", k.name,
                            codegen::name(k.kind), to_string(k.flops), to_string(k.bytes),
                            k.applies.size());
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

std::string remarks_text(const CompileReport& report)
{
    std::string text;
    for (const Remark& r : report.missed_vectorisation)
        text += r.line > 0 ? fmt::format("  line {}: {}\n", r.line, r.message)
                           : fmt::format("  in the prelude: {}\n", r.message);
    return text.empty() ? "  none\n" : text;
}

} // namespace

std::string Function::explain() const
{
    const detail::FunctionData& f = *data_;
    std::string text = signature() + "\n\n";
    if (f.options.reference)
        return text + "reference mode: each op by its meaning, nothing is compiled\n";
    text += "arguments\n" + arguments_text(f) + "\n";
    text += "graph as written\n" + f.graph_before + "\n";
    text += "passes\n" + to_string(f.passes) + "\n";
    text += "rules that fired\n";
    for (const Firing& firing : f.passes.firings)
        text += "  " + to_string(firing) + "\n";
    text += "\ngraph as compiled\n" + f.graph_after + "\n";
    text += "kernels\n" + kernels_text(f.program) + "\n";
    text += "stored instead of fused\n" + unfused_text(f.program) + "\n";
    text += "workspace\n" + workspace_text(f.program) + "\n";
    text += fmt::format("compiling  {:.1f} ms building, {:.1f} ms until callable (front end "
                        "{:.1f}, back end {:.1f}, link {:.1f}); {} of {} units compiled\n\n",
                        f.build_ms, f.compile_ms, f.compile.frontend_ms, f.compile.backend_ms,
                        f.compile.link_ms, f.compile.units_compiled, f.compile.units);
    text += "loops that LLVM did not vectorise\n" + remarks_text(f.compile) + "\n";
    return text + "source\n" + std::string(source());
}

} // namespace croton::inline v1
