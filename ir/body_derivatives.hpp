#pragma once

#include <croton/ir/region.hpp>
#include <croton/ir/variable.hpp>

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "cotangent_mask.hpp"
#include "scan_parts.hpp"

namespace croton::inline v1::detail {

/// Graphs of the same operands that give values of the same types: branches of which one runs, or
/// the one of a function. Their derivatives are graphs like them.
struct Bodies {
    std::span<const Region> graphs;
    std::span<const Variable> operands;
    /// The values of graphs that are made: of each graph its inputs, as many as there are operands,
    /// and what it gives.
    std::function<Variables(const Variables& operands,
                            const std::vector<Variables>& inputs,
                            const std::vector<Variables>& values)>
        build;
};

/// The reverse rule. One cotangent per operand, from one per value; empty where none flows.
MaskedBars body_cotangents(const Bodies& bodies,
                           const MaskedBars& y,
                           const std::vector<bool>& wanted,
                           std::string_view function,
                           const Location* place);

/// The forward rule: one tangent per value (these are `y`), from one per operand.
std::vector<Pushed> body_tangents(const Bodies& bodies,
                                  const Variables& y,
                                  std::span<const Pushed> x_dots,
                                  std::string_view function,
                                  const Location* place);

} // namespace croton::inline v1::detail
