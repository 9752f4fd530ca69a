#pragma once

#include <croton/codegen/loop_nest.hpp>

#include <set>
#include <string>
#include <vector>

#include "names.hpp"

namespace croton::inline v1::codegen {

/// Texts of a nest's scalars: an expression where it stands once and is short, else its name.
class Expressions {
public:
    Expressions(const LoopNest& nest, Names& names, SymbolNames& symbols)
        : nest_(nest), names_(names), symbols_(symbols), text_(nest.scalars.size())
    {}

    /// The operand's text, parenthesised where an operator stands next to it.
    std::string operand(ScalarId id) const;
    std::string whole(ScalarId id) const { return text_[static_cast<std::size_t>(id)]; }
    /// Gives the scalar a text. Returns the line that declares it, or "" where it is written in
    /// place.
    std::string define(ScalarId id, int depth_of_use);
    /// A scalar that something else declares.
    std::string declare(ScalarId id, std::string_view stem);
    void forget() { text_.assign(nest_.scalars.size(), {}); }

    /// A function of the prelude that has a straight-line form for arguments that are not large.
    bool has_fast_form(const Scalar& scalar) const;
    void use_fast_forms(bool use) { fast_ = use; }
    /// With fast forms: the statement that flags an argument for which the form does not hold, or
    /// "".
    std::string hard_argument(ScalarId id) const;

    std::string element(BufferId buffer, const Extent& at) const;
    std::string stored(BufferId buffer, ScalarId value) const;

private:
    std::string expression(ScalarId id) const;
    std::string compute(const Compute& c, const Scalar& s) const;
    std::string load(const Load& l) const;

    const LoopNest& nest_;
    Names& names_;
    SymbolNames& symbols_;
    std::vector<std::string> text_;
    bool fast_ = false;
};

/// A number as a literal that reads back to the same bits.
std::string literal(const Array& scalar);

} // namespace croton::inline v1::codegen
