#include "canonical.hpp"

#include <croton/codegen/units.hpp>

#include <fmt/format.h>

namespace croton::inline v1::codegen {

void Canonical::add(std::span<const Token> tokens, int lines_before)
{
    number_.resize(words_.size());
    std::string& text = result_.text;
    for (const Token& t : tokens) {
        result_.lines.push_back(t.line + lines_before);
        if (t.kind == Token::Kind::identifier && !words_.is_fixed(t.word)) {
            std::uint32_t& number = number_[t.word];
            if (number == 0) {
                result_.names.emplace_back(t.text);
                chosen_.push_back(t.word);
                number = static_cast<std::uint32_t>(result_.names.size());
            }
            const fmt::format_int digits(number - 1);
            text += '$';
            text.append(digits.data(), digits.size());
        } else
            text += t.text;
        text += ' ';
    }
}

CanonicalText Canonical::take()
{
    for (const std::uint32_t word : std::exchange(chosen_, {}))
        number_[word] = 0;
    return std::exchange(result_, {});
}

CanonicalText canonical_text(std::string_view code)
{
    Words words;
    const std::vector<Token> tokens = tokens_of(code, words);
    Canonical canonical(words);
    canonical.add(tokens, 0);
    return canonical.take();
}

} // namespace croton::inline v1::codegen
