#include "comment_text.hpp"

namespace croton::inline v1::codegen {

std::string comment_text(std::string_view text)
{
    std::string result;
    for (char c : text) {
        const char before = result.empty() ? ' ' : result.back();
        const bool bracket = (before == '/' && c == '*') || (before == '*' && c == '/');
        if (bracket || (c == '/' && result.ends_with("??"))) result += ' ';
        result += static_cast<unsigned char>(c) < 32 || c == 127 ? ' ' : c;
    }
    // Blanks behind a backslash do not save it from being one at the end.
    const std::size_t last = result.find_last_not_of(' ');
    if (last != result.npos && result[last] == '\\') result.insert(last + 1, 1, '.');
    return result;
}

std::string_view shortened(std::string_view text, std::size_t most)
{
    if (text.size() <= most) return text;
    const auto continues = [&](std::size_t at) {
        return (static_cast<unsigned char>(text[at]) & 0xc0u) == 0x80u;
    };
    while (most > 0 && continues(most))
        --most;
    return text.substr(0, most);
}

} // namespace croton::inline v1::codegen
