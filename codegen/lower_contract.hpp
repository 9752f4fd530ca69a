#pragma once

#include <croton/codegen/clusters.hpp>
#include <croton/codegen/lower.hpp>

#include <cstdint>
#include <string>

#include "puller.hpp"

namespace croton::inline v1::codegen {

/// The largest register block of any CPU: bytes of a row, and rows. Packed operands are whole ones.
constexpr std::int64_t contract_row_bytes = 128;
constexpr std::int64_t contract_most_rows = 12;

/// A product's result as (batch, m, n), and its element at the symbols of those three.
Shape contract_shape(const Apply& apply);
At contract_at(const Apply& apply);
/// How many terms each of its sums has.
Extent contract_terms(const Apply& apply);
/// Whether a product of that result and terms is computed in register blocks whatever its operands'
/// strides.
bool has_blocks(const Apply& apply);

/// Why a library does not compute a product, or should not; empty: it does.
std::string why_not_by_library(const Cluster& cluster);

/// The nest of a product and of what its cluster computes from each of its sums.
Lowered lower_contract(const Cluster& cluster);

} // namespace croton::inline v1::codegen
