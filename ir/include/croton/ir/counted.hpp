#pragma once

// For sources only.

#include <concepts>
#include <string>
#include <string_view>

namespace croton::inline v1 {

/// "1 input", "2 inputs", "n inputs": a number of things as messages say it. `things` where they
/// are not the thing with an s.
inline std::string counted(std::string number, std::string_view thing, std::string_view things = {})
{
    const bool one = number == "1";
    number += ' ';
    number += one || things.empty() ? thing : things;
    if (!one && things.empty()) number += 's';
    return number;
}

template <std::integral I>
std::string counted(I number, std::string_view thing, std::string_view things = {})
{
    return counted(std::to_string(number), thing, things);
}

} // namespace croton::inline v1
