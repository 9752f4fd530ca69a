#include "run_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "tokens.hpp"
#include "writer.hpp"

namespace croton::inline v1::codegen {

namespace {

constexpr std::string_view run_head =
    R"(// Checks extents, then calls the kernels in order. Returns 0, or what failed.
CT_EXPORT i32 run(const struct ct_runtime* rt,
                  const void* const* in,
                  void* const* out,
                  const i64* extents,
                  void* workspace,
                  struct ct_report* report)
{
)";
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

/// The lines of `sizes` up to the last whose name `steps` mentions: a later one is needed only for
/// the size of the whole workspace.
std::string_view needed(std::string_view sizes, std::string_view steps)
{
    constexpr std::string_view head = "    const i64 ";
    while (!sizes.empty()) {
        const std::size_t before = sizes.rfind('\n', sizes.size() - 2);
        const std::size_t line = before == sizes.npos ? 0 : before + 1;
        const std::size_t name = line + head.size();
        if (mentions(steps, sizes.substr(name, sizes.find(' ', name) - name))) break;
        sizes = sizes.substr(0, line);
    }
    return sizes;
}

/// "(void)x;" for each local of `prologue` that nothing mentions: an input that is there for its
/// shape, or one that is not used.
std::string unused_locals(std::string_view prologue, std::string_view body)
{
    std::map<std::string_view, int> count;
    for (std::size_t i = 0; i < body.size();) {
        std::size_t end = i;
        while (end < body.size() && is_word(body[end]))
            ++end;
        if (end > i) ++count[body.substr(i, end - i)];
        i = std::max(end, i + 1);
    }
    std::string lines;
    while (!prologue.empty()) {
        const std::string_view line = prologue.substr(0, prologue.find('\n') + 1);
        prologue.remove_prefix(line.size());
        const std::size_t equals = line.find(" = ");
        if (equals == line.npos || line.starts_with("    if")) continue;
        const std::size_t space = line.rfind(' ', equals - 1);
        const std::string_view name = line.substr(space + 1, equals - space - 1);
        if (count[name] == 1) lines += fmt::format("    (void){};\n", name);
    }
    return lines;
}

std::string run_body(std::string_view prologue, std::string_view sizes, std::string_view steps)
{
    std::string body(prologue);
    if (mentions(steps, "work")) {
        body += "    char* const work = (char*)workspace;\n";
        body += needed(sizes, steps);
    } else
        body += "    (void)workspace;\n";
    body += steps;
    body += unused_locals(prologue, body);
    for (std::string_view unused : {"rt", "in", "extents", "report"})
        if (!mentions(prologue, unused) && !mentions(steps, unused))
            body += fmt::format("    (void){};\n", unused);
    return body + "    return 0;\n}\n";
}

/// The lines that give symbols their values, and for those that are not `wanted` that this is so.
std::string symbol_values(std::string_view prologue, std::string_view wanted)
{
    constexpr std::string_view head = "    const i64 ";
    std::string values;
    while (!prologue.empty()) {
        const std::string_view line = prologue.substr(0, prologue.find('\n') + 1);
        prologue.remove_prefix(line.size());
        if (!line.starts_with(head)) continue;
        values += line;
        const std::string_view name =
            line.substr(head.size(), line.find(' ', head.size()) - head.size());
        if (!mentions(wanted, name)) values += fmt::format("    (void){};\n", name);
    }
    return values;
}

} // namespace

std::string write_run(const RunText& parts)
{
    const std::string prologue = indented(parts.prologue);
    const std::string sizes = indented(parts.sizes);
    const std::string limits = indented(sizes.empty() ? "" : parts.limits);
    std::string text = std::string(run_head) + run_body(prologue, sizes, indented(parts.steps));
    text += workspace_head;
    const std::string values = symbol_values(prologue, limits + sizes + parts.total);
    text += values.empty() || sizes.empty() ? "    (void)extents;\n" : values;
    text += limits + sizes;
    return text + fmt::format("    return {};\n}}\n", parts.total.empty() ? "0" : parts.total);
}

} // namespace croton::inline v1::codegen
