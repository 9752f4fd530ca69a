#pragma once

#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/custom.hpp>
#include <croton/ir/variable.hpp>

#include <concepts>
#include <initializer_list>
#include <type_traits>
#include <utility>
#include <vector>

namespace croton::inline v1 {

/// In `in_axes` of vmap: all members are given the same.
inline constexpr int no_axis = -2147483647 - 1;

/// Where members go in what a function of vmap gives: one axis in all results, or a list of one for
/// each.
struct OutAxes {
    std::vector<int> axes;
    bool for_all = false; ///< the one axis
    OutAxes(int axis) : axes{axis}, for_all(true) {}
    OutAxes(std::initializer_list<int> of_each) : axes(of_each) {}
    OutAxes(std::vector<int> of_each) : axes(std::move(of_each)) {}
};

namespace detail {
Variables vmapped(const Body& f,
                  const Variables& xs,
                  const std::vector<int>& in_axes,
                  const OutAxes& out_axes,
                  const Where& where);
} // namespace detail

/// A function of one member that takes a batch: what vmap gives.
template <class F>
struct Vmapped {
    using Wrapped = F;
    F f;
    std::vector<int> in_axes;
    OutAxes out_axes;
    Where where;

    /// A Variable, or Variables if f gives a list of them.
    template <class... V>
        requires(std::convertible_to<const V&, Variable> && ...)
    auto operator()(const V&... x) const
    {
        using Result = typename detail::Signature<F>::Result;
        static_assert(!std::same_as<Result, Step>,
                      "a function of vmap gives a Variable or Variables");
        F callable = f;
        Variables all =
            detail::vmapped(callable, {detail::given_at(x, where)...}, in_axes, out_axes, where);
        if constexpr (std::same_as<Result, Variables>)
            return all;
        else
            return std::move(all[0]);
    }
};

/// A function of one member as a function of a batch: each op becomes one op on all members.
///
///     const auto force = vmap([&](const Variable& q) { return grad(energy(q), q); });
///     const Variable f = force(qs); // (chains, d), one force for each row of qs
///
/// f         makes graph from Variables, its parameters, and those around it, which all members
///           share. Called once for each call of what vmap gives, before that returns.
/// in_axes   where in each operand the members lie, counted from the end if negative; empty: first
///           in all. `no_axis`: the operand is the same for all.
/// out_axes  where they go in the results, counted in these: an axis for all results, or a list of
///           one for each: `vmap(f, {0, 1}, {0, -1})`.
///
/// A condition (cond, switch_case) that differs between members becomes a selection: all branches
/// are computed, an index in one that is not taken reads nothing out of range. A loop that they end
/// at different steps goes on until all have; those that have keep their states. explain() and
/// emitted comments say where. Numbers of uniform() and normal() depend on the key: members that
/// share it draw the same.
///
/// errors    UserError at the line of vmap(..): operands with other numbers of members, an axis
///           that is not there, no operand with members, another number of operands than f has
///           parameters, of axes than it has results, an op without a batching rule.
template <class F>
Vmapped<std::decay_t<F>>
vmap(F&& f, std::vector<int> in_axes = {}, OutAxes out_axes = 0, Where where = Where::current())
{
    return {std::forward<F>(f), std::move(in_axes), std::move(out_axes), where};
}

} // namespace croton::inline v1
