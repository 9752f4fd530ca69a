#pragma once

#include <croton/ir/operand.hpp>

namespace croton::inline v1 {

// Random numbers are functions of a key and of the position in C order: explicit in the graph, the
// same on every machine and number of threads, and the same as those of Array::uniform and
// Array::normal. The key is an integer expression, taken as u64; another draw needs another key.

/// Uniform in [0, 1): a multiple of 2^-11 in f16, of 2^-8 in bf16.
Variable
uniform(DType dtype, const Variable& key, const Shape& shape, Where where = Where::current());
/// Normal with mean 0 and deviation 1; no draw is further than 5.8 (f32) or 8.5 (f64) from 0.
Variable
normal(DType dtype, const Variable& key, const Shape& shape, Where where = Where::current());

std::span<const Op* const> random_ops();

} // namespace croton::inline v1
