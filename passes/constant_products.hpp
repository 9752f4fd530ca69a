#pragma once

#include <croton/ir/apply.hpp>
#include <croton/ir/array.hpp>
#include <croton/ir/variable.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "element_sets.hpp"

namespace croton::inline v1::detail {

/// How far the elements of a product's operand are from each other along the result's axes, 0 along
/// those that it has not.
std::vector<std::int64_t> strides_in_result(const Apply& product, std::size_t operand);

/// Of a product with a constant: which element of the result gets a term of which element of the
/// operand, for each of the constant's elements that is not 0. Nothing where there are more than
/// 2^24.
std::optional<std::vector<std::pair<std::int64_t, std::int64_t>>>
terms_of_constant(const Apply& product, std::size_t operand, const Array& constant);

/// A product with a constant matrix, or a batch of them, as the sum over its diagonals, where few
/// of these are other than 0: at most 16, and half of the matrix. Otherwise an empty Variable.
Variable by_diagonals(const Apply& product, std::size_t operand, const Array& constant);

} // namespace croton::inline v1::detail
