#include <croton/codegen/prelude.hpp>
#include <croton/codegen/program.hpp>
#include <croton/codegen/units.hpp>
#include <croton/ir/format.hpp>

#include <algorithm>
#include <cstdint>
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
    std::vector<std::uint32_t> mentions; ///< every identifier, each once
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
    if (end == text.npos)
        throw internal_error("code generation", "no function begins with '{}'",
                             text.substr(0, text.find('\n')));
    std::size_t first = end;
    while (first > 0 && is_word(text[first - 1]))
        --first;
    return text.substr(first, end - first);
}

/// Takes a program's own text apart.
class PieceReader {
public:
    explicit PieceReader(Words& words) : words_(words) {}

    /// A piece ends with the `}` of a kernel or of an exported function.
    std::vector<Piece> read(std::string_view program)
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

private:
    void read_tokens(Piece& piece)
    {
        piece.tokens = tokens_of(piece.text, words_);
        piece.work = work_of_a_token * static_cast<std::int64_t>(piece.tokens.size());
        while (flops_.size() < words_.size())
            flops_.push_back(prelude_flops(words_.text(static_cast<std::uint32_t>(flops_.size()))));
        seen_.resize(words_.size());
        ++piece_;
        for (const Token& t : piece.tokens) {
            if (t.kind != Token::Kind::identifier) continue;
            piece.operations += flops_[t.word];
            if (std::exchange(seen_[t.word], piece_) != piece_) piece.mentions.push_back(t.word);
        }
        // A function of the prelude becomes a part of what calls it.
        if (!is_long(piece)) piece.work += work_of_an_operation * piece.operations;
    }

    Words& words_;
    std::vector<int> flops_; ///< of the prelude's functions, by word
    std::vector<int> seen_;  ///< in which piece last, by word
    int piece_ = 0;
};

std::uint64_t hash_of(std::string_view text)
{
    std::uint64_t hash = 14695981039346656037u; // FNV-1a
    for (const char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    return hash;
}

/// `CT_KERNEL void fused_0(..);` of a function that begins with this line.
std::string declaration(std::string_view text, std::string_view name)
{
    for (std::size_t at = 0; (at = text.find("CT_KERNEL ", at)) != text.npos; ++at) {
        if (at > 0 && text[at - 1] != '\n') continue; // the end of another word, or a comment's
        const std::string_view head = text.substr(at, text.find(')', at) + 1 - at);
        if (function_name(head) == name) return std::string(head) + ";\n";
    }
    throw internal_error("code generation", "the text of {} has no line that begins it", name);
}

class Cutter {
public:
    /// A program's own text, without its prelude.
    explicit Cutter(std::string_view program)
        : canonical_(words_), pieces_(PieceReader(words_).read(program))
    {
        for (std::size_t i = 0; i < pieces_.size(); ++i)
            for (std::string_view name : pieces_[i].defines)
                home_.emplace(name, i);
    }

    std::vector<SourceUnit> units()
    {
        std::vector<SourceUnit> all;
        for (const auto& [first, last] : groups())
            all.push_back(unit(first, last));
        return all;
    }

private:
    /// Numbers of pieces: [first, last) of each unit.
    std::vector<std::pair<std::size_t, std::size_t>> groups()
    {
        std::int64_t all = 0;
        for (const Piece& p : pieces_)
            all += p.work;
        if (all <= work_of_a_unit && std::ranges::none_of(pieces_, is_long))
            return {{0, pieces_.size()}};
        std::vector<std::pair<std::size_t, std::size_t>> groups;
        std::size_t first = 0;
        std::int64_t work = 0;
        for (std::size_t i = 0; i < pieces_.size(); ++i) {
            work += pieces_[i].work;
            if (i + 1 < pieces_.size() && !ends_unit(i, work)) continue;
            groups.emplace_back(first, i + 1);
            first = i + 1;
            work = 0;
        }
        return groups;
    }

    bool ends_unit(std::size_t i, std::int64_t work)
    {
        if (pieces_[i].is_entry) return false;
        // Long kernels share what they call.
        const std::int64_t most = is_long(pieces_[i]) ? 6 * work_of_a_unit : work_of_a_unit;
        if (pieces_[i + 1].is_entry || work >= most) return true;
        if (is_long(pieces_[i]) != is_long(pieces_[i + 1])) return true;
        if (work < most / 4) return false;
        // A cut that depends on the kernel itself stays where it is when those before it change.
        canonical_.add(pieces_[i].tokens, 0);
        return hash_of(canonical_.take().text) % 4 == 0;
    }

    SourceUnit unit(std::size_t first, std::size_t last)
    {
        const auto pieces = std::span(pieces_).subspan(first, last - first);
        std::vector<std::string_view> words; // declarations name types alone, which all texts have
        for (const Piece& p : pieces)
            for (std::uint32_t word : p.mentions)
                words.push_back(words_.text(word));
        const std::string head =
            prelude_for(words, is_long(pieces_[first])) + std::string(end_of_prelude);
        const std::string declared = declarations(first, last);
        SourceUnit unit{head + declared, {}, {}};
        canonical_.begin(head);
        int lines = static_cast<int>(count_lines(head));
        canonical_.add(tokens_of(declared, words_), lines);
        lines += static_cast<int>(count_lines(declared));
        unit.line_of_program = {lines + 1, pieces_[first].line - 1 - lines};
        for (const Piece& p : pieces) {
            unit.kernels.insert(unit.kernels.end(), p.defines.begin(), p.defines.end());
            unit.text += p.text;
            canonical_.add(p.tokens, lines);
            lines += p.lines;
        }
        unit.canonical = canonical_.take();
        return unit;
    }

    /// Of what these pieces mention and others define; with a blank line behind, if any.
    std::string declarations(std::size_t first, std::size_t last) const
    {
        std::set<std::pair<std::size_t, std::string_view>> needed;
        for (std::size_t i = first; i < last; ++i)
            for (std::uint32_t word : pieces_[i].mentions)
                if (const auto at = home_.find(words_.text(word)); at != home_.end())
                    if (at->second < first || at->second >= last)
                        needed.emplace(at->second, at->first);
        if (needed.empty()) return {};
        std::string text = "// Kernels of other units.\n";
        for (const auto& [piece, name] : needed)
            text += declaration(pieces_[piece].text, name);
        return text + "\n";
    }

    Words words_;
    Canonical canonical_;
    std::vector<Piece> pieces_;
    std::unordered_map<std::string_view, std::size_t> home_; ///< looked up only
};

} // namespace

std::vector<SourceUnit> cut_units(std::string_view source) { return Cutter(source).units(); }

std::string whole_text(std::string_view source)
{
    return prelude_for(source) + std::string(end_of_prelude) + std::string(source);
}

} // namespace croton::inline v1::codegen
