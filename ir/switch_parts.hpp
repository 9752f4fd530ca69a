#pragma once

#include <croton/ir/apply.hpp>
#include <croton/ir/ops/params.hpp>

#include <span>
#include <string_view>
#include <vector>

#include "cotangent_mask.hpp"
#include "scan_parts.hpp"

namespace croton::inline v1::detail {

/// The values that branches give: `branches[i]` are those of branch i, in terms of its `inputs`
/// (one list each, of the same types as `operands`). Unused operands are left out.
Variables build_switch(const Op& op,
                       const Variable& number,
                       const Variables& operands,
                       const std::vector<Variables>& inputs,
                       const std::vector<Variables>& branches,
                       const Location* where);

/// The reverse rule: the same branch, which pulls the cotangents back. One per input, the number's
/// included; empty where none flows.
MaskedBars switch_cotangents(const Apply& a,
                             const MaskedBars& y,
                             const std::vector<bool>& wanted,
                             std::string_view function,
                             const Location* place);

/// The forward rule: one tangent per output, from one per input.
std::vector<Pushed> switch_tangents(const Apply& a,
                                    std::span<const Pushed> x_dots,
                                    std::string_view function,
                                    const Location* place);

} // namespace croton::inline v1::detail
