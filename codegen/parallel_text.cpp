#include "parallel_text.hpp"

#include <croton/ir/format.hpp>

#include "caller_parameters.hpp"
#include "writer.hpp"

namespace croton::inline v1::codegen {

namespace {

/// The text of `all_<kernel>` and of what it hands to threads.
class ParallelCaller {
public:
    ParallelCaller(const EmittedKernel& kernel, const LoopNest& nest, bool streams)
        : kernel_(kernel), streams_(streams), callee_((streams ? "stream_" : "") + kernel.name),
          parameters_(caller_parameters(kernel, nest, symbols_))
    {}

    std::string text(const Extent& flops_per_iteration)
    {
        writer_.blank();
        write_block();
        writer_.blank();
        write_all(flops_per_iteration);
        writer_.blank();
        return arguments_struct() + writer_.take();
    }

private:
    /// What a block's function is given.
    std::string arguments_struct() const
    {
        Writer w;
        w.line("// {}, in blocks on several threads where there is enough to do.", kernel_.name);
        {
            const auto scope = w.block("struct {}_arguments", kernel_.name);
            w.raw("i64 extent;");
            w.raw("i64 block;");
            for (const CallerParameter& p : parameters_)
                w.line("{} {};", p.type, p.name);
            if (kernel_.checks_index) w.raw("i32 bad;");
        }
        std::string text = w.take();
        text.insert(text.size() - 1, ";"); // after the struct's brace
        return text;
    }

    void write_block()
    {
        const auto scope = writer_.function(
            fmt::format("static void {}_block(void* context, i64 block)", kernel_.name));
        writer_.line("struct {0}_arguments* arguments = (struct {0}_arguments*)context;",
                     kernel_.name);
        writer_.raw("const i64 begin = block * arguments->block;");
        writer_.raw("const i64 rest = arguments->extent - begin;");
        writer_.raw("const i64 end = begin + (rest < arguments->block ? rest : arguments->block);");
        std::vector<std::string> arguments{"begin", "end"};
        if (streams_) arguments.push_back("arguments->extent");
        for (const CallerParameter& p : parameters_)
            arguments.push_back("arguments->" + p.name);
        const std::string call = argument_list(callee_, arguments, kernel_.checks_index ? 8 : 4);
        if (kernel_.checks_index)
            writer_.if_line(call, "__atomic_store_n(&arguments->bad, 1, __ATOMIC_RELAXED);");
        else
            writer_.line("{};", call);
    }

    void write_all(const Extent& flops_per_iteration)
    {
        std::vector<std::string> list{"const struct ct_runtime* rt", "i64 extent"};
        for (const CallerParameter& p : parameters_)
            list.push_back(p.type + " " + p.name);
        const auto scope = writer_.function(parameter_list(
            fmt::format("CT_KERNEL {} all_{}", kernel_.checks_index ? "i32" : "void", kernel_.name),
            list));
        writer_.raw("// Operations of an iteration, and iterations of a block.");
        writer_.line("const i64 cost = {};", c_text(flops_per_iteration, symbols_));
        if (kernel_.parallel_width > 1)
            writer_.line("const i64 block = (block_of(cost) + {0}) / {1} * {1};",
                         kernel_.parallel_width - 1, kernel_.parallel_width);
        else
            writer_.line("const i64 block = block_of(cost);");
        write_direct_call();
        writer_.line("struct {}_arguments arguments;", kernel_.name);
        writer_.raw("arguments.extent = extent;");
        writer_.raw("arguments.block = block;");
        for (const CallerParameter& p : parameters_)
            writer_.line("arguments.{0} = {0};", p.name);
        if (kernel_.checks_index) writer_.raw("arguments.bad = 0;");
        writer_.line("rt->parallel_for(rt, {}_block, &arguments, block_count(extent, block));",
                     kernel_.name);
        if (kernel_.checks_index) writer_.raw("return arguments.bad;");
    }

    /// On the caller's thread, where others are not worth it.
    void write_direct_call()
    {
        std::vector<std::string> direct{"0", "extent"};
        if (streams_) direct.push_back("extent");
        for (const CallerParameter& p : parameters_)
            direct.push_back(p.name);
        const auto few =
            writer_.block("if (extent <= block || cost * extent < {} || !rt || !rt->parallel_for)",
                          serial_below_flops);
        writer_.line("{}{};", kernel_.checks_index ? "return " : "",
                     argument_list(callee_, direct, kernel_.checks_index ? 15 : 8));
        if (!kernel_.checks_index) writer_.raw("return;");
    }

    const EmittedKernel& kernel_;
    bool streams_;
    std::string callee_;
    SymbolNames symbols_;
    std::vector<CallerParameter> parameters_;
    Writer writer_;
};

} // namespace

std::string parallel_caller(const EmittedKernel& kernel,
                            const LoopNest& nest,
                            const Extent& flops_per_iteration,
                            bool streams)
{
    return ParallelCaller(kernel, nest, streams).text(flops_per_iteration);
}

} // namespace croton::inline v1::codegen
