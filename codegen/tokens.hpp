#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "words.hpp"

namespace croton::inline v1::codegen {

/// What emitted text and the prelude are made of: tokens of C without comments.
struct Token {
    enum class Kind : std::uint8_t {
        identifier,
        number,
        punctuation, ///< one operator as C joins them, or a whole line that begins with #
        literal      ///< in quotes
    };
    Kind kind = Kind::punctuation;
    int line = 1;           ///< of its first character
    std::uint32_t word = 0; ///< of an identifier: its number, from tokens_of()
    std::string_view text;
};

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// By character: whether it may stand in an identifier.
inline constexpr std::array<bool, 256> word_characters = [] {
    std::array<bool, 256> is{};
    for (int c = 0; c < 256; ++c)
        is[static_cast<std::size_t>(c)] =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    return is;
}();
constexpr bool is_word(char c) { return word_characters[static_cast<unsigned char>(c)]; }

/// Reads a text from its beginning to its end.
class Tokens {
public:
    explicit Tokens(std::string_view text) : text_(text) {}

    /// False at the end, with `token` as it was.
    bool next(Token& token);

private:
    void skip_blanks();
    void skip_comment(bool to_end_of_line);
    std::size_t end_of_number() const;
    std::size_t end_of_literal() const;
    std::size_t length_of_punctuation() const;

    std::string_view text_;
    std::size_t at_ = 0;
    int line_ = 1;
};

std::vector<Token> tokens_of(std::string_view text, Words& words);

} // namespace croton::inline v1::codegen
