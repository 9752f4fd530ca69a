#pragma once

#include <croton/ir/variable.hpp>

#include <array>
#include <concepts>
#include <cstddef>

namespace croton::inline v1 {

struct GradOptions {
    /// An x that y does not depend on gets zeros; otherwise it is an error that names it.
    bool disconnected_zero = false;
};

// Derivatives are graphs like any other: simplified, compiled and differentiated again. `x` may be
// any floating-point Variable, also an intermediate one.
//
// where   what a `where` did not select gets exactly 0: d/dx of where(x > 0, sqrt(x), 0) is 0 at 0.
// errors  UserError at the caller's line: a loss that is no scalar, integers, an x that y does not
//         depend on, or only through ops that pass no gradient on (comparisons, argmax,
//         stop_gradient, a cast to integers: each is named with its own line), an op on the way
//         that has no gradient (with its own line and its reason).
// cost    linear in the number of Applies between x and y; no recursion.

/// Gradients of the scalar `y`: one for each x, of its type. Reverse mode; but forward mode, with
/// no storage, where y comes of at most four elements of xs through a long loop on few numbers.
Variables grad(const Variable& y, const Variables& xs, GradOptions = {}, Where = Where::current());
/// One x. A template on purpose: `{W}` can't deduce it, so `auto [g] = grad(loss, {W})` is the form
/// below.
template <std::derived_from<Variable> V>
Variable
grad(const Variable& y, const V& x, GradOptions options = {}, Where where = Where::current())
{
    return grad(y, Variables{x}, options, where)[0];
}
/// A list of such as Shared.
template <std::derived_from<Variable> V>
    requires(!std::same_as<V, Variable>)
Variables grad(const Variable& y,
               const std::vector<V>& xs,
               GradOptions options = {},
               Where where = Where::current())
{
    return grad(y, Variables(xs.begin(), xs.end()), options, where);
}
/// `auto [W_bar, b_bar] = grad(loss, {W, b})`.
template <std::size_t N>
std::array<Variable, N> grad(const Variable& y,
                             const Variable (&xs)[N],
                             GradOptions options = {},
                             Where where = Where::current())
{
    const Variables all = grad(y, Variables(xs, xs + N), options, where);
    std::array<Variable, N> some;
    for (std::size_t i = 0; i < N; ++i)
        some[i] = all[i];
    return some;
}

/// Reverse mode: sums over y_bar * dy/dx, of the types of `xs`. Each y_bar has its y's shape (it is
/// converted and broadcast to it).
Variables vjp(const Variables& ys,
              const Variables& xs,
              const Variables& y_bars,
              GradOptions = {},
              Where = Where::current());

/// Forward mode: the sum over dy/dx * x_dot, of y's type. Each x_dot has its x's shape (converted
/// and broadcast to it).
Variable jvp(const Variable& y,
             const Variables& xs,
             const Variables& x_dots,
             GradOptions = {},
             Where = Where::current());

/// dy/dx, of y's shape followed by x's: a loop of sweeps, forward ones where x is known to have
/// fewer elements than y. Costs as much as gradients of the smaller number of elements.
Variable jacobian(const Variable& y, const Variable& x, GradOptions = {}, Where = Where::current());
/// Second derivatives of the scalar `y`, of x's shape twice: a forward sweep over the gradient for
/// each element of x. Zeros where y is linear in x.
Variable hessian(const Variable& y, const Variable& x, GradOptions = {}, Where = Where::current());

/// J' J of the Jacobian J of `r` by x, of x's shape twice: half the Hessian of sum(r * r) where r
/// is 0, or linear in x. Costs as much as the Jacobian, and a product.
Variable
gauss_newton(const Variable& r, const Variable& x, GradOptions = {}, Where = Where::current());

/// The Hessian of the scalar `y` times v (converted and broadcast to x's shape), of x's type: one
/// forward sweep over the gradient. Zeros where y is linear in x.
Variable hvp(const Variable& y,
             const Variable& x,
             const Variable& v,
             GradOptions = {},
             Where = Where::current());

} // namespace croton::inline v1
