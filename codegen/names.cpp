#include "names.hpp"

#include <croton/codegen/prelude.hpp>
#include <croton/ir/format.hpp>

#include <cctype>
#include <vector>

#include "writer.hpp"

namespace croton::inline v1::codegen {

namespace {

const std::set<std::string, std::less<>>& reserved_words()
{
    static const std::set<std::string, std::less<>> words = {"alignas",
                                                             "alignof",
                                                             "and",
                                                             "asm",
                                                             "auto",
                                                             "bool",
                                                             "break",
                                                             "case",
                                                             "catch",
                                                             "char",
                                                             "class",
                                                             "concept",
                                                             "const",
                                                             "continue",
                                                             "default",
                                                             "delete",
                                                             "do",
                                                             "double",
                                                             "else",
                                                             "enum",
                                                             "explicit",
                                                             "export",
                                                             "extern",
                                                             "false",
                                                             "float",
                                                             "for",
                                                             "friend",
                                                             "goto",
                                                             "if",
                                                             "inline",
                                                             "int",
                                                             "long",
                                                             "mutable",
                                                             "namespace",
                                                             "new",
                                                             "not",
                                                             "operator",
                                                             "or",
                                                             "private",
                                                             "protected",
                                                             "public",
                                                             "register",
                                                             "requires",
                                                             "restrict",
                                                             "return",
                                                             "short",
                                                             "signed",
                                                             "sizeof",
                                                             "static",
                                                             "struct",
                                                             "switch",
                                                             "template",
                                                             "this",
                                                             "throw",
                                                             "true",
                                                             "try",
                                                             "typedef",
                                                             "typename",
                                                             "union",
                                                             "unsigned",
                                                             "using",
                                                             "virtual",
                                                             "void",
                                                             "volatile",
                                                             "while",
                                                             "xor",
                                                             "i8",
                                                             "i16",
                                                             "i32",
                                                             "i64",
                                                             "u8",
                                                             "u16",
                                                             "u32",
                                                             "u64",
                                                             "f16",
                                                             "bf16",
                                                             "f32",
                                                             "f64",
                                                             "b8",
                                                             "run",
                                                             "rt",
                                                             "in",
                                                             "out",
                                                             "extents",
                                                             "workspace",
                                                             "report",
                                                             "bad",
                                                             "main",
                                                             "begin",
                                                             "end",
                                                             "i",
                                                             "j",
                                                             "k",
                                                             "l",
                                                             "lanes",
                                                             "i0",
                                                             "j0",
                                                             "k0",
                                                             "unix",
                                                             "linux",
                                                             "extent",
                                                             "block",
                                                             "cost",
                                                             "context",
                                                             "arguments",
                                                             "flag",
                                                             "rest",
                                                             "char8_t",
                                                             "char16_t",
                                                             "char32_t",
                                                             "wchar_t",
                                                             "decltype",
                                                             "nullptr",
                                                             "noexcept",
                                                             "typeid",
                                                             "bitand",
                                                             "bitor",
                                                             "compl",
                                                             "and_eq",
                                                             "or_eq",
                                                             "xor_eq",
                                                             "not_eq",
                                                             "constexpr",
                                                             "consteval",
                                                             "constinit",
                                                             "co_await",
                                                             "co_return",
                                                             "co_yield",
                                                             "thread_local",
                                                             "static_assert",
                                                             "static_cast",
                                                             "const_cast",
                                                             "dynamic_cast",
                                                             "reinterpret_cast"};
    return words;
}

/// What emitted text numbers by itself: kernels, and locals that are not made by Names.
bool is_numbered_name(std::string_view name)
{
    static const std::set<std::string_view> stems = {"end",      "s",        "fused_",  "columns_",
                                                     "running_", "scatter_", "matmul_", "loop_"};
    const std::size_t digits = name.find_last_not_of("0123456789") + 1;
    return digits < name.size() && stems.contains(name.substr(0, digits));
}

std::string identifier(std::string_view wanted)
{
    std::string text;
    for (char c : wanted)
        text += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
    while (!text.empty() && text.back() == '_')
        text.pop_back();
    if (!text.empty() && std::isdigit(static_cast<unsigned char>(text[0]))) text.insert(0, "v");
    if (!text.empty() && text[0] == '_') text.insert(0, "v");
    if (text.size() > 32) text.resize(32);
    return text;
}

} // namespace

bool is_taken_by_the_text(std::string_view name)
{
    return reserved_words().contains(name) || has_prelude_function(name);
}

std::string Names::fresh(std::string_view wanted, std::string_view stem)
{
    const std::string name = identifier(wanted);
    const bool free = !name.empty() && !is_taken_by_the_text(name) && !is_numbered_name(name);
    if (free && taken_.insert(name).second) return name;
    const std::string base = name.empty() ? std::string(stem) : name + "_";
    for (int& n = next_[base];; ++n) {
        std::string numbered = fmt::format("{}{}", base, n);
        if (!is_taken_by_the_text(numbered) && taken_.insert(numbered).second) {
            ++n;
            return numbered;
        }
    }
}

namespace {

std::string atom_text(const detail::Atom* atom, const SymbolNames& names)
{
    const auto call = [&](std::string_view function) {
        const auto [a, b] = operands(atom);
        return fmt::format("{}({}, {})", function, c_text(a, names), c_text(b, names));
    };
    switch (kind(atom)) {
    case AtomKind::symbol: {
        const auto found = names.find(atom);
        if (found == names.end())
            throw internal_error("code generation", "extent {} has no name in the emitted text",
                                 to_string(as_extent(atom)));
        return found->second;
    }
    case AtomKind::floor_div:
        return call("floor_div_i64");
    case AtomKind::mod:
        return call("mod_i64");
    case AtomKind::minimum:
        return call("min_i64");
    case AtomKind::maximum:
        return call("max_i64");
    }
    return {};
}

} // namespace

std::string c_text(const Extent& extent, const SymbolNames& names)
{
    if (extent.is_known()) return std::to_string(extent.value());
    std::string text;
    for (const ExtentTerm& t : terms(extent)) {
        const bool negative = t.coefficient < 0;
        if (text.empty())
            text = negative ? "-" : "";
        else
            text += negative ? " - " : " + ";
        const std::int64_t magnitude = negative ? -t.coefficient : t.coefficient;
        std::string product;
        // Loop indices first, as people write i * n + j.
        for (const detail::Atom* f : t.factors)
            product += (product.empty() ? "" : " * ") + atom_text(f, names);
        if (magnitude != 1 || product.empty())
            product += (product.empty() ? "" : " * ") + std::to_string(magnitude);
        text += product;
    }
    return text;
}

std::string c_factor(const Extent& extent, const SymbolNames& names)
{
    const std::string text = c_text(extent, names);
    const bool simple = text.find(' ') == text.npos && text[0] != '-';
    return simple ? text : "(" + text + ")";
}

std::string_view memory_type(DType dtype)
{
    if (dtype == DType::boolean) return "b8";
    if (dtype == DType::f16 || dtype == DType::bf16) return "u16";
    return name(dtype);
}
std::string_view scalar_type(DType dtype)
{
    if (dtype == DType::boolean) return "b8";
    return name(dtype);
}

std::string
parameter_list(const std::string& head, const std::vector<std::string>& parameters, int indent)
{
    const std::string margin(static_cast<std::size_t>(indent), ' ');
    std::string joined;
    for (const std::string& p : parameters)
        joined += (joined.empty() ? "" : ", ") + p;
    if (margin.size() + head.size() + joined.size() + 3 <= 100)
        return fmt::format("{}({})", head, joined);
    // One under the other's start, as many as fit a line of 100 columns.
    std::string text = head + "(";
    const std::string under(margin.size() + text.size(), ' ');
    std::size_t column = under.size();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        const bool last = i + 1 == parameters.size();
        const std::size_t width = parameters[i].size() + (last ? 2 : 1);
        if (i > 0 && column + 1 + width > 100) {
            text += "\n" + under;
            column = under.size();
        } else if (i > 0) {
            text += ' ';
            ++column;
        }
        text += parameters[i] + (last ? ")" : ",");
        column += width;
    }
    return text;
}

} // namespace croton::inline v1::codegen
