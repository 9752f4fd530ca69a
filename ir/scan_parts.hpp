#pragma once

#include <croton/ir/scan_parts.hpp>

#include <span>
#include <string_view>
#include <vector>

#include "cotangent_mask.hpp"

namespace croton::inline v1::detail {

/// Whether a weak value can take this dtype: a literal keeps its fraction, and is no bool.
inline bool can_become(const Variable& weak, DType to)
{
    if (is_float(to)) return true;
    return !is_float(weak.dtype()) && (to != DType::boolean || weak.dtype() == DType::boolean);
}

/// A number of steps that the graph knows: UserError if it has to be computed.
Extent known_steps(const Variable& steps, std::string_view function, const Location* place);

/// scan() for `function`, which the user called: of at most `limit` steps, if there is one, and not
/// bounded by anything else where `args` name no number of steps.
ScanResult limited_scan(const Body& step,
                        const ScanArgs& args,
                        const Variable& limit,
                        std::string_view function,
                        const Location* place);

/// The reverse rule: a scan from the other end over the states before each step. One cotangent per
/// `wanted` input, from one per output; empty where none flows. Masks, if there are any, go with
/// them.
MaskedBars scan_cotangents(const Apply& scan,
                           const MaskedBars& y,
                           const std::vector<bool>& wanted,
                           std::string_view function,
                           const Location* place);

/// A tangent, or why there is none: that is an error only where somebody needs it, a `where` its
/// condition's, say, does not.
struct Pushed {
    Variable dot = {};  ///< empty: zero
    Apply refused = {}; ///< an op on the way that has no gradient; none in most cases
};
/// As push_forward, without its error.
std::vector<Pushed> push_lazily(std::span<const Variable> ys,
                                std::span<const Variable> xs,
                                std::span<const Pushed> x_dots,
                                std::string_view function,
                                const Location* place);
/// The forward rule: one tangent per output, from one per input.
std::vector<Pushed> scan_tangents(const Apply& scan,
                                  std::span<const Pushed> x_dots,
                                  std::string_view function,
                                  const Location* place);

} // namespace croton::inline v1::detail
