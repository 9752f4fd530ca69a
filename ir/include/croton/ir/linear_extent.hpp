#pragma once

#include <croton/ir/extent.hpp>

#include <cstdint>
#include <optional>

namespace croton::inline v1 {

/// An extent with one unknown symbol, outside of atoms and to the first power: an axis that has it
/// tells the symbol's value, (extent - rest) / factor.
struct LinearExtent {
    const detail::Atom* unknown = nullptr;
    std::int64_t factor = 0;
    Extent rest = 0; ///< has known symbols only
};

/// Nothing where no symbol is unknown, or the extent is not of that form.
/// is_known   tells it of a symbol, a const detail::Atom*.
template <class IsKnown>
std::optional<LinearExtent> linear_extent(const Extent& extent, const IsKnown& is_known)
{
    LinearExtent linear;
    for (const ExtentTerm& t : terms(extent)) {
        Extent product = t.coefficient;
        bool open = false;
        for (const detail::Atom* f : t.factors) {
            product = product * as_extent(f);
            for (const detail::Atom* s : symbols(as_extent(f)))
                open |= !is_known(s);
        }
        if (!open)
            linear.rest = linear.rest + product;
        else if (linear.unknown || t.factors.size() != 1 || kind(t.factors[0]) != AtomKind::symbol)
            return {};
        else {
            linear.unknown = t.factors[0];
            linear.factor = t.coefficient;
        }
    }
    if (!linear.unknown) return {};
    return linear;
}

} // namespace croton::inline v1
