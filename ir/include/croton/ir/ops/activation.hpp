#pragma once

#include <croton/ir/variable.hpp>

namespace croton::inline v1 {

// Activations of neural networks and related functions, elementwise. Integers become floats (relu
// keeps them).

Variable sigmoid(const Variable& x, Where where = Where::current());  ///< 1 / (1 + exp(-x))
Variable softplus(const Variable& x, Where where = Where::current()); ///< log(1 + exp(x))
/// log(1 - exp(x)) for x <= 0, accurate near 0 and far from it; NaN where x > 0.
Variable log1mexp(const Variable& x, Where where = Where::current());
/// maximum(x, 0): NaN stays NaN; the gradient at 0 is 0, where maximum gives x a half.
Variable relu(const Variable& x, Where where = Where::current());
/// x * norm_cdf(x).
Variable gelu(const Variable& x, Where where = Where::current());
/// The approximation of gelu by tanh, as GPT-2 and BERT have it; off by up to 5e-4.
Variable gelu_tanh(const Variable& x, Where where = Where::current());
Variable silu(const Variable& x, Where where = Where::current()); ///< x * sigmoid(x)
/// The standard normal distribution function, accurate in both tails.
Variable norm_cdf(const Variable& x, Where where = Where::current());

std::span<const Op* const> activation_ops();

} // namespace croton::inline v1
