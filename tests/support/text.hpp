#pragma once

#include <cstddef>
#include <string_view>

namespace croton::test {

/// How often `part` stands in a text.
inline std::size_t count(std::string_view text, std::string_view part)
{
    std::size_t n = 0;
    for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1))
        ++n;
    return n;
}

} // namespace croton::test
