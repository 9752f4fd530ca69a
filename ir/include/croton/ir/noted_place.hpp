#pragma once

#include <croton/ir/source_location.hpp>

#include <string_view>

namespace croton::inline v1 {

/// A place with a note for explain() and comments, "f.cpp:14 in associative_scan (one slice after
/// the other), called at f.cpp:14": what became of a call. Null for null.
const Location* noted_place(const Location* place, std::string_view note);

} // namespace croton::inline v1
