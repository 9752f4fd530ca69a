#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace croton::inline v1 {

/// How many characters to insert, remove or change to get from one text to the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// Whether a name so far from what was asked for may be what was meant: about one character in
/// three is another, never all of them.
inline bool is_near(std::size_t distance, std::string_view asked, std::string_view name)
{
    return distance < std::min({(asked.size() + 2) / 3 + 1, asked.size(), name.size()});
}

} // namespace croton::inline v1
