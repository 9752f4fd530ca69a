#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

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
    std::string_view text;
};

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

/// Reads a text from its beginning to its end.
class Tokens {
public:
    explicit Tokens(std::string_view text) : text_(text) {}

    /// False at the end, with `token` as it was.
    bool next(Token& token);

    /// The line of the token read last, from 1.
    int line() const { return line_; }

private:
    void skip_blanks();
    std::size_t end_of_number() const;
    std::size_t end_of_literal() const;
    std::size_t length_of_punctuation() const;

    std::string_view text_;
    std::size_t at_ = 0;
    int line_ = 1;
};

} // namespace croton::inline v1::codegen
