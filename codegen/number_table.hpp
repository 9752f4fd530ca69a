#pragma once

#include <croton/codegen/loop_nest.hpp>

#include <string>
#include <vector>

namespace croton::inline v1::codegen {

/// Has a long kernel read its literals from a table that its caller gives, except those such as 1
/// that a formula rather than a user brings. Kernels that differ in nothing but numbers then have
/// one text, and are compiled once: a loop that its user has written out costs as much to compile
/// as a few of its iterations.
void take_numbers(LoopNest& nest);

/// Lines of the definition of a table with this name.
std::vector<std::string> table_text(const std::string& name, const Array& table);

} // namespace croton::inline v1::codegen
