#pragma once

#include <croton/codegen/program.hpp>

#include <span>
#include <string>
#include <vector>

#include "names.hpp"
#include "writer.hpp"

namespace croton::inline v1::codegen {

/// How `run` begins: every symbol of an extent gets its value, then everything that is required of
/// extents is checked.
class ExtentGuards {
public:
    /// Writes the symbols' values to `values`, what is checked to `text`, and both into
    /// `program.bindings` and `program.guards`; `symbols` gets what each symbol is called.
    /// limits   the lines with which `workspace_bytes` gives 0 where `run` refuses the extents,
    ///          which may be negative there.
    /// Every symbol of an extent follows from an input.
    ExtentGuards(Program& program,
                 Names& names,
                 SymbolNames& symbols,
                 Writer& values,
                 Writer& text,
                 Writer& limits)
        : program_(program), names_(names), symbols_(symbols), values_(values), text_(text),
          limits_(limits)
    {}

    void write(std::span<const Requirement> requirements, const ProgramOptions& options);

private:
    void bind_extents();
    void add_guards(std::span<const Requirement> requirements, const ProgramOptions& options);
    void guard_axes(const std::vector<Variable>& values,
                    const std::vector<ArgumentPlace>& places,
                    std::string_view what);
    void guard(Guard g);
    const SymbolBinding* binding_of_slot() const;

    Program& program_;
    Names& names_;
    SymbolNames& symbols_;
    Writer& values_;
    Writer& text_;
    Writer& limits_;
    int slot_ = 0; ///< of the axis that is guarded next
};

} // namespace croton::inline v1::codegen
