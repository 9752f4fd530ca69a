#include "axis_reasons.hpp"

namespace croton::inline v1 {

AxisReasons::AxisReasons(std::span<const Variable> written,
                         std::span<const Variable> solved,
                         std::vector<Equality> equalities)
    : equalities_(std::move(equalities))
{
    if (equalities_.empty()) return;
    for (std::size_t i = 0; i < written.size(); ++i)
        for (int k = 0; k < written[i].rank(); ++k)
            axes_.emplace_back(written[i].extent(k), solved[i].extent(k));
    bindings_ = bind_symbols(solved);
}

/// An extent of the function in the symbols of the axes that give it its value, as these were
/// written. Of several any but the one that is asked about.
Extent AxisReasons::in_written_symbols(const Extent& solved, std::size_t axis) const
{
    Substitution written;
    for (const SymbolBinding& b : bindings_) {
        std::size_t giver = 0;
        while (giver < axes_.size() &&
               (giver == axis || as_symbol(axes_[giver].second) != b.symbol))
            ++giver;
        const Extent& of_binding = axes_[b.axis].first;
        written.emplace_back(b.symbol, giver < axes_.size() ? axes_[giver].first
                                       : b.is_plain()
                                           ? of_binding
                                           : floor_div(of_binding - substitute(b.rest, written),
                                                       substitute(b.factor, written)));
    }
    return substitute(solved, written);
}

std::string AxisReasons::of(std::size_t axis) const
{
    if (axis < stored_.size()) return stored_[axis];
    if (axis >= axes_.size()) return {};
    const auto& [written, now] = axes_[axis];
    return reason_for(written, in_written_symbols(now, axis), equalities_);
}

void AxisReasons::set(std::size_t axis, std::string reason)
{
    if (axis >= stored_.size()) stored_.resize(axis + 1);
    stored_[axis] = std::move(reason);
}

} // namespace croton::inline v1
