#include "kernel_comment.hpp"

#include <croton/ir/format.hpp>

#include <algorithm>
#include <set>
#include <vector>

#include "comment_text.hpp"
#include "extent_text.hpp"
#include "formula.hpp"
#include "nest_cost.hpp"

namespace croton::inline v1::codegen {

namespace {

constexpr std::size_t width = 100;

/// The user's lines, those of one file together: "model.cpp:14, 17".
std::string places(const LoopNest& nest)
{
    constexpr int most = 4;
    std::set<std::string> seen;
    std::string text, file;
    for (const Apply& a : nest.applies) {
        if (!a.location()) continue;
        const std::string place = to_string(*a.location());
        if (!seen.insert(place).second) continue;
        if (seen.size() > most) return text + ", ..";
        const std::size_t colon = place.find(':') + 1;
        const bool same_file = place.substr(0, colon) == file;
        file = place.substr(0, colon);
        text += (text.empty() ? "" : ", ") + (same_file ? place.substr(colon) : place);
    }
    return text;
}

std::string use_of(const LoopNest& nest, BufferId id)
{
    const Buffer& b = nest.buffers[static_cast<std::size_t>(id)];
    for (const ContractNest& c : nest.contract)
        if (c.packed_a == id || c.packed_b == id) {
            const bool kept = c.packed_a == id ? c.keeps_a : c.keeps_b;
            return kept ? "written in the first step" : "scratch";
        }
    if (b.access == Buffer::Access::read) return "read";
    return is_updated(b) ? "read and written" : "written";
}

std::vector<std::string> argument_lines(const LoopNest& nest, const SymbolNames& symbols)
{
    std::size_t longest_name = 0, longest_type = 0;
    std::vector<std::string> types;
    for (const Buffer& b : nest.buffers) {
        types.push_back(
            fmt::format("{} {}", croton::name(b.dtype()), extents_text(b.shape(), symbols)));
        longest_name = std::max(longest_name, b.name.size());
        longest_type = std::max(longest_type, types.back().size());
    }
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < types.size(); ++i)
        lines.push_back(fmt::format("{:<{}}  {:<{}}  {}", nest.buffers[i].name, longest_name,
                                    types[i], longest_type,
                                    use_of(nest, static_cast<BufferId>(i))));
    return lines;
}

/// What arguments are that stand for long sums of extents; empty where there are none.
std::string sums_line(const SymbolNames& symbols)
{
    std::vector<std::string_view> names;
    for (const auto& [sum, name] : symbols.sums)
        if (!name.empty()) names.push_back(name);
    if (names.empty()) return {};
    std::ranges::sort(names); // sums are in no order
    return fmt::format("{}: {} of extents", fmt::join(names, ", "),
                       names.size() == 1 ? "a sum" : "sums");
}

/// On one line, or reading and writing on a line of their own.
std::vector<std::string> cost_lines(const LoopNest& nest, const SymbolNames& symbols)
{
    const NestCost cost = cost_of(nest);
    const auto none = [](const Extent& amount) { return amount.is_known() && amount.value() == 0; };
    std::string flops, bytes;
    if (!none(cost.flops)) flops = quantity_text(cost.flops, symbols) + " flops";
    if (!none(cost.bytes_read)) bytes = "reads " + quantity_text(cost.bytes_read, symbols);
    if (!none(cost.bytes_written))
        bytes +=
            (bytes.empty() ? "writes " : ", writes ") + quantity_text(cost.bytes_written, symbols);
    bytes += " bytes.";
    if (flops.empty()) return {"One call " + bytes};
    std::string line = fmt::format("One call: {}; {}", flops, bytes);
    if (line.size() + 3 <= width) return {line};
    return {fmt::format("One call: {};", flops), bytes};
}

/// Lines of at most `width` columns: clang-format would break longer ones.
std::string comment_of(const std::vector<std::string>& lines)
{
    std::string text;
    for (const std::string& any : lines) {
        const std::string line = comment_text(any);
        if (line.empty())
            text += "//\n";
        else if (line.size() + 3 <= width)
            text += "// " + line + "\n";
        else
            text += fmt::format("// {} ..\n", shortened(line, width - 6));
    }
    return text;
}

} // namespace

std::string
kernel_comment(const LoopNest& nest, const std::string& name, const SymbolNames& symbols)
{
    const std::vector<std::string> formulas = formula_lines(nest, symbols, width - 5);
    const std::string where = places(nest);
    const std::string gap = where.empty() ? "" : "        ";
    std::vector<std::string> lines;
    if (formulas.size() == 1)
        lines.push_back(fmt::format("{}: {}{}{}", name, formulas[0], gap, where));
    if (lines.empty() || lines[0].size() + 3 > width) {
        lines = {name + gap + where, ""};
        for (const std::string& f : formulas)
            lines.push_back("  " + f);
    }
    lines.emplace_back();
    for (const std::string& argument : argument_lines(nest, symbols))
        lines.push_back("  " + argument);
    if (const std::string sums = sums_line(symbols); !sums.empty()) lines.push_back("  " + sums);
    lines.emplace_back();
    for (const std::string& line : cost_lines(nest, symbols))
        lines.push_back(line);
    return comment_of(lines) + "\n";
}

} // namespace croton::inline v1::codegen
