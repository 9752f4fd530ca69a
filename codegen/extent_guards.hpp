#pragma once

#include <croton/codegen/program.hpp>

#include <map>
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
    /// Writes to `text` and into `program.guards`; `symbols` gets what each symbol is called.
    /// throws   UserError if an extent follows from no input.
    ExtentGuards(Program& program, Names& names, SymbolNames& symbols, Writer& text)
        : program_(program), names_(names), symbols_(symbols), text_(text)
    {}

    void write(std::span<const Requirement> requirements, const ProgramOptions& options);

private:
    void bind_extents();
    bool solve(std::size_t slot, const Extent& e);
    void require_bound(const Extent& e, const Variable& v) const;
    void add_guards(std::span<const Requirement> requirements, const ProgramOptions& options);
    void guard_axes(const std::vector<Variable>& values,
                    const std::vector<ArgumentPlace>& places,
                    std::string_view what);
    void guard(const std::string& found,
               const Extent& expected,
               std::string what,
               const Location* where);
    bool binds(std::size_t slot, const Extent& e);

    Program& program_;
    Names& names_;
    SymbolNames& symbols_;
    Writer& text_;
    std::map<const detail::Atom*, std::size_t> bound_;
    std::size_t slot_ = 0; ///< of the axis that is guarded next
};

} // namespace croton::inline v1::codegen
