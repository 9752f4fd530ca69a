#pragma once

#include <croton/ir/operand.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace croton::inline v1 {

struct ContractParams;

extern const Op contract_op;

// Products that sum over axes. Operands are promoted together; integers wrap, bool is refused.
// Of wildcards dot and matmul are the product of two matrices, as their ranks are not known.

/// NumPy's dot: of two vectors their inner product; of a scalar and anything `*`; else the sum over
/// the last axis of a and the last but one of b (the only one of a vector).
Variable dot(const Variable& a, const Variable& b, Where where = Where::current());
/// NumPy's matmul: matrices in the last two axes, the axes before them broadcast; a vector is a row
/// on the left, a column on the right, and its axis is gone in the result.
Variable matmul(const Variable& a, const Variable& b, Where where = Where::current());
/// out[i, j] = a[i] * b[j]; operands of other ranks are flattened.
Variable outer(const Variable& a, const Variable& b, Where where = Where::current());
/// The sum over axes a_axes[k] of a and b_axes[k] of b for all k; the other axes of a, then of b,
/// stay.
Variable tensordot(const Variable& a,
                   const Variable& b,
                   const std::vector<int>& a_axes,
                   const std::vector<int>& b_axes,
                   Where where = Where::current());
/// The last `axes` axes of a with the first of b, in order.
Variable
tensordot(const Variable& a, const Variable& b, int axes = 2, Where where = Where::current());
/// Einstein's notation: einsum("bij,bjk->bik", {a, b}); without an arrow the letters that occur
/// once, sorted. A letter twice in one operand takes its diagonal; "..." stands for the other axes,
/// which broadcast. Operands are contracted from left to right, in the dtype they promote to.
Variable
einsum(std::string_view subscripts, const Variables& operands, Where where = Where::current());

/// Contracts as `params` say; `function` is named in errors.
Variable contract(const Variable& a,
                  const Variable& b,
                  const ContractParams& params,
                  std::string_view function,
                  const Location* where);

/// What of these functions a contraction is: "dot", "matmul", or "einsum" for all others.
std::string_view contraction_word(const Apply& contraction);
/// Its call, "dot(a, b)" or "einsum("ij,kj->ik", a, b)", with its operands' text "a, b"; empty for
/// wildcards that are no product of matrices.
std::string contraction_text(const Apply& contraction, std::string_view operands);

std::span<const Op* const> linalg_ops();

} // namespace croton::inline v1
