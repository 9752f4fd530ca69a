#pragma once

#include <croton/ir/variable.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace croton::inline v1 {

struct ScanParams;

/// What one step returns: the states after it, and what is collected from each step.
struct Step {
    Variables state;
    Variables out{};
    Variable until{}; ///< refused for now
};

/// An array whose slices along axis 0 the steps receive one by one.
struct Sequence {
    Variable x;
    std::vector<int> taps;
    Sequence(const Variable& v);
    Sequence(const Variable& v, std::vector<int> t);
    Sequence(const Array& v, Where w = Where::current());
    Sequence(const Array& v, std::vector<int> t, Where w = Where::current());
};

/// A value carried from step to step, and where it starts. A weak one (`0.0`) takes the dtype and
/// the shape that the step gives it; dot refuses it, as it has no shape before.
struct State {
    Variable init;
    std::vector<int> taps;
    State(const Variable& v);
    State(const Variable& v, std::vector<int> t);
    State(const Array& v, Where w = Where::current());
    State(const Array& v, std::vector<int> t, Where w = Where::current());
    template <Number T>
    State(T v, Where w = Where::current()) : State(Variable(v, w))
    {}
};

struct ScanArgs {
    std::vector<Sequence> sequences{};
    std::vector<State> init{};
    Variable steps{}; ///< a number or an Extent; from the sequences if there are any
    /// From the last step to the first; history and out stay in the sequences' order.
    bool reverse = false;
    int unroll = 1; ///< refused for now, as are taps, until and checkpoint
    int checkpoint = 0;
};

struct ScanResult {
    Variables last;    ///< states after the final step; init where there are no steps
    Variables history; ///< states after each step, along a new axis 0
    Variables out;     ///< what the steps returned as out, along a new axis 0
    Variable count;    ///< steps that ran, i64
};

namespace detail {

template <class F>
struct Signature {
    static_assert(!sizeof(F), "a step takes Variables, not auto, so that they can be counted");
};
template <class F>
    requires requires { &F::operator(); }
struct Signature<F> : Signature<decltype(&F::operator())> {};
template <class R, class... A>
struct Signature<R (*)(A...)> {
    static constexpr int arity = static_cast<int>(sizeof...(A));
    static constexpr bool takes_list =
        (std::is_same_v<std::remove_cvref_t<A>, Variables> && ...) && arity == 1;
};
template <class R, class C, class... A>
struct Signature<R (C::*)(A...)> : Signature<R (*)(A...)> {};
template <class R, class C, class... A>
struct Signature<R (C::*)(A...) const> : Signature<R (*)(A...)> {};

Step as_step(const Variable& state);
Step as_step(Variables states);
Step as_step(Step step);
Variables as_list(std::span<const Variable> x);

/// A lambda that makes graph: not owned, called only before the function that takes it returns, so
/// `[&]` is safe. Its parameters are Variables, so that their number can be checked (no `auto`), or
/// one `const Variables&` for any number.
struct Body {
    void* callable;
    int arity; ///< -1: any
    Step (*run)(void* callable, std::span<const Variable> x);

    template <class F>
        requires(!std::convertible_to<F, Variable> && !std::same_as<std::remove_cvref_t<F>, Body>)
    Body(F&& f)
        : callable(const_cast<void*>(static_cast<const void*>(&f))),
          arity(Signature<std::remove_reference_t<F>>::takes_list
                    ? -1
                    : Signature<std::remove_reference_t<F>>::arity),
          run([](void* at, std::span<const Variable> x) {
              return call(*static_cast<std::remove_reference_t<F>*>(at), x);
          })
    {}

private:
    template <class F>
    static Step call(F& f, std::span<const Variable> x)
    {
        if constexpr (Signature<F>::takes_list)
            return as_step(f(as_list(x)));
        else
            return [&]<std::size_t... I>(std::index_sequence<I...>) {
                return as_step(f(x[I]...));
            }(std::make_index_sequence<static_cast<std::size_t>(Signature<F>::arity)>{});
    }
};

} // namespace detail

/// Runs a step for each slice of the sequences, or `steps` times, handing states on:
///
///     const auto step = [&](const Variable& x, const Variable& h) { return tanh(x + dot(W, h)); };
///     const auto run = scan(step, {.sequences = {xs}, .init = {h0}});
///
/// step    takes the sequences' slices, then the states; returns the new state (Variable), the new
///         states (Variables), or a Step. Outer Variables that it uses become inputs of the loop.
///         It is called once, or twice where a start value is weak; it makes graph and must not
///         remember Variables.
/// errors  UserError at the caller's line: a state whose dtype or shape changes over a step,
///         sequences of different lengths, a step with another number of parameters or states, no
///         number of steps.
/// cost    a loop in the compiled function; histories that nobody uses take no memory.
ScanResult scan(const detail::Body& step, const ScanArgs& args, Where where = Where::current());

extern const Op scan_op;

/// The output that is number `k` of last, history, out; -1 if it is not kept.
int scan_output(const ScanParams& params, std::size_t k);

/// The loop without what nobody needs: outputs that are not `used` (one flag each), and the states,
/// sequences and constants that only those need. One Variable for each output of `scan`, empty for
/// those that are not used; its own outputs if nothing can go.
Variables trim_scan(const Apply& scan, const std::vector<bool>& used);

std::span<const Op* const> control_ops();

} // namespace croton::inline v1
