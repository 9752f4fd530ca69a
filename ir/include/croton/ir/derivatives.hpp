#pragma once

#include <croton/ir/variable.hpp>

#include <span>
#include <string>
#include <string_view>

namespace croton::inline v1 {

// The two sweeps under every derivative. They live here, as the gradients of control flow use them
// on the bodies; users call passes/grad.hpp, which checks what they are given.
//
// An x may be any Variable, also one that another x depends on: everything that reaches it counts.
// The new Applies take the locations of those they come from. Both sweeps are linear in the number
// of Applies made after the oldest x, and do not recurse.
//
// where   what a `where` did not select gets exactly 0, never NaN, whatever the other branch does.
// errors  UserError at `place` in the name of `function`: an op on the way has no gradient.

/// Cotangents of `xs` from the cotangents `y_bars` of `ys` (floats, each of its y's type; an empty
/// one is zero). Empty for an x that no gradient reaches.
Variables pull_back(std::span<const Variable> ys,
                    std::span<const Variable> y_bars,
                    std::span<const Variable> xs,
                    std::string_view function,
                    const Location* place);

/// Tangents of `ys` from the tangents `x_dots` of `xs` (floats, each of its x's type; an empty one
/// is zero). Empty for a y that no tangent reaches. Derived from the reverse rules: an op's
/// cotangents are linear in the cotangent of its result, and the transpose of that map is the
/// tangent rule.
Variables push_forward(std::span<const Variable> ys,
                       std::span<const Variable> xs,
                       std::span<const Variable> x_dots,
                       std::string_view function,
                       const Location* place);

/// The Jacobian with one row for each element of `y`, and each row of x's shape, from reverse
/// sweeps: (elements of y, x's shape). With `forward`, one row for each element of `x`, of y's
/// shape, from forward sweeps. One loop in either case, as long as the graph of one sweep. Empty
/// where no derivative flows.
Variable jacobian_rows(const Variable& y,
                       const Variable& x,
                       bool forward,
                       std::string_view function,
                       const Location* place);

/// Cotangents of one Apply's inputs by its op's record; `y_bars` has one per output. Empty where
/// none flows. Errors as above, and InternalError if the record gives another number or type.
Variables input_cotangents(const Apply& apply,
                           const Variables& y_bars,
                           std::string_view function,
                           const Location* place);

/// How errors name a Variable: "'x'", or "the result of exp (model.cpp:12)".
std::string describe(const Variable& v);

} // namespace croton::inline v1
