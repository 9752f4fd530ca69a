#include "pass_text.hpp"

#include "writer.hpp"

namespace croton::inline v1::codegen {

namespace {

class PassOnThreads {
public:
    PassOnThreads(const std::string& pass,
                  const std::vector<CallerParameter>& parameters,
                  std::int64_t reach)
        : pass_(pass), parameters_(parameters), reach_(reach)
    {}

    std::string text(const std::string& rows, const std::string& block)
    {
        writer_.line("// {}, in parts on several threads.", pass_);
        writer_.line("struct {}_arguments {{", pass_);
        writer_.raw("    i64 extent;");
        writer_.raw("    i64 block;");
        for (const CallerParameter& p : parameters_)
            writer_.line("    {} {};", p.type, p.name);
        writer_.raw("};");
        {
            const auto scope = part("part");
            writer_.raw("const i64 last = arguments->extent / arguments->block - 1;");
            writer_.raw("const i64 begin = part * arguments->block;");
            writer_.raw("const i64 end = part < last ? begin + arguments->block : "
                        "arguments->extent;");
            write_call("begin", "end", fmt::format("part > 0 ? {} : 0", reach_),
                       fmt::format("part < last ? {} : 0", -reach_));
        }
        if (reach_ > 0) {
            const auto scope = part("seam");
            writer_.raw("const i64 row = (seam + 1) * arguments->block;");
            write_call("row", "row", fmt::format("{}", -reach_), fmt::format("{}", reach_));
        }
        writer_.blank();
        write_all(rows, block);
        writer_.blank();
        return writer_.take();
    }

private:
    Writer::Scope part(std::string_view name)
    {
        writer_.blank();
        auto scope = writer_.function(
            fmt::format("static void {1}_of_{0}(void* context, i64 {1})", pass_, name));
        writer_.line("const struct {0}_arguments* arguments = (struct {0}_arguments*)context;",
                     pass_);
        return scope;
    }

    void write_call(const std::string& begin,
                    const std::string& end,
                    const std::string& begin_slope,
                    const std::string& end_slope)
    {
        std::vector<std::string> all{begin, end};
        if (reach_ > 0) all.insert(all.end(), {begin_slope, end_slope});
        for (const CallerParameter& p : parameters_)
            all.push_back("arguments->" + p.name);
        writer_.raw(argument_list(pass_, all, 4) + ";");
    }

    void write_all(const std::string& rows, const std::string& block)
    {
        std::vector<std::string> list{"const struct ct_runtime* rt"}, direct{"0", rows};
        if (reach_ > 0) direct.insert(direct.end(), {"0", "0"});
        for (const CallerParameter& p : parameters_) {
            list.push_back(p.type + " " + p.name);
            direct.push_back(p.name);
        }
        const auto scope = writer_.function(parameter_list("CT_KERNEL void all_" + pass_, list));
        writer_.line("struct {}_arguments arguments;", pass_);
        writer_.line("arguments.extent = {};", rows);
        writer_.line("arguments.block = {};", block);
        {
            const auto few = writer_.block("if (arguments.extent < 2 * arguments.block || !rt || "
                                           "!rt->parallel_for)");
            writer_.raw(argument_list(pass_, direct, 8) + ";");
            writer_.raw("return;");
        }
        for (const CallerParameter& p : parameters_)
            writer_.line("arguments.{0} = {0};", p.name);
        constexpr std::string_view parts = "arguments.extent / arguments.block";
        writer_.line("rt->parallel_for(rt, part_of_{}, &arguments, {});", pass_, parts);
        if (reach_ > 0)
            writer_.line("rt->parallel_for(rt, seam_of_{}, &arguments, {} - 1);", pass_, parts);
    }

    const std::string& pass_;
    const std::vector<CallerParameter>& parameters_;
    std::int64_t reach_;
    Writer writer_;
};

} // namespace

std::string pass_on_threads(const std::string& pass,
                            const std::vector<CallerParameter>& parameters,
                            std::int64_t reach,
                            const std::string& rows,
                            const std::string& block)
{
    return PassOnThreads(pass, parameters, reach).text(rows, block);
}

} // namespace croton::inline v1::codegen
