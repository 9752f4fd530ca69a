#include "parallel_text.hpp"

#include <croton/ir/format.hpp>

#include "caller_parameters.hpp"
#include "writer.hpp"

namespace croton::inline v1::codegen {

std::string parallel_caller(const EmittedKernel& kernel,
                            const LoopNest& nest,
                            const Extent& flops_per_iteration,
                            bool streams)
{
    const std::string callee = (streams ? "stream_" : "") + kernel.name;
    SymbolNames symbols;
    const std::vector<CallerParameter> parameters = caller_parameters(kernel, nest, symbols);
    Writer w;
    {
        const auto scope = w.block("struct {}_arguments", kernel.name);
        w.raw("i64 extent, block;");
        for (const CallerParameter& p : parameters)
            w.line("{} {};", p.type, p.name);
        if (kernel.checks_index) w.raw("i32 bad;");
    }
    std::string text = w.take();
    text.insert(text.size() - 1, ";"); // after the struct's brace
    Writer f;
    f.blank();
    {
        const auto scope =
            f.function(fmt::format("static void {}_block(void* context, i64 block)", kernel.name));
        f.line("struct {0}_arguments* arguments = (struct {0}_arguments*)context;", kernel.name);
        f.raw("const i64 begin = block * arguments->block;");
        f.raw("const i64 rest = arguments->extent - begin;");
        f.raw("const i64 end = begin + (rest < arguments->block ? rest : arguments->block);");
        std::vector<std::string> arguments{"begin", "end"};
        if (streams) arguments.push_back("arguments->extent");
        for (const CallerParameter& p : parameters)
            arguments.push_back("arguments->" + p.name);
        const std::string call = argument_list(callee, arguments, kernel.checks_index ? 8 : 4);
        if (kernel.checks_index) {
            f.line("if ({})", call);
            f.raw("    __atomic_store_n(&arguments->bad, 1, __ATOMIC_RELAXED);");
        } else
            f.line("{};", call);
    }
    f.blank();
    std::vector<std::string> list{"const struct ct_runtime* rt", "i64 extent"};
    for (const CallerParameter& p : parameters)
        list.push_back(p.type + " " + p.name);
    {
        const auto scope = f.function(parameter_list(
            fmt::format("CT_KERNEL {} all_{}", kernel.checks_index ? "i32" : "void", kernel.name),
            list));
        f.line("const i64 cost = {}; // operations of an iteration",
               c_text(flops_per_iteration, symbols));
        f.line("const i64 block = block_of(cost);");
        std::vector<std::string> direct{"0", "extent"};
        if (streams) direct.push_back("extent");
        for (const CallerParameter& p : parameters)
            direct.push_back(p.name);
        {
            const auto few =
                f.block("if (extent <= block || cost * extent < {} || !rt || !rt->parallel_for)",
                        serial_below_flops);
            f.line("{}{};", kernel.checks_index ? "return " : "",
                   argument_list(callee, direct, kernel.checks_index ? 15 : 8));
            if (!kernel.checks_index) f.raw("return;");
        }
        std::string fields = "extent, block";
        for (const CallerParameter& p : parameters)
            fields += ", " + p.name;
        f.line("struct {}_arguments arguments = {{{}{}}};", kernel.name, fields,
               kernel.checks_index ? ", 0" : "");
        f.line("rt->parallel_for(rt, {}_block, &arguments, block_count(extent, block));",
               kernel.name);
        if (kernel.checks_index) f.raw("return arguments.bad;");
    }
    f.blank();
    return text + f.take();
}

} // namespace croton::inline v1::codegen
