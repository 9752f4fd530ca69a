#include "run_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <unordered_map>

#include "tokens.hpp"
#include "writer.hpp"

namespace croton::inline v1::codegen {

namespace {

constexpr std::string_view arguments = "(rt, in, out, extents, workspace, report)";
constexpr std::string_view workspace_head = R"(
// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
)";

std::string indented(std::string_view text)
{
    std::string out;
    while (!text.empty()) {
        const std::size_t end = text.find('\n') + 1;
        if (end > 1) out += "    ";
        out += text.substr(0, end);
        text.remove_prefix(end);
    }
    return out;
}

template <class F>
void for_each_word(std::string_view text, F visit)
{
    for (std::size_t i = 0; i < text.size();) {
        std::size_t end = i;
        while (end < text.size() && is_word(text[end]))
            ++end;
        if (end > i) visit(text.substr(i, end - i));
        i = std::max(end, i + 1);
    }
}

/// Lines of which some declare a name and others do something.
class Lines {
public:
    explicit Lines(std::string_view text)
    {
        while (!text.empty()) {
            const std::string_view line = text.substr(0, text.find('\n') + 1);
            text.remove_prefix(line.size());
            const std::size_t equals = line.find(" = ");
            const bool declares = equals != line.npos && line[0] != ' ' && !line.starts_with("if ");
            if (declares) {
                const std::size_t space = line.rfind(' ', equals - 1);
                declared_at_.emplace(line.substr(space + 1, equals - space - 1), lines_.size());
            }
            lines_.push_back(line);
            declares_.push_back(declares);
        }
    }

    /// The declarations that `by` needs, in order; with what the other lines do.
    std::string all_for(std::string_view by) const
    {
        std::set<std::size_t> kept = needed(by);
        for (std::size_t i = 0; i < lines_.size(); ++i)
            if (!declares_[i]) {
                kept.insert(i);
                kept.merge(needed(lines_[i]));
            }
        return text_of(kept);
    }

    /// The declarations that `by` needs.
    std::string declarations_for(std::string_view by) const { return text_of(needed(by)); }

private:
    std::set<std::size_t> needed(std::string_view by) const
    {
        std::set<std::size_t> lines;
        std::vector<std::string_view> open{by};
        while (!open.empty()) {
            const std::string_view text = open.back();
            open.pop_back();
            for_each_word(text, [&](std::string_view word) {
                const auto at = declared_at_.find(word);
                if (at != declared_at_.end() && lines.insert(at->second).second)
                    open.push_back(lines_[at->second]);
            });
        }
        return lines;
    }

    std::string text_of(const std::set<std::size_t>& numbers) const
    {
        std::string text;
        for (std::size_t i : numbers)
            text += lines_[i];
        return text;
    }

    std::vector<std::string_view> lines_;
    std::vector<bool> declares_;
    std::unordered_map<std::string_view, std::size_t> declared_at_; ///< looked up only
};

/// A function with the parameters of `run`, up to what it returns.
std::string function_text(const std::string& head, std::string_view body)
{
    std::string text = parameter_list(head, {"const struct ct_runtime* rt", "const void* const* in",
                                             "void* const* out", "const i64* extents",
                                             "void* workspace", "struct ct_report* report"}) +
                       "\n{\n";
    const std::string lines = indented(body);
    text += lines;
    for (std::string_view parameter : {"rt", "in", "out", "extents", "workspace", "report"})
        if (!mentions(lines, parameter)) text += fmt::format("    (void){};\n", parameter);
    return text;
}

} // namespace

std::string write_run(const RunText& run)
{
    const std::string declared =
        run.prologue + "char* const work = (char*)workspace;\n" + run.sizes + run.values;
    const Lines lines(declared);
    const bool whole = run.parts.size() < 2;
    std::string text;
    std::string calls = whole && !run.parts.empty() ? run.parts[0] : "";
    if (!whole)
        for (std::size_t i = 0; i < run.parts.size(); ++i) {
            const std::string name = fmt::format("run_part_{}", i);
            text += fmt::format("// Part {} of {} of what `run` calls.\n", i + 1, run.parts.size());
            text += function_text("CT_KERNEL CT_APART i32 " + name,
                                  lines.declarations_for(run.parts[i]) + run.parts[i]);
            text += "    return 0;\n}\n\n";
            calls += fmt::format("{} = {}{};\n", i ? "if (!failed) failed" : "i32 failed", name,
                                 arguments);
        }
    text += "// Checks extents, then calls the kernels in order. Returns 0, or what failed.\n";
    text += function_text("CT_EXPORT i32 run", lines.all_for(calls) + calls) +
            fmt::format("    return {};\n}}\n", whole ? "0" : "failed");

    const std::string total = run.total.empty() ? "0" : run.total;
    const std::string body = Lines(run.prologue).declarations_for(run.limits + run.sizes + total);
    text += workspace_head;
    if (run.sizes.empty())
        text += "    (void)extents;\n";
    else
        text += indented(body + run.limits + run.sizes);
    return text + fmt::format("    return {};\n}}\n", total);
}

} // namespace croton::inline v1::codegen
