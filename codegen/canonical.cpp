#include "canonical.hpp"

#include <croton/codegen/prelude.hpp>
#include <croton/codegen/units.hpp>

#include <fmt/format.h>

#include "names.hpp"

namespace croton::inline v1::codegen {

namespace {

/// Names that a text may not choose: they mean the same in every text. One too many only makes
/// equal texts look different.
bool is_fixed(std::string_view name)
{
    return name.starts_with('_') || name.starts_with("CT_") || is_prelude_word(name) ||
           is_taken_by_the_text(name);
}

} // namespace

void Canonical::add(std::span<const Token> tokens, int lines_before)
{
    for (const Token& t : tokens) {
        result_.lines.push_back(t.line + lines_before);
        if (t.kind == Token::Kind::identifier) {
            const auto [at, is_new] = number_.try_emplace(t.text);
            if (is_new) {
                at->second = is_fixed(t.text) ? std::string(t.text)
                                              : fmt::format("${}", result_.names.size());
                if (at->second[0] == '$') result_.names.emplace_back(t.text);
            }
            result_.text += at->second;
        } else
            result_.text += t.text;
        result_.text += ' ';
    }
}

CanonicalText canonical_text(std::string_view code)
{
    Canonical canonical;
    canonical.add(tokens_of(code), 0);
    return canonical.take();
}

} // namespace croton::inline v1::codegen
