#pragma once

#include <croton/codegen/program.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace croton::inline v1::codegen {

/// What emitted text means is fixed by these flags, whoever compiles it.
constexpr std::string_view meaning_flags =
    "-O2 -ffp-contract=off -fno-math-errno -fno-trapping-math";

/// What the text cannot know about the function that it is.
struct ExportNames {
    std::string name;                 ///< prefix of every exported name; made an identifier
    std::string signature;            ///< for readers
    std::string version;              ///< of the library
    std::vector<std::string> outputs; ///< names of the results; more outputs are updates
    std::vector<std::string> updated; ///< whose next values those are
    std::size_t shared = 0;           ///< how many of the program's inputs are shared, the last
    /// Of each input, then of each output, whether its user says column-major: the program has its
    /// axes in the opposite order. Fewer: the others are row-major.
    std::vector<bool> column_major = {};
    /// Of each value that is checked to be finite: as its user wrote it.
    std::vector<Variable> finite = {};
};

/// A program as a C library of its own: a header that a program includes, and one source file.
struct ExportedText {
    std::string name; ///< of the files, without .h and .c
    std::string header;
    std::string source;
};

/// The program's text with its constants and the values of its shared variables as data, its entry
/// points named after the function, and a call with one parameter per array.
///
/// shared_values   one for each shared input, in order.
/// cost            an element of a constant takes about 12 characters.
ExportedText
export_text(const Program& program, const ExportNames& names, std::span<const Array> shared_values);

} // namespace croton::inline v1::codegen
