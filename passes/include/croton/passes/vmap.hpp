#pragma once

#include <croton/ir/ops/control.hpp>
#include <croton/ir/variable.hpp>

#include <concepts>
#include <type_traits>
#include <utility>
#include <vector>

namespace croton::inline v1 {

/// In `in_axes` of vmap: all members are given the same.
inline constexpr int no_axis = -2147483647 - 1;

namespace detail {
Variables vmapped(const Body& f,
                  const Variables& xs,
                  const std::vector<int>& in_axes,
                  int out_axis,
                  const Where& where);
} // namespace detail

/// A function of one member that takes a batch: what vmap gives.
template <class F>
struct Vmapped {
    using Wrapped = F;
    F f;
    std::vector<int> in_axes;
    int out_axis;
    Where where;

    /// A Variable, or Variables if f gives a list of them.
    template <class... V>
        requires(std::convertible_to<const V&, Variable> && ...)
    auto operator()(const V&... x) const
    {
        using Result = typename detail::Signature<F>::Result;
        static_assert(std::convertible_to<Result, Variable> || std::same_as<Result, Variables>,
                      "a function of vmap gives a Variable or Variables");
        F callable = f;
        Variables all = detail::vmapped(callable, {Variable(x)...}, in_axes, out_axis, where);
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
/// out_axis  where they go in each result.
///
/// A condition (cond, switch_case) that differs between members becomes a selection: all branches
/// are computed, an index in one that is not taken reads nothing out of range. A loop that they end
/// at different steps goes on until all have; those that have keep their states. explain() and
/// emitted comments say where. Numbers of uniform() and normal() depend on the key: members that
/// share it draw the same.
///
/// errors    UserError at the line of vmap(..): operands with other numbers of members, an axis
///           that is not there, no operand with members, another number of operands than f has
///           parameters, an op without a batching rule.
template <class F>
Vmapped<std::decay_t<F>>
vmap(F&& f, std::vector<int> in_axes = {}, int out_axis = 0, Where where = Where::current())
{
    return {std::forward<F>(f), std::move(in_axes), out_axis, where};
}

} // namespace croton::inline v1
