#pragma once

#include <cstddef>
#include <string_view>

namespace croton::inline v1 {

/// How many characters to insert, remove or change to get from one text to the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

} // namespace croton::inline v1
