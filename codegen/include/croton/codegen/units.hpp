#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace croton::inline v1::codegen {

/// A text without comments, lines and chosen names: texts that differ in nothing else are equal,
/// and so is their machine code but for the names of symbols.
struct CanonicalText {
    std::string text;
    /// The chosen names in the order in which they first stand: `text` has their numbers.
    std::vector<std::string> names;
    /// The line of each token, from 1.
    std::vector<int> lines;
};
CanonicalText canonical_text(std::string_view code);

/// Where the lines of a unit stand in its program.
struct LinesOfProgram {
    int first = 1; ///< of the unit's lines, the first behind what it declares and its prelude
    int shift = 0;
    /// The line of the program's text below its prelude; 0: none.
    int operator()(int line) const { return line < first ? 0 : line + shift; }
};

/// A part of a program that is compiled by itself: the prelude's functions that it uses,
/// declarations of the kernels it calls in other units, and kernels.
struct SourceUnit {
    std::string text;
    CanonicalText canonical; ///< in front of it the prelude as it is
    LinesOfProgram line_of_program;
    std::vector<std::string> kernels = {}; ///< names of what it defines
};

/// Cuts a program's own text where kernels end into units of about equal work; a small program is
/// one. The cut depends on the text alone, and mostly on the text nearby, so that an edit of a
/// kernel leaves other units as they were.
std::vector<SourceUnit> cut_units(std::string_view source);

} // namespace croton::inline v1::codegen
