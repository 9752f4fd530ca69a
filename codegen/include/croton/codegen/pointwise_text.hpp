#pragma once

#include <croton/ir/op.hpp>

#include <cstddef>
#include <string_view>

namespace croton::inline v1::codegen {

/// Which of its texts an op is emitted as: `first` is the dtype of operand 0, or of the result
/// where there are no operands.
std::string_view
text_of(const Pointwise& p, std::size_t operand_count, DType first, DType result) noexcept;

} // namespace croton::inline v1::codegen
