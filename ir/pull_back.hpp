#pragma once

#include <span>
#include <string_view>

#include "cotangent_mask.hpp"

namespace croton::inline v1::detail {

/// pull_back() from cotangents with masks (cotangent_mask.hpp), and the masks of what reaches the
/// xs. `y_masks` has one per y, or none at all.
MaskedBars pull_back_masked(std::span<const Variable> ys,
                            std::span<const Variable> y_bars,
                            std::span<const Variable> y_masks,
                            std::span<const Variable> xs,
                            std::string_view function,
                            const Location* place);

} // namespace croton::inline v1::detail
