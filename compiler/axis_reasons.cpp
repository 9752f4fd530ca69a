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
}

std::string AxisReasons::of(std::size_t axis) const
{
    if (axis < stored_.size()) return stored_[axis];
    if (axis >= axes_.size()) return {};
    const auto& [written, now] = axes_[axis];
    if (now.is_known()) return reason_for(written, now, equalities_);
    for (std::size_t k = 0; k < axes_.size(); ++k)
        if (k != axis && same(axes_[k].second, now))
            return reason_for(written, axes_[k].first, equalities_);
    return {};
}

void AxisReasons::set(std::size_t axis, std::string reason)
{
    if (axis >= stored_.size()) stored_.resize(axis + 1);
    stored_[axis] = std::move(reason);
}

} // namespace croton::inline v1
