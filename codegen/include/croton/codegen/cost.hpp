#pragma once

#include <croton/codegen/loop_nest.hpp>
#include <croton/ir/op.hpp>

namespace croton::inline v1::codegen {

/// Floating-point operations of one element: 1 for an operator, more for a function of the math
/// prelude. Read off the op's template, so that every pointwise op has one.
/// A part of a function with several results takes an even share of two.
int flops(const Op& op, DType dtype);
/// The same of a scalar of a loop nest, where that function stands by itself.
int flops(const Compute& computed, DType dtype);

/// From here on it is cheaper to store a value (a store and a load) than to compute it twice.
constexpr int flops_worth_storing = 8;
/// The same of an array that is only made to be read in later passes over its rows: it may be
/// larger than the caches.
constexpr int flops_worth_an_array = 100;

} // namespace croton::inline v1::codegen
