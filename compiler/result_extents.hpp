#pragma once

#include <croton/compiler/function.hpp>
#include <croton/ir/bind_symbols.hpp>
#include <croton/ir/variable.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace croton::inline v1::detail {

/// The extents of results, prepared so that a call computes integers alone.
class ResultExtents {
public:
    ResultExtents() = default;

    /// inputs    have every symbol of the results' extents on an axis: as it is, or in a formula
    ///           that is linear in it and in which it is the only unknown.
    /// throws    InternalError on a symbol that no axis gives.
    ResultExtents(std::span<const Variable> inputs, std::span<const Variable> results);

    /// Numbers that evaluate() takes room for.
    std::size_t room() const noexcept { return axes_.size() + steps_.size(); }

    /// Writes the extents of all axes of all results, one behind the other, at least 0, to the
    /// front of `numbers`. `inputs`: the call's arrays.
    void evaluate(const Memory* inputs, std::int64_t* numbers) const noexcept;

private:
    /// An integer from earlier ones: an atom's value of steps a and b, or one of these.
    struct Step {
        enum Kind : std::uint8_t { constant, axis, sum, product, atom } kind;
        AtomKind of = AtomKind::symbol;
        std::int64_t a = 0, b = 0; ///< a constant; input and axis; else steps
        friend bool operator==(const Step&, const Step&) = default;
    };
    using Symbol = std::pair<const Atom*, std::int64_t>; ///< and the step that is its value

    std::int64_t add(const Step& step);
    std::int64_t add(const Extent& extent);
    std::int64_t value_of(const Atom* atom);
    void bind(const SymbolBinding& binding, const Step& axis);

    std::vector<Step> steps_;
    std::vector<std::int64_t> axes_; ///< the step that is each extent
    std::vector<Symbol> symbols_;
};

} // namespace croton::inline v1::detail
