#include <croton/ir/format.hpp>
#include <croton/ir/print.hpp>

#include <algorithm>
#include <cctype>
#include <set>

#include "call_check.hpp"
#include "npy.hpp"
#include "report.hpp"

namespace croton::inline v1 {

namespace {

using detail::FunctionData;

constexpr std::string_view style = R"(
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto;
       padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
pre, code, td.code { font: 13px/1.4 ui-monospace, monospace; }
pre { overflow-x: auto; background: #8881; padding: .7rem; border-radius: 6px; margin: .3rem 0; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .25rem .8rem .25rem 0;
         border-bottom: 1px solid #8883; }
td.number { text-align: right; white-space: nowrap; }
nav a { margin-right: 1rem; }
summary { cursor: pointer; margin: .4rem 0; }
.bar { background: #8882; height: .7rem; border-radius: 3px; min-width: 8rem; }
.bar div { background: #3b82c4; height: 100%; border-radius: 3px; }
.muted { color: #888; }
.k { color: #a5379b; } .t { color: #1d6fb8; } .n { color: #b3541e; } .c { color: #6a8a5a; }
section.kernel { border-left: 3px solid #3b82c4; padding-left: .8rem; margin: 1.2rem 0; }
)";

std::string escaped(std::string_view text)
{
    std::string result;
    for (const char c : text)
        switch (c) {
        case '&':
            result += "&amp;";
            break;
        case '<':
            result += "&lt;";
            break;
        case '>':
            result += "&gt;";
            break;
        case '"':
            result += "&quot;";
            break;
        default:
            result += c;
        }
    return result;
}

/// Emitted text with its words coloured.
std::string highlighted(std::string_view code)
{
    static const std::set<std::string_view> keywords = {
        "const",     "for",     "if",    "else", "return",     "static",    "struct",
        "void",      "while",   "do",    "char", "inline",     "CT_KERNEL", "extern",
        "CT_EXPORT", "CT_MATH", "break", "enum", "CT_RESTRICT"};
    static const std::set<std::string_view> types = {"i8",  "i16", "i32", "i64", "u8", "u16",
                                                     "u32", "u64", "f32", "f64", "b8"};
    const auto is_word = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
    };
    std::string out;
    const auto span = [&](std::string_view kind, std::string_view text) {
        out += fmt::format("<span class=\"{}\">{}</span>", kind, escaped(text));
    };
    for (std::size_t i = 0; i < code.size();) {
        std::size_t end = i;
        if (code.substr(i, 2) == "//") {
            end = std::min(code.find('\n', i), code.size());
            span("c", code.substr(i, end - i));
        } else if (code.substr(i, 2) == "/*") {
            const std::size_t close = code.find("*/", i);
            end = close == code.npos ? code.size() : close + 2;
            span("c", code.substr(i, end - i));
        } else if (is_word(code[i])) {
            const bool number = std::isdigit(static_cast<unsigned char>(code[i]));
            while (end < code.size() && (is_word(code[end]) || (number && code[end] == '.')))
                ++end;
            const std::string_view word = code.substr(i, end - i);
            if (number)
                span("n", word);
            else if (keywords.contains(word))
                span("k", word);
            else if (types.contains(word))
                span("t", word);
            else
                out += word;
        } else
            out += escaped(code.substr(i, ++end - i));
        i = end;
    }
    return out;
}

std::string bar(double part)
{
    return fmt::format("<div class=\"bar\"><div style=\"width:{:.1f}%\"></div></div>",
                       100 * std::clamp(part, 0.0, 1.0));
}

std::string folded(std::string_view title, std::string_view text, bool open)
{
    return fmt::format("<details{}><summary>{}</summary><pre>{}</pre></details>\n",
                       open ? " open" : "", title, escaped(text));
}

class Page {
public:
    explicit Page(const FunctionData& f) : f_(f), rows_(detail::kernel_rows(f)) {}

    std::string write(std::string_view source)
    {
        const std::string title = escaped(f_.name);
        text_ = fmt::format("<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n"
                            "<meta name=\"viewport\" content=\"width=device-width\">\n"
                            "<title>{} - Croton</title>\n<style>{}</style>\n<h1>{}</h1>\n"
                            "<pre>{}</pre>\n",
                            title, style, title, escaped(Function::signature_of(f_)));
        if (f_.options.reference)
            return text_ + "<p>Reference mode: each op by its meaning, nothing is compiled.</p>\n";
        text_ += "<nav><a href=\"#graph\">graph</a><a href=\"#rules\">rules</a>"
                 "<a href=\"#kernels\">kernels</a><a href=\"#memory\">memory</a>"
                 "<a href=\"#source\">source</a></nav>\n";
        graphs();
        rules();
        kernels();
        memory();
        sources(source);
        return std::move(text_);
    }

private:
    void head(std::string_view id, std::string_view title)
    {
        text_ += fmt::format("<h2 id=\"{}\">{}</h2>\n", id, title);
    }

    void graphs()
    {
        head("graph", "Graph");
        text_ += folded("as written", written_text(f_), true);
        text_ += folded("as compiled", compiled_text(f_), true);
    }

    void rules()
    {
        head("rules", "Passes and rules");
        double longest = 0;
        for (const Stage& s : f_.passes.stages)
            longest = std::max(longest, s.milliseconds);
        text_ += "<table><tr><th>pass<th>applies after it<th>ms<th></tr>\n";
        for (const Stage& s : f_.passes.stages)
            text_ += fmt::format(
                "<tr><td>{}{}<td class=\"number\">{}<td class=\"number\">{:.3f}"
                "<td>{}</tr>\n",
                escaped(s.name),
                s.changed == Changed::no ? " <span class=\"muted\">unchanged</span>" : "",
                s.applies, s.milliseconds, bar(longest > 0 ? s.milliseconds / longest : 0));
        text_ += "</table>\n";
        std::string fired;
        for (const Firing& firing : f_.passes.firings)
            fired += to_string(firing) + "\n";
        text_ += folded("rules that fired, where each stands, and the line it rewrote",
                        fired.empty() ? "none\n" : fired, true);
    }

    void kernels()
    {
        head("kernels", "Kernels");
        double slowest = 0;
        for (const detail::KernelRow& k : rows_)
            slowest = std::max(slowest, k.microseconds);
        text_ += "<table><tr><th>kernel<th>computes<th>cost of a call<th>compiled in"
                 "<th>measured</tr>\n";
        for (const detail::KernelRow& k : rows_)
            text_ += fmt::format(
                "<tr><td class=\"code\"><a href=\"#{0}\">{0}</a><br><span class=\"muted\">{1}"
                "</span><td>{2}<td>{3}<td>{4}<td>{5}{6}</tr>\n",
                escaped(k.name), escaped(k.note.empty() ? k.kind : k.kind + ", " + k.note),
                escaped(k.computes), escaped(k.cost), escaped(k.compiling), escaped(k.measured),
                slowest > 0 ? bar(k.microseconds / slowest) : "");
        text_ += "</table>\n";
        if (!f_.options.profile)
            text_ += "<p class=\"muted\">Times are measured with Options::profile.</p>\n";
        text_ += fmt::format("<p>Compiling: {}. Cache: {}.</p>\n",
                             escaped(detail::compile_times(f_)), escaped(detail::cache_text(f_)));
        text_ += "<table><tr><th>stored instead of fused<th>because</tr>\n";
        for (const codegen::Unfused& u : f_.program.unfused)
            text_ += fmt::format("<tr><td class=\"code\">{}<td>{}</tr>\n",
                                 escaped(to_expression(u.value, 80)), escaped(u.reason));
        text_ += "</table>\n";
        std::string loops;
        for (const std::string& line : detail::missed_loops(f_))
            loops += line + "\n";
        text_ += folded("loops over lanes that LLVM did not vectorise",
                        loops.empty() ? "none\n" : loops, false);
    }

    void memory()
    {
        head("memory", "Memory");
        double largest = 0;
        for (const codegen::WorkspaceValue& v : f_.program.workspace)
            if (v.bytes.is_known())
                largest = std::max(largest, static_cast<double>(v.bytes.value()));
        text_ += "<table><tr><th>place<th>bytes<th>value<th></tr>\n";
        for (const codegen::WorkspaceValue& v : f_.program.workspace)
            text_ += fmt::format(
                "<tr><td>{}<td class=\"number\">{}<td class=\"code\">{}<td>{}</tr>\n",
                escaped(v.place), escaped(to_string(v.bytes)), escaped(to_expression(v.value, 80)),
                v.bytes.is_known() && largest > 0
                    ? bar(static_cast<double>(v.bytes.value()) / largest)
                    : "");
        text_ += "</table>\n";
        if (f_.program.workspace_bytes >= 0)
            text_ += fmt::format("<p>{} bytes together.</p>\n", f_.program.workspace_bytes);
    }

    void sources(std::string_view source)
    {
        head("source", "Source");
        std::string_view rest = source;
        for (const codegen::KernelInfo& k : f_.program.kernels) {
            const std::size_t at = rest.find(k.text);
            if (k.text.empty() || at == rest.npos) continue;
            code(rest.substr(0, at));
            text_ += fmt::format("<section class=\"kernel\" id=\"{}\">\n", escaped(k.name));
            code(k.text);
            text_ += "</section>\n";
            rest.remove_prefix(at + k.text.size());
        }
        code(rest);
        text_ += "<details><summary>the prelude's functions that it uses</summary>\n";
        const std::string_view all = f_.whole_source();
        code(all.substr(0, all.size() - source.size()));
        text_ += "</details>\n";
    }

    void code(std::string_view text)
    {
        while (text.starts_with('\n'))
            text.remove_prefix(1);
        if (!text.empty()) text_ += "<pre>" + highlighted(text) + "</pre>\n";
    }

    const FunctionData& f_;
    std::vector<detail::KernelRow> rows_;
    std::string text_;
};

} // namespace

void Function::explain_html(std::string_view path, Where where) const
{
    detail::at_place(where,
                     [&] { npy::write_file(path, Page(*data_).write(source()), "explain_html"); });
}

} // namespace croton::inline v1
