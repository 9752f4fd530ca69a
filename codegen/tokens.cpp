#include "tokens.hpp"

#include <algorithm>

namespace croton::inline v1::codegen {

void Tokens::skip_blanks()
{
    for (; at_ < text_.size(); ++at_) {
        const char c = text_[at_];
        if (c == '\n')
            ++line_;
        else if (c == '/') {
            const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
            if (next != '/' && next != '*') return;
            skip_comment(next == '/');
        } else if (c != ' ' && c != '\t')
            return;
    }
}

/// To its last character.
void Tokens::skip_comment(bool to_end_of_line)
{
    if (to_end_of_line) {
        at_ = std::min(text_.find('\n', at_), text_.size()) - 1;
        return;
    }
    const std::size_t end = std::min(text_.find("*/", at_ + 2), text_.size() - 2) + 1;
    for (; at_ < end; ++at_)
        line_ += text_[at_] == '\n';
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
    token.line = line_;
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

std::vector<Token> tokens_of(std::string_view text, Words& words)
{
    std::vector<Token> list;
    list.reserve(text.size() / 4);
    Tokens tokens(text);
    for (Token t; tokens.next(t); list.push_back(t))
        if (t.kind == Token::Kind::identifier) t.word = words.number(t.text);
    return list;
}

} // namespace croton::inline v1::codegen
