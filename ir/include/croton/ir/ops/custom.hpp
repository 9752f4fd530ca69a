#pragma once

#include <croton/ir/ops/control.hpp>
#include <croton/ir/variable.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace croton::inline v1 {

namespace detail {
/// `f` of xs with the rules that are not null.
Variable custom(const Body& f,
                const Body* vjp,
                const Body* jvp,
                const Variables& xs,
                const char* function,
                const Where& where);
} // namespace detail

/// A function with a derivative of its own: what custom_vjp and custom_jvp give.
template <class F, class R, bool is_vjp>
struct Custom {
    using Wrapped = F;
    F f;
    R rule;
    Where where;

    template <class... V>
        requires(std::convertible_to<const V&, Variable> && ...)
    Variable operator()(const V&... x) const
    {
        F of = f;
        R by = rule;
        const detail::Body body(of), derivative(by);
        return detail::custom(body, is_vjp ? &derivative : nullptr, is_vjp ? nullptr : &derivative,
                              {Variable(x)...}, is_vjp ? "custom_vjp" : "custom_jvp", where);
    }
};

/// `f` with a reverse rule in place of the gradient that follows from its ops:
///
///     const auto safe_norm = custom_vjp(
///         [](const Variable& x) { return sqrt(sum(square(x))); },
///         [](const Variable& x, const Variable& y, const Variable& y_bar) {
///             return Variables{where(y > 0, y_bar * x / y, 0)};
///         });
///
/// f       takes Variables and gives one. It uses its parameters, constants and extents alone.
/// rule    takes the parameters, the value and the value's cotangent; gives a cotangent for each
///         parameter, of its shape or broadcast to it, or an empty Variable: nothing flows there.
///         Forward mode follows from it, where it is linear in the cotangent.
/// errors  UserError at the line of custom_vjp(..): another number of parameters or of cotangents,
///         a cotangent of another shape, a Variable from around them.
/// cost    none: f is written where it is used, as if it had been called.
template <class F, class R>
Custom<std::decay_t<F>, std::decay_t<R>, true>
custom_vjp(F&& f, R&& rule, Where where = Where::current())
{
    return {std::forward<F>(f), std::forward<R>(rule), where};
}

/// The same with a forward rule, from which reverse mode follows.
///
/// rule    takes the parameters, then the tangent of each floating-point one; gives the tangent of
///         the value, in which it is linear.
template <class F, class R>
Custom<std::decay_t<F>, std::decay_t<R>, false>
custom_jvp(F&& f, R&& rule, Where where = Where::current())
{
    return {std::forward<F>(f), std::forward<R>(rule), where};
}

/// x, whose cotangent is held within [lo, hi] on its way back; a tangent passes as it is. NaN
/// stays.
Variable clip_gradient(const Variable& x, double lo, double hi, Where where = Where::current());

extern const Op custom_op;
/// The tangent that a custom_op's own rule gives, from one tangent for each floating-point input.
/// Empty where it has no such rule.
Variable custom_tangent(const Apply& apply, const Variables& x_dots);

std::span<const Op* const> custom_ops();

} // namespace croton::inline v1
