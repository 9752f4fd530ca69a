#pragma once

#include <croton/ir/operand.hpp>

namespace croton::inline v1 {

// Each is computed relative to the largest element, so that exp neither overflows nor loses all.
// Integers become floats.

/// log(sum(exp(x))) over axes. Of none, or of -inf alone, it is -inf.
Variable logsumexp(const Variable& x, Where where = Where::current());
Variable
logsumexp(const Variable& x, const Axis& axes, bool keep = false, Where where = Where::current());
/// exp(x) / sum(exp(x)) over axes. Where all elements are -inf (all masked out) it is 0; of a line
/// with inf all of it is NaN.
Variable softmax(const Variable& x, const Axis& axes = -1, Where where = Where::current());
/// x - logsumexp(x): log(softmax(x)) without its rounding. Where all elements are -inf it is -inf;
/// of a line with inf all of it is NaN.
Variable log_softmax(const Variable& x, const Axis& axes = -1, Where where = Where::current());

std::span<const Op* const> softmax_ops();

} // namespace croton::inline v1
