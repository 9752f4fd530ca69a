#pragma once

#include <croton/ir/apply.hpp>
#include <croton/ir/array.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace croton::test {

/// The elements of an array of which nothing can be asked: not 0 in an Array of i64 and of its
/// shape. One that holds nothing marks no element.
///
/// A NaN that an op computes is marked, and an infinity that it makes of finite operands, which
/// another order of rounding need not reach and for which a rule may give a limit; then all that is
/// computed from a marked element. Infinities that are given (a constant, an argument, the largest
/// element of none) are not marked, nor what is computed of them while it is no NaN. A NaN that is
/// given is not marked while it is only moved or selected.
using Marks = Array;

bool is_marked(const Marks& marks, std::int64_t i);
bool has_marks(const Marks& marks);
Marks all_marked(const Array& a);
/// Element i of `a`, besides those that are.
void mark(Marks& marks, const Array& a, std::int64_t i);

/// Of each result of one Apply with operands `x` and results `y`. Of a Scan: what its body's
/// values add is not in it.
std::vector<Marks> marks_of_results(const Apply& apply,
                                    std::span<const Array> x,
                                    std::span<const Marks> x_marks,
                                    std::span<const Array> y);

} // namespace croton::test
