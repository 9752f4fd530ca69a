#pragma once

#include <croton/ir/array.hpp>
#include <croton/ir/extent.hpp>
#include <croton/ir/variable.hpp>

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace croton::inline v1 {

/// How an axis gives a symbol its value: (the axis's extent - rest) / factor; by a factor that
/// turns out to be 0 it is 0.
struct SymbolBinding {
    const detail::Atom* symbol;
    std::size_t axis;  ///< among those of all variables, one behind the other
    Extent rest = 0;   ///< over symbols of bindings before this one, as is the
    Extent factor = 1; ///< never known to be 0

    bool is_plain() const { return same(rest, Extent(0)) && same(factor, Extent(1)); }
};

/// Bindings of the symbols that follow from the variables' axes: of axes that are a symbol, then of
/// those that are linear in one that is not bound yet.
std::vector<SymbolBinding> bind_symbols(std::span<const Variable> variables);

using SymbolValues = std::vector<std::pair<const detail::Atom*, std::int64_t>>;
/// The symbols' values where the axes have these extents.
SymbolValues solve(std::span<const SymbolBinding> bindings, std::span<const std::int64_t> extents);

/// Symbols of the shapes of `variables`, by the extents that `arrays` have, one for each.
Substitution known_extents(std::span<const Variable> variables, std::span<const Array> arrays);

} // namespace croton::inline v1
