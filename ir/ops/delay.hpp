#pragma once

#include <croton/ir/op.hpp>
#include <croton/ir/variable.hpp>

namespace croton::inline v1::detail {

// What derivatives of loops need of a history along axis 0; each is the other's transpose.

/// y[0] = first, y[t] = x[t - 1]; from the other end if `reverse`: y[end] = first, y[t] = x[t + 1].
Variable delay(const Variable& x, const Variable& first, bool reverse);
/// x[0], or the last x if `at_end`; `otherwise` where there is none.
Variable edge(const Variable& x, const Variable& otherwise, bool at_end);

std::span<const Op* const> delay_ops();

} // namespace croton::inline v1::detail
