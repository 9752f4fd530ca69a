#pragma once

#include <croton/ir/op.hpp>

#include <span>
#include <unordered_map>
#include <vector>

namespace croton::inline v1::codegen {

/// Of index symbols, how far each one runs: 0 <= symbol < extent.
using IndexRanges = std::unordered_map<const detail::Atom*, Extent>;

enum class Holds : std::uint8_t { always, never, sometimes };

/// What an index that is `scale * symbol + offset`, or known, stays below; of any other,
/// `otherwise`.
Extent end_of(const Extent& index, const IndexRanges& ranges, const Extent& otherwise);
/// The same of each axis of an array.
std::vector<Extent>
ends_of(std::span<const Extent> index, const IndexRanges& ranges, std::span<const Extent> shape);

/// What is known of a guard, whose value may have one index symbol, as `scale * symbol + offset`.
Holds holds(const IndexPiece::Guard& guard, const IndexRanges& ranges);

/// Where guards begin and cease to hold along `symbol`, within its range: in an order that holds
/// for all values of the extents. A place that is not in order with those before it is left out.
std::vector<Extent> cuts_along(const detail::Atom* symbol,
                               const std::vector<IndexPiece::Guard>& guards,
                               const IndexRanges& ranges);

} // namespace croton::inline v1::codegen
