#include "own_text.hpp"

#include <croton/ir/format.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <charconv>
#include <vector>

namespace croton::inline v1::detail {

namespace {

/// The first error in Clang's log: "name.cpp:12:7: error: use of undeclared identifier 'f'".
struct Diagnostic {
    std::size_t line = 0, column = 0; ///< of the text, from 1
    std::string_view message;
};

Diagnostic first_error(std::string_view log)
{
    constexpr std::string_view mark = ": error: ";
    const std::size_t at = log.find(mark);
    if (at == log.npos) return {};
    Diagnostic found;
    found.message = log.substr(at + mark.size());
    found.message = found.message.substr(0, found.message.find('\n'));
    const std::size_t column = log.rfind(':', at - 1);
    const std::size_t line = column == log.npos ? column : log.rfind(':', column - 1);
    if (line == log.npos) return {};
    std::from_chars(log.data() + line + 1, log.data() + column, found.line);
    std::from_chars(log.data() + column + 1, log.data() + at, found.column);
    return found;
}

std::string_view line_of(std::string_view text, std::size_t number)
{
    for (; number > 1 && !text.empty(); --number)
        text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    return text.substr(0, text.find('\n'));
}

/// A statement alone, for a sentence.
std::string_view trimmed(std::string_view line)
{
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    if (line.ends_with(';')) line.remove_suffix(1);
    return line;
}

/// What stands between the placeholders of an op's text.
std::vector<std::string_view> pieces(std::string_view text)
{
    std::vector<std::string_view> list;
    while (!text.empty()) {
        const std::size_t open = std::min(text.find('{'), text.size());
        if (open > 0) list.push_back(text.substr(0, open));
        text.remove_prefix(open);
        if (!text.empty()) text.remove_prefix(std::min(text.find('}'), text.size() - 1) + 1);
    }
    return list;
}

/// The Applies of the user's own pointwise ops, of each op one.
void find_own(std::span<const Variable> outputs, std::vector<Apply>& found)
{
    for (const Apply& a : applies_of(outputs)) {
        for (const Region& body : regions_of(a))
            find_own(body.outputs(), found);
        const bool own = is_pointwise(a.op()) && std::ranges::count(all_ops(), &a.op()) == 0;
        if (own && std::ranges::none_of(found, [&](const Apply& b) { return &a.op() == &b.op(); }))
            found.push_back(a);
    }
}

/// How much of the text that `a` is emitted as stands in `line`; most, where a part of it stands at
/// the column of the error.
std::size_t likeness(const Apply& a, std::string_view line, std::size_t column)
{
    const auto& p = std::get<Pointwise>(a.op().lowering);
    std::size_t most = 0;
    for (const std::string_view text : {p.real, p.integer, p.boolean}) {
        std::size_t found = 0;
        for (const std::string_view piece : pieces(text)) {
            std::size_t at = line.find(piece);
            if (at != line.npos) found += piece.size();
            for (; at != line.npos; at = line.find(piece, at + 1))
                if (at < column && column <= at + piece.size()) found += line.size();
        }
        most = std::max(most, found);
    }
    return most;
}

/// The op's text for its operands' dtype.
std::string_view text_of(const Apply& a)
{
    const auto& p = std::get<Pointwise>(a.op().lowering);
    const DType by = (a.inputs().empty() ? a.output(0) : a.input(0)).dtype();
    if (is_integer(by) && !p.integer.empty()) return p.integer;
    return by == DType::boolean && !p.boolean.empty() ? p.boolean : p.real;
}

} // namespace

void refuse_own_text(const FunctionData& f, const TextError& error)
{
    const Diagnostic diagnostic = first_error(error.log());
    if (diagnostic.line == 0) return;
    const std::string_view line = line_of(error.text(), diagnostic.line);
    std::vector<Apply> own;
    find_own(f.outputs, own);
    const auto like = [&](const Apply& a) { return likeness(a, line, diagnostic.column); };
    const auto best = std::ranges::max_element(own, {}, like);
    if (best == own.end() || like(*best) == 0) return;
    throw user_error(
        Code::domain, best->location(), best->op().name,
        "its text '{}' does not compile: {}: {}; CROTON_DUMP=FOLDER in the environment "
        "writes the whole program there",
        text_of(*best), diagnostic.message, trimmed(line));
}

} // namespace croton::inline v1::detail
