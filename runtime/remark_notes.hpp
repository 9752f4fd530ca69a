#pragma once

#include <croton/runtime/kernel_cache.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace croton::inline v1 {

// What the cache writes beside machine code. A remark's place is a number of a token, as lines
// differ between texts that are equal up to names. A unit's notes have one line a remark: token,
// column, message. In a program's notes the number of the unit stands in front.

std::string notes_of(const ProgramUnit& unit, const std::vector<Remark>& remarks);

/// A unit's notes as a part of a program's.
std::string as_unit(std::size_t unit, std::string_view notes);

/// Adds the remarks in a program's notes; their files and lines are those of `units`.
void add_remarks(CompileReport& report,
                 std::string_view notes,
                 std::string_view program,
                 std::span<const ProgramUnit> units);

/// Names as one line, and back: taken off the front of `notes`.
std::string line_of(const std::vector<std::string>& names);
std::vector<std::string> take_names(std::string& notes);

} // namespace croton::inline v1
