#include "names.hpp"

#include <croton/codegen/prelude.hpp>
#include <croton/ir/format.hpp>

#include <algorithm>
#include <vector>

#include "c_precedence.hpp"
#include "long_sums.hpp"
#include "tokens.hpp"
#include "writer.hpp"

namespace croton::inline v1::codegen {

namespace {

/// Words of C, C++ and the prelude, and what the emitted text names by itself.
constexpr std::string_view reserved =
    "alignas alignof and asm auto bool break case catch char class concept const continue "
    "default delete do double else enum explicit export extern false float for friend goto "
    "if inline int long mutable namespace new not operator or private protected public "
    "register requires restrict return short signed sizeof static struct switch template "
    "this throw true try typedef typename union unsigned using virtual void volatile while "
    "xor i8 i16 i32 i64 u8 u16 u32 u64 f16 bf16 f32 f64 b8 run rt in out extents workspace "
    "report bad failed main begin end begin_slope end_slope stop lanes hard unix linux "
    "extent block cost "
    "arguments flag char8_t char16_t char32_t wchar_t decltype nullptr noexcept typeid "
    "bitand bitor compl and_eq or_eq xor_eq not_eq constexpr consteval constinit co_await "
    "co_return co_yield thread_local static_assert static_cast const_cast dynamic_cast "
    "reinterpret_cast";

const std::set<std::string_view>& reserved_words()
{
    static const std::set<std::string_view> words = [] {
        std::set<std::string_view> list;
        for (std::string_view rest = reserved; !rest.empty();) {
            const std::size_t end = std::min(rest.find(' '), rest.size());
            list.insert(rest.substr(0, end));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        return list;
    }();
    return words;
}

/// What emitted text numbers by itself: kernels and their callers, and locals that are not made by
/// Names.
bool is_numbered_name(std::string_view name)
{
    static const std::set<std::string> stems = [] {
        std::set<std::string> all{"end", "s", "t", "run_part_"};
        for (const std::string_view kernel : kernel_stems)
            for (const std::string_view caller : {"", "all_", "stream_"})
                all.insert(fmt::format("{}{}_", caller, kernel));
        for (const std::string_view caller : {"", "all_", "part_of_", "seam_of_"})
            all.insert(fmt::format("{}pass_", caller));
        return all;
    }();
    const std::size_t digits = name.find_last_not_of("0123456789") + 1;
    return digits < name.size() && stems.contains(std::string(name.substr(0, digits)));
}

/// Macros of the emitted text begin so, wherever they are defined, and nothing else in it does.
constexpr std::string_view macro_prefix = "CT_";

std::string identifier(std::string_view wanted)
{
    std::string text;
    for (char c : wanted)
        text += is_word(c) ? c : '_';
    while (!text.empty() && text.back() == '_')
        text.pop_back();
    const bool is_digit_first = !text.empty() && std::isdigit(static_cast<unsigned char>(text[0]));
    // With what may be put behind it: CT_0 begins so, too.
    const bool is_macro_like = (text + '_').starts_with(macro_prefix);
    if (is_digit_first || text.starts_with('_') || is_macro_like) text.insert(0, "v");
    if (text.size() > 32) text.resize(32);
    return text;
}

} // namespace

bool is_taken_by_the_text(std::string_view name)
{
    return name.starts_with(macro_prefix) || reserved_words().contains(name) ||
           has_prelude_function(name);
}

bool Names::is_free(std::string_view wanted) const
{
    const std::string name = identifier(wanted);
    return !name.empty() && !is_taken_by_the_text(name) && !is_numbered_name(name) &&
           !taken_.contains(name);
}

std::string Names::numbered(std::string_view stem)
{
    std::string name(stem);
    for (int n = 2; !is_free(name); ++n)
        name = fmt::format("{}{}", stem, n);
    return fresh(name, {});
}

std::string Names::fresh(std::string_view wanted, std::string_view stem)
{
    const std::string name = identifier(wanted);
    if (is_free(wanted)) return *taken_.insert(name).first;
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
    std::vector<NamedProduct> all = named_products(extent, names);
    // A positive term in front saves a sign: n - i, not -i + n.
    const auto positive =
        std::ranges::find_if(all, [](const NamedProduct& p) { return p.rest.coefficient > 0; });
    if (positive != all.end()) std::rotate(all.begin(), positive, positive + 1);
    std::string text;
    for (const NamedProduct& p : all) {
        std::string product;
        const auto times = [&](const std::string& factor) {
            product += (product.empty() ? "" : " * ") + factor;
        };
        // Loop indices first, as people write i * n + j.
        auto factor = p.rest.factors.begin();
        const auto end = p.rest.factors.end();
        for (; factor != end && (!p.sum || is_index_symbol(*factor)); ++factor)
            times(atom_text(*factor, names));
        if (p.sum) times(names.sums.at(p.sum));
        for (; factor != end; ++factor)
            times(atom_text(*factor, names));
        const std::int64_t magnitude = std::abs(p.rest.coefficient);
        if (magnitude != 1 || product.empty()) times(std::to_string(magnitude));
        append_signed(text, p.rest.coefficient < 0, product);
    }
    return text;
}

std::string c_factor(const Extent& extent, const SymbolNames& names)
{
    const std::string text = c_text(extent, names);
    return binding_of(text) == Binding::atom ? text : "(" + text + ")";
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

namespace {

std::string list_of(const std::string& head,
                    const std::vector<std::string>& parameters,
                    std::size_t indent,
                    std::size_t most,
                    bool break_all)
{
    std::string text = head + "(";
    std::size_t column = indent + text.size();
    const std::string under(column, ' ');
    std::string joined;
    for (const std::string& p : parameters)
        joined += (joined.empty() ? "" : ", ") + p;
    const std::size_t after = break_all ? 1 : 2; // the closing parenthesis, and a semicolon
    if (column + joined.size() + after <= most) return text + joined + ")";
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        const bool last = i + 1 == parameters.size();
        const std::size_t width = parameters[i].size() + (last ? after : 1);
        if (i > 0 && (break_all || column + 1 + width > most)) {
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

} // namespace

std::string parameter_list(const std::string& head, const std::vector<std::string>& parameters)
{
    const std::string line = fmt::format("{}({})", head, fmt::join(parameters, ", "));
    const std::size_t name = head.rfind(' ') + 1;
    // As clang-format has it: the type alone where that gives the others one line, if it knows the
    // type as one (CT_KERNEL i32 could be anything).
    const bool known = head.starts_with("static ") || head.substr(0, name).ends_with("void ") ||
                       (!parameters.empty() && parameters[0].starts_with("const "));
    if (known && line.size() > 100 && line.size() - name <= 100)
        return head.substr(0, name - 1) + "\n" + line.substr(name);
    return list_of(head, parameters, 0, 100, true);
}

std::string argument_list(const std::string& head,
                          const std::vector<std::string>& arguments,
                          std::size_t indent,
                          std::size_t width)
{
    return list_of(head, arguments, indent, width, false);
}

bool mentions(std::string_view text, std::string_view word)
{
    for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
        const bool left = at == 0 || !is_word(text[at - 1]);
        const bool right = at + word.size() == text.size() || !is_word(text[at + word.size()]);
        if (left && right) return true;
    }
    return false;
}

} // namespace croton::inline v1::codegen
