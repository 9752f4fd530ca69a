#pragma once

#include <croton/codegen/loop_nest.hpp>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "names.hpp"

namespace croton::inline v1::codegen {

/// Columns of emitted text.
constexpr std::size_t line_width = 100;

/// A function of the prelude that has a straight-line form for arguments that are not large.
bool has_fast_form(const Scalar& scalar);

std::int64_t fast_forms_in_lanes(const LoopNest& nest);
/// Of a kernel with more of them everything would be compiled twice: it has exact ones.
constexpr std::int64_t most_fast_forms = 16;

/// Texts of a nest's scalars: an expression where it stands once and is short, else its name.
class Expressions {
public:
    /// `open_loops`: the indices of the loops around the place that is being written.
    Expressions(const LoopNest& nest,
                Names& names,
                SymbolNames& symbols,
                const std::vector<std::string>& open_loops)
        : nest_(nest), names_(names), symbols_(symbols), open_loops_(open_loops),
          text_(nest.scalars.size()), named_(nest.scalars.size(), false)
    {}

    const std::string& whole(ScalarId id) const;
    /// Gives the scalar a text. Returns the lines that declare it, each of at most `room` columns
    /// where that can be; none where it is written in place.
    ///
    /// hoisted     used in a loop further in: computed once, so it needs a name
    /// in_a_line   used by one statement alone, which may be as long as a line
    std::vector<std::string> define(ScalarId id, bool hoisted, bool in_a_line, std::size_t room);
    /// Gives the scalar its expression as its text, for a statement that has `most` columns for it.
    /// Returns the lines that name parts of it.
    std::vector<std::string> write_out(ScalarId id, std::size_t most, std::size_t room);
    /// Where the scalar's text is longer than `most`: the lines that give it, or a part of it, a
    /// name.
    std::vector<std::string> shorten(ScalarId id, std::size_t most, std::size_t room);
    /// A name for a scalar that something else declares: the value's own, else from `stem`.
    std::string declare(ScalarId id, std::string_view stem);
    /// The scalar is written in place, once.
    void place(ScalarId id, std::string text);
    /// Something else declares `text`, such as an element of an array, which stands for the scalar.
    void declare_as(ScalarId id, std::string text);
    void forget();
    /// Whether a name stands for the scalar, and not its expression.
    bool is_named(ScalarId id) const { return named_[static_cast<std::size_t>(id)]; }

    void use_fast_forms(bool use) { fast_ = use; }
    bool uses_fast_forms() const { return fast_; }
    /// With fast forms, what is flagged is used twice: names for arguments that are more than an
    /// element, as combining lanes changes them.
    std::vector<std::string> name_hard_arguments(ScalarId id, std::size_t room);
    /// With fast forms: the statement that flags arguments for which the form does not hold, or "".
    std::string hard_argument(ScalarId id);
    /// A loop begins: what was flagged before says nothing about its elements.
    void forget_flags() { flagged_.clear(); }

    std::string element(BufferId buffer, const Extent& at) const;
    std::string stored(BufferId buffer, ScalarId value) const;
    std::string load(const Load& l) const;
    /// The text of an element of a buffer's dtype as what is computed with.
    static std::string loaded(DType dtype, const std::string& element);

private:
    std::string expression(ScalarId id) const;
    std::string compute(const Compute& c, const Scalar& s) const;
    std::string in_range(const InRange& r) const;
    std::string parameter(const Compute& c,
                          const Scalar& s,
                          std::string_view name,
                          std::string_view text) const;
    std::string fresh(ScalarId id, std::string_view stem);
    std::string indices_of(const Extent& at) const;
    std::string declaration(ScalarId id, std::string_view stem, const std::string& value);
    const Scalar& scalar(ScalarId id) const { return nest_.scalars[static_cast<std::size_t>(id)]; }

    const LoopNest& nest_;
    Names& names_;
    SymbolNames& symbols_;
    const std::vector<std::string>& open_loops_;
    std::vector<std::string> text_;
    std::vector<bool> named_;
    std::set<std::string> flagged_;
    bool fast_ = false;
};

} // namespace croton::inline v1::codegen
