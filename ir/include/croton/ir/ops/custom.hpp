#pragma once

#include <croton/ir/operand.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/variable.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace croton::inline v1 {

namespace detail {
/// What a wrapped function is given, as a Variable; a number is at the place of the wrapper.
template <class V>
Variable given_at(const V& x, const Where& where)
{
    if constexpr (std::constructible_from<Variable, const V&, const Where&>)
        return Variable(x, where);
    else
        return Variable(x);
}

/// `f` of xs with the rules that are not null; of as many values as it gives, or one.
Variables custom(const Body& f,
                 const Body* vjp,
                 const Body* jvp,
                 const Variables& xs,
                 bool gives_list,
                 const char* function,
                 const Where& where);
/// `f` of xs as a function whose gradient computes again what it needs of it.
Variables checkpointed(const Body& f, const Variables& xs, const Where& where);

/// What a function gives, as it gives it: a Variable, or Variables.
template <class F>
constexpr bool gives_list = std::same_as<typename Signature<F>::Result, Variables>;
template <class F>
auto as_given(Variables all)
{
    if constexpr (gives_list<F>)
        return all;
    else
        return std::move(all[0]);
}
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
    auto operator()(const V&... x) const
    {
        F of = f;
        R by = rule;
        const detail::Body body(of), derivative(by);
        return detail::as_given<F>(
            detail::custom(body, is_vjp ? &derivative : nullptr, is_vjp ? nullptr : &derivative,
                           {detail::given_at(x, where)...}, detail::gives_list<F>,
                           is_vjp ? "custom_vjp" : "custom_jvp", where));
    }
};

/// A function of which a gradient stores nothing: what checkpoint gives.
template <class F>
struct Checkpointed {
    using Wrapped = F;
    F f;
    Where where;

    template <class... V>
        requires(std::convertible_to<const V&, Variable> && ...)
    auto operator()(const V&... x) const
    {
        F of = f;
        return detail::as_given<F>(
            detail::checkpointed(of, {detail::given_at(x, where)...}, where));
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
/// f       takes Variables and gives one, or Variables. It uses its parameters, constants and
///         extents alone.
/// rule    takes the parameters, the values, then a cotangent for each value that is a float; gives
///         a cotangent for each parameter, of its shape or broadcast to it, or an empty Variable:
///         nothing flows there. Forward mode follows from it, where it is linear in the cotangents.
/// errors  UserError at the line of custom_vjp(..): another number of parameters or of cotangents,
///         a cotangent of another shape, a Variable from around them. Where forward mode is asked
///         for: a rule that is not seen to be linear in the cotangents, as in a loop that may stop.
/// cost    none: f is written where it is used, as if it had been called.
template <class F, class R>
Custom<std::decay_t<F>, std::decay_t<R>, true>
custom_vjp(F&& f, R&& rule, Where where = Where::current())
{
    return {std::forward<F>(f), std::forward<R>(rule), where};
}

/// The same with a forward rule, from which reverse mode follows.
///
/// rule    takes the parameters, then the tangent of each floating-point one; gives the tangents of
///         the floating-point values, each linear in these.
template <class F, class R>
Custom<std::decay_t<F>, std::decay_t<R>, false>
custom_jvp(F&& f, R&& rule, Where where = Where::current())
{
    return {std::forward<F>(f), std::forward<R>(rule), where};
}

/// `f` as it is, of whose inside a gradient keeps nothing: it computes f again from the operands,
/// once the cotangents of its values are there (JAX's checkpoint, or remat):
///
///     for (const Variable& w : weights)
///         h = checkpoint([](const Variable& h, const Variable& w) { return relu(dot(h, w)); })(h,
///         w);
///
/// f       takes Variables and gives one, or Variables; what else it uses becomes an operand too.
/// cost    none of f itself, which is written where it is used; of a gradient f once more, with
///         memory for what one call of it keeps, and not for that of all calls. What is computed
///         again is a part of its own: it fuses with nothing around it.
/// errors  UserError at the line of checkpoint(..): another number of parameters, no value.
///
/// Derivatives of any order, in loops, branches and batches: of a gradient the derivative computes
/// again too.
template <class F>
Checkpointed<std::decay_t<F>> checkpoint(F&& f, Where where = Where::current())
{
    return {std::forward<F>(f), where};
}

/// A graph as a function of Variables: what inline_function gives. Of any number of operands; it
/// gives the values in a list.
class InlineFunction {
public:
    using Wrapped = Variables (*)(const Variables&);

    Variables operator()(const Variables& x, Where where = Where::current()) const;
    template <class... V>
        requires(std::convertible_to<const V&, Variable> && ...)
    Variables operator()(const Operand& first, const V&... others) const
    {
        return (*this)(Variables{first.v, detail::given_at(others, first.where)...}, first.where);
    }

private:
    friend InlineFunction inline_function(std::string_view name,
                                          const Variables& inputs,
                                          const Variables& outputs,
                                          Where where);
    Variables inputs_, outputs_;
    const char* name_ = ""; ///< lives as long as the process
};

/// The graph from `inputs` to `outputs` as an op of the name (Theano's OpFromGraph):
///
///     const auto f = inline_function("energy", {q, m}, {kinetic + potential});
///     const Variable e = f(positions, masses)[0];
///
/// inputs    leaves, each once. Symbols in their extents become the operands' extents, at each use
///           others. Shared variables that the outputs read are operands by themselves.
/// gradient  that of its ops; a rule of its own by custom_vjp(f, rule) or custom_jvp(f, rule).
/// errors    UserError: an input that is no leaf or is missing; at the line of the use another
/// number
///           of operands, another dtype or shape.
/// cost      none: it is written out where it is used, before anything is simplified. Printed
/// graphs
///           show it as one op, emitted comments and explain() say of its ops "in energy, called
///           at ..".
InlineFunction inline_function(std::string_view name,
                               const Variables& inputs,
                               const Variables& outputs,
                               Where where = Where::current());

/// x, whose cotangent is held within [lo, hi] on its way back; a tangent passes as it is. NaN
/// stays.
Variable clip_gradient(const Variable& x, double lo, double hi, Where where = Where::current());

extern const Op custom_op;
/// Whether it is a custom_op with a rule in place of the derivative of its ops.
bool has_own_derivative(const Apply& apply);

std::span<const Op* const> custom_ops();

} // namespace croton::inline v1
