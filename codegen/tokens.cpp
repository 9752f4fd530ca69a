#include "tokens.hpp"

#include <algorithm>

namespace croton::inline v1::codegen {

void Tokens::skip_blanks()
{
    while (at_ < text_.size()) {
        const char c = text_[at_];
        const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
        std::size_t end = at_ + 1;
        if (c == '/' && next == '/')
            end = std::min(text_.find('\n', at_), text_.size());
        else if (c == '/' && next == '*')
            end = std::min(text_.find("*/", at_ + 2), text_.size() - 2) + 2;
        else if (c != ' ' && c != '\n' && c != '\t')
            return;
        for (; at_ < end; ++at_)
            line_ += text_[at_] == '\n';
    }
}

/// A number as C's preprocessor takes it: 0x1.8p-3f is one.
std::size_t Tokens::end_of_number() const
{
    std::size_t end = at_;
    while (end < text_.size()) {
        const char c = text_[end];
        const char before = end > at_ ? text_[end - 1] : '0';
        const bool sign = (c == '+' || c == '-') &&
                          (before == 'e' || before == 'E' || before == 'p' || before == 'P');
        if (!is_word(c) && c != '.' && !sign) break;
        ++end;
    }
    return end;
}

std::size_t Tokens::end_of_literal() const
{
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != text_[at_])
        end += text_[end] == '\\' ? 2 : 1;
    return std::min(end + 1, text_.size());
}

std::size_t Tokens::length_of_punctuation() const
{
    const char c = text_[at_];
    const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    constexpr std::string_view doubled = "+-<>=&|:"; // ++ -- << >> == && || ::
    constexpr std::string_view assigning = "<>!+-*/%&|^";
    const bool joined = (next == c && doubled.find(c) != doubled.npos) ||
                        (next == '=' && assigning.find(c) != assigning.npos) ||
                        (c == '-' && next == '>');
    return joined ? 2 : 1;
}

bool Tokens::next(Token& token)
{
    skip_blanks();
    if (at_ == text_.size()) return false;
    const std::size_t first = at_;
    const char c = text_[at_];
    if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) {
        token.kind = Token::Kind::number;
        at_ = end_of_number();
    } else if (is_word(c)) {
        token.kind = Token::Kind::identifier;
        while (at_ < text_.size() && is_word(text_[at_]))
            ++at_;
    } else if (c == '"' || c == '\'') {
        token.kind = Token::Kind::literal;
        at_ = end_of_literal();
    } else {
        token.kind = Token::Kind::punctuation;
        at_ = c == '#' ? std::min(text_.find('\n', at_), text_.size())
                       : at_ + length_of_punctuation();
    }
    token.text = text_.substr(first, at_ - first);
    return true;
}

} // namespace croton::inline v1::codegen
