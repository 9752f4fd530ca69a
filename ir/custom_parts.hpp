#pragma once

#include <croton/ir/apply.hpp>

#include <span>
#include <string_view>
#include <vector>

#include "cotangent_mask.hpp"
#include "scan_parts.hpp"

namespace croton::inline v1::detail {

/// Whether it is a function whose derivatives are those of its ops: the rules go inside.
bool follows_its_ops(const Apply& apply);
/// The rules of such a function: one cotangent per input, from one per value, and one tangent per
/// value. Of one that is a checkpoint the cotangents come from a recompute_op.
MaskedBars function_cotangents(const Apply& apply,
                               const MaskedBars& y,
                               const std::vector<bool>& wanted,
                               std::string_view function,
                               const Location* place);
std::vector<Pushed> function_tangents(const Apply& apply,
                                      std::span<const Pushed> x_dots,
                                      std::string_view function,
                                      const Location* place);

/// The tangents that a function's own forward rule gives its floating-point values, from one for
/// each floating-point input. Nothing where it has no such rule.
Variables custom_tangents(const Apply& apply, const Variables& x_dots);

/// A call of `body` with `outer` Variables that it uses, as an op.
///
/// name        of the function, for printers; "" for none
/// checkpoint  what a gradient needs of it is computed again
Variables call_function(std::string name,
                        const Region& body,
                        const Variables& operands,
                        bool checkpoint,
                        const Location* place);

} // namespace croton::inline v1::detail
