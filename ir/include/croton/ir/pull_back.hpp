#pragma once

#include <span>
#include <string>
#include <string_view>

#include <croton/ir/variable.hpp>

namespace croton::inline v1 {

/// The reverse sweep under every derivative: cotangents of `xs` from the cotangents `y_bars` of `ys`
/// (floats, each of its y's type). An x may be any Variable, also one that another x depends on: it
/// gets everything that reaches it. Empty for an x that no gradient reaches.
///
/// The new Applies take the locations of those they come from.
/// where   what a `where` did not select gets exactly 0, never NaN, whatever the other branch does.
/// errors  UserError at `place` in the name of `function`: an op on the way has no gradient.
/// cost    linear in the Applies made after the oldest x; no recursion.
Variables pull_back(std::span<const Variable> ys,
                    std::span<const Variable> y_bars,
                    std::span<const Variable> xs,
                    std::string_view function,
                    const Location* place);

/// Cotangents of one Apply's inputs by its op's record; `y_bars` has one per output. Empty where none
/// flows. Errors as above, and InternalError if the record gives another number or type.
Variables input_cotangents(const Apply& apply,
                           const Variables& y_bars,
                           std::string_view function,
                           const Location* place);

/// How errors name a Variable: "'x'", or "the result of exp (model.cpp:12)".
std::string describe(const Variable& v);

} // namespace croton::inline v1
