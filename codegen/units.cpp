#include <croton/codegen/prelude.hpp>
#include <croton/codegen/program.hpp>
#include <croton/codegen/units.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>

#include "canonical.hpp"

namespace croton::inline v1::codegen {

namespace {

/// Work as compiling it costs, roughly a microsecond each. A unit costs 5 to 10 ms by itself: the
/// parse of its prelude and what LLVM sets up.
constexpr std::int64_t work_of_a_unit = 60'000;
constexpr std::int64_t work_of_a_token = 25;
constexpr std::int64_t work_of_an_operation = 150; ///< of a function of the prelude

/// A kernel with the functions and structs in front of it that are its own; or, at the end, `run`.
struct Piece {
    std::string_view text;
    int line = 1; ///< in the program's source
    int lines = 0;
    bool is_entry = false; ///< what a program exports
    std::vector<Token> tokens;
    std::vector<std::string_view> defines;
    std::vector<std::string_view> mentions; ///< every identifier, each once
    std::int64_t work = 0;
    std::int64_t operations = 0; ///< of functions of the prelude, were they all copied
};
/// A kernel with more is long: it calls mathematical functions.
constexpr std::int64_t operations_of_a_long_kernel = 1500;
bool is_long(const Piece& p) { return p.operations > operations_of_a_long_kernel; }

std::int64_t count_lines(std::string_view text) { return std::ranges::count(text, '\n'); }

/// The name of the function that begins with the text: the identifier before `(`.
std::string_view function_name(std::string_view text)
{
    const std::size_t end = text.find('(');
    std::size_t first = end;
    while (first > 0 && is_word(text[first - 1]))
        --first;
    return text.substr(first, end - first);
}

void read_tokens(Piece& piece)
{
    piece.tokens = tokens_of(piece.text);
    piece.work = work_of_a_token * static_cast<std::int64_t>(piece.tokens.size());
    std::unordered_map<std::string_view, std::int64_t> counts;
    for (const Token& t : piece.tokens)
        if (t.kind == Token::Kind::identifier) ++counts[t.text];
    for (const auto& [word, count] : counts) {
        piece.mentions.push_back(word);
        piece.operations += count * prelude_flops(word);
    }
    std::ranges::sort(piece.mentions);
    // A function of the prelude becomes a part of what calls it.
    if (!is_long(piece)) piece.work += work_of_an_operation * piece.operations;
}

/// A piece ends with the `}` of a kernel or of an exported function.
std::vector<Piece> pieces_of(std::string_view program)
{
    int line = 1;
    std::vector<Piece> pieces;
    Piece piece;
    std::size_t begin = 0, at = 0;
    while (at < program.size()) {
        const std::size_t end = std::min(program.find('\n', at), program.size() - 1) + 1;
        const std::string_view text = program.substr(at, end - at);
        const bool defines = text.starts_with("CT_KERNEL ") || text.starts_with("CT_EXPORT ");
        if (defines) {
            piece.defines.push_back(function_name(program.substr(at)));
            piece.is_entry = text.starts_with("CT_EXPORT ");
        }
        at = end;
        const bool whole = defines && text.ends_with(" }\n"); // on one line
        if ((text != "}\n" && !whole) || piece.defines.empty()) continue;
        piece.text = program.substr(begin, end - begin);
        piece.line = line;
        piece.lines = static_cast<int>(count_lines(piece.text));
        line += piece.lines;
        read_tokens(piece);
        pieces.push_back(std::exchange(piece, {}));
        begin = end;
    }
    return pieces;
}

std::uint64_t hash_of(std::string_view text)
{
    std::uint64_t hash = 14695981039346656037u; // FNV-1a
    for (const char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    return hash;
}

CanonicalText canonical_of(std::span<const Piece> pieces, std::string_view declared)
{
    Canonical canonical;
    canonical.add(tokens_of(declared), 0);
    int lines = static_cast<int>(count_lines(declared));
    for (const Piece& p : pieces) {
        canonical.add(p.tokens, lines);
        lines += p.lines;
    }
    return canonical.take();
}

bool ends_unit(const std::vector<Piece>& pieces, std::size_t i, std::int64_t work)
{
    if (pieces[i].is_entry) return false;
    // Long kernels share what they call.
    const std::int64_t most = is_long(pieces[i]) ? 6 * work_of_a_unit : work_of_a_unit;
    if (pieces[i + 1].is_entry || work >= most) return true;
    if (is_long(pieces[i]) != is_long(pieces[i + 1])) return true;
    // A cut that depends on the kernel itself stays where it is when those before it change.
    return work >= most / 4 && hash_of(canonical_of({&pieces[i], 1}, {}).text) % 4 == 0;
}

/// Numbers of pieces: [first, last) of each unit.
std::vector<std::pair<std::size_t, std::size_t>> groups_of(const std::vector<Piece>& pieces)
{
    std::int64_t all = 0;
    for (const Piece& p : pieces)
        all += p.work;
    if (all <= work_of_a_unit && std::ranges::none_of(pieces, is_long)) return {{0, pieces.size()}};
    std::vector<std::pair<std::size_t, std::size_t>> groups;
    std::size_t first = 0;
    std::int64_t work = 0;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        work += pieces[i].work;
        if (i + 1 < pieces.size() && !ends_unit(pieces, i, work)) continue;
        groups.emplace_back(first, i + 1);
        first = i + 1;
        work = 0;
    }
    return groups;
}

/// `CT_KERNEL void fused_0(..);` of a function that begins with this line.
std::string declaration(std::string_view text, std::string_view name)
{
    std::size_t begin = 0;
    for (;;) {
        begin = text.find("CT_KERNEL ", begin);
        const std::size_t end = text.find(')', begin) + 1;
        const std::string_view head = text.substr(begin, end - begin);
        if (function_name(head) == name) return std::string(head) + ";\n";
        begin = end;
    }
}

class Cutter {
public:
    explicit Cutter(std::vector<Piece> pieces) : pieces_(std::move(pieces))
    {
        for (std::size_t i = 0; i < pieces_.size(); ++i)
            for (std::string_view name : pieces_[i].defines)
                home_.emplace(name, i);
    }

    SourceUnit unit(std::size_t first, std::size_t last) const
    {
        const std::string declared = declarations(first, last);
        const std::string before =
            declared.empty() ? "" : "// Kernels of other units.\n" + declared + "\n";
        const auto pieces = std::span(pieces_).subspan(first, last - first);
        std::vector<std::string_view> words; // declarations name types alone, which all texts have
        for (const Piece& p : pieces)
            words.insert(words.end(), p.mentions.begin(), p.mentions.end());
        const std::string head =
            prelude_for(words, is_long(pieces_[first])) + std::string(end_of_prelude);
        SourceUnit unit{head + before, canonical_of(pieces, before), 0};
        for (const Piece& p : pieces)
            unit.text += p.text;
        const std::int64_t lines_of_head = count_lines(head);
        for (int& line : unit.canonical.lines)
            line += static_cast<int>(lines_of_head);
        unit.canonical.text.insert(0, head);
        unit.lines_to_program =
            pieces_[first].line - 1 - static_cast<int>(lines_of_head + count_lines(before));
        return unit;
    }

    const std::vector<Piece>& pieces() const { return pieces_; }

private:
    std::string declarations(std::size_t first, std::size_t last) const
    {
        std::set<std::pair<std::size_t, std::string_view>> needed;
        for (std::size_t i = first; i < last; ++i)
            for (std::string_view word : pieces_[i].mentions)
                if (const auto at = home_.find(word); at != home_.end())
                    if (at->second < first || at->second >= last) needed.emplace(at->second, word);
        std::string text;
        for (const auto& [piece, name] : needed)
            text += declaration(pieces_[piece].text, name);
        return text;
    }

    std::vector<Piece> pieces_;
    std::map<std::string_view, std::size_t> home_;
};

} // namespace

std::vector<SourceUnit> cut_units(std::string_view source)
{
    const std::size_t end = source.find(end_of_prelude);
    const std::size_t begin = end == source.npos ? 0 : end + end_of_prelude.size();
    const Cutter cutter(pieces_of(source.substr(begin)));
    std::vector<SourceUnit> units;
    for (const auto& [first, last] : groups_of(cutter.pieces()))
        units.push_back(cutter.unit(first, last));
    return units;
}

} // namespace croton::inline v1::codegen
