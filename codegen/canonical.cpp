#include <croton/codegen/prelude.hpp>
#include <croton/codegen/units.hpp>

#include <fmt/format.h>

#include <unordered_map>

#include "names.hpp"
#include "tokens.hpp"

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

CanonicalText canonical_text(std::string_view code)
{
    CanonicalText canonical;
    std::unordered_map<std::string_view, std::string> number; // looked up only; fixed: itself
    Tokens tokens(code);
    for (Token t; tokens.next(t);) {
        canonical.lines.push_back(tokens.line());
        if (t.kind == Token::Kind::identifier) {
            const auto [at, is_new] = number.try_emplace(t.text);
            if (is_new) {
                at->second = is_fixed(t.text) ? std::string(t.text)
                                              : fmt::format("${}", canonical.names.size());
                if (at->second[0] == '$') canonical.names.emplace_back(t.text);
            }
            canonical.text += at->second;
        } else
            canonical.text += t.text;
        canonical.text += ' ';
    }
    return canonical;
}

} // namespace croton::inline v1::codegen
