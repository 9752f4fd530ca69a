#pragma once

#include <croton/ir/ops/control.hpp>
#include <croton/ir/variable.hpp>

namespace croton::inline v1 {

struct FixedPointOptions {
    /// Steps go on while max|x' - x| > tolerance * (1 + max|x'|).
    double tolerance = 1e-10;
    std::int64_t max_steps = 1000; ///< then what there is is given, which is no error
};

/// The x at which f(x, parameters..) is x, by repeated application of f from x0 on:
///
///     const auto f = [](const Variable& x, const Variable& a) { return cos(a * x); };
///     const Variable x = fixed_point(f, 0.0 * a, {a});
///
/// f         takes x, then the parameters, and gives a Variable of x's type. It uses these alone.
/// gradient  by the implicit function theorem, from the solution alone: by the parameters, none by
///           x0. The adjoint is the fixed point of w = y_bar + (df/dx)' w, the tangent that of
///           x_dot = (df/dx) x_dot + (df/dp) p_dot, to the same tolerance. Any order.
/// solved?   where max(abs(f(x, a) - x)), one evaluation more, is small: after max_steps x is what
///           the last one gave, and its derivatives are as little those of a solution.
/// errors    UserError: an f of another number of parameters or another type, an x0 that is no
///           float, a Variable from around f.
/// cost      one evaluation of f a step; no step is stored.
Variable fixed_point(const detail::Body& f,
                     const Variable& x0,
                     const Variables& parameters,
                     FixedPointOptions options = {},
                     Where where = Where::current());

/// Running combinations along axis 0 of the xs: out[i] = f(.. f(f(x[0], x[1]), x[2]) .., x[i]) for
/// an f that is associative. Of a known number of slices in a logarithmic number of steps, each of
/// which combines many slices at once; else one slice after the other, of which there is one.
///
/// f        takes a slice of each x, of earlier ones, and as many of later ones, and gives their
///          combination, as many values of the same types.
/// errors   UserError: other numbers of slices, an f of another number of parameters or values.
Variables
associative_scan(const detail::Body& f, const Variables& xs, Where where = Where::current());

} // namespace croton::inline v1
