#pragma once

#include <croton/codegen/loop_nest.hpp>
#include <croton/ir/variable.hpp>

#include <string>
#include <vector>

namespace croton::test {

/// A loop nest, not its text: a line for each loop, scalar and store, in order, with indentation
/// for what is inside. Loops are i, j, k, l, indices that were read g0, g1, ..; scalars v0, v1, ..
/// in order; literals stand where they are used.
///
///   serial i < n, parallel
///     lanes j < m
///       v0 = x[j + m*i]
///       v1 = sum of v0
///     y[i] = v1
std::string outline(const codegen::LoopNest& nest);

/// What no nest may have: a scalar that is used where it is not defined, an index of a loop that is
/// not open, a buffer that is stored into and may only be read, an element written twice. Empty:
/// nothing.
std::vector<std::string> problems(const codegen::LoopNest& nest);

/// The nests of all kernels that compute the outputs, in order.
std::vector<codegen::LoopNest> nests_of(const Variables& outputs);
/// Their outlines, after a look at what no nest may have.
std::string outlines(const Variables& outputs);

} // namespace croton::test
