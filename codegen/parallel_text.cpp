#include "parallel_text.hpp"

#include <croton/ir/format.hpp>

#include "names.hpp"
#include "writer.hpp"

namespace croton::inline v1::codegen {

namespace {

struct Parameter {
    std::string type;
    std::string name;
};

std::vector<Parameter>
parameters_of(const EmittedKernel& kernel, const LoopNest& nest, SymbolNames& symbols)
{
    std::vector<Parameter> list;
    for (std::size_t i = 0; i < kernel.extents.size(); ++i) {
        symbols.emplace(as_symbol(kernel.extents[i]), kernel.extent_names[i]);
        list.push_back({"i64", kernel.extent_names[i]});
    }
    for (const Buffer& b : nest.buffers) {
        const std::string_view constant = b.access == Buffer::Access::read ? "const " : "";
        list.push_back(
            {fmt::format("{}{}*", constant, memory_type(b.dtype())), fmt::format("{}", b.name)});
    }
    return list;
}

} // namespace

std::string parallel_caller(const EmittedKernel& kernel,
                            const LoopNest& nest,
                            const Extent& flops_per_iteration)
{
    SymbolNames symbols;
    const std::vector<Parameter> parameters = parameters_of(kernel, nest, symbols);
    Writer w;
    {
        const auto scope = w.block("struct {}_arguments", kernel.name);
        w.raw("i64 extent, block;");
        for (const Parameter& p : parameters)
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
        for (const Parameter& p : parameters)
            arguments.push_back("arguments->" + p.name);
        const std::string call = argument_list(kernel.name, arguments, kernel.checks_index ? 8 : 4);
        if (kernel.checks_index) {
            f.line("if ({})", call);
            f.raw("    __atomic_store_n(&arguments->bad, 1, __ATOMIC_RELAXED);");
        } else
            f.line("{};", call);
    }
    f.blank();
    std::vector<std::string> list{"const struct ct_runtime* rt", "i64 extent"};
    for (const Parameter& p : parameters)
        list.push_back(p.type + " " + p.name);
    {
        const auto scope = f.function(parameter_list(
            fmt::format("CT_KERNEL {} all_{}", kernel.checks_index ? "i32" : "void", kernel.name),
            list));
        f.line("const i64 cost = {}; // operations of an iteration",
               c_text(flops_per_iteration, symbols));
        f.line("const i64 block = block_of(cost);");
        std::vector<std::string> direct{"0", "extent"};
        for (const Parameter& p : parameters)
            direct.push_back(p.name);
        {
            const auto few =
                f.block("if (extent <= block || cost * extent < {} || !rt || !rt->parallel_for)",
                        serial_below_flops);
            f.line("{}{};", kernel.checks_index ? "return " : "",
                   argument_list(kernel.name, direct, kernel.checks_index ? 15 : 8));
            if (!kernel.checks_index) f.raw("return;");
        }
        std::string fields = "extent, block";
        for (const Parameter& p : parameters)
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
