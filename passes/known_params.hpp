#pragma once

#include <croton/ir/extent.hpp>
#include <croton/ir/params.hpp>
#include <croton/ir/region.hpp>

#include <algorithm>
#include <variant>
#include <vector>

namespace croton::inline v1::detail {

inline bool all_known(const Shape& shape)
{
    return std::ranges::all_of(shape, [](const Extent& e) { return e.is_known(); });
}

/// Whether an op with these parameters can be computed by itself: without extents that a call
/// gives, and without bodies.
inline bool has_known_params(const Params& params)
{
    if (!params) return true;
    return std::ranges::all_of(params->fields(), [](const FieldRef& f) {
        if (Extent* const* e = std::get_if<Extent*>(&f.value)) return (*e)->is_known();
        if (Shape* const* s = std::get_if<Shape*>(&f.value)) return all_known(**s);
        return !std::holds_alternative<Region*>(f.value) &&
               !std::holds_alternative<std::vector<Region>*>(f.value);
    });
}

} // namespace croton::inline v1::detail
