#pragma once

#include <croton/ir/variable.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
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
    /// A bool scalar: where it is true this step is the last. What is collected keeps its shape,
    /// and is 0 for the steps that do not run; ScanResult::count says how many ran.
    Variable until{};
};

/// An array whose slices along axis 0 the steps receive one by one: `{x, {-1, 0, 1}}` gives each
/// step the slices of the step before it, of its own and of the next one, in that order. There are
/// as many steps as have them all: two fewer than slices.
struct Sequence {
    Variable x;
    std::vector<int> taps;
    Sequence(const Variable& v);
    Sequence(const Variable& v, std::vector<int> t);
    Sequence(const Array& v, Where w = Where::current());
    Sequence(const Array& v, std::vector<int> t, Where w = Where::current());
};

/// A value carried from step to step, and where it starts. A weak one (`0.0`) takes the dtype and
/// the shape that the step gives it; dot refuses it, as it has no shape before. With taps,
/// `{init, {-2, -1}}`, a step receives the values of so many steps before, in that order; the start
/// has one along axis 0 for each step that taps reach back, the oldest first. A step gives one.
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

inline constexpr int square_root = -1; ///< for Checkpoints

/// Which states of a loop its gradient stores; it computes the others again from these.
///
///     .checkpoint = 100                every 100th: memory for steps / 100 + 100 of them
///     .checkpoint = floor_div(n, 10)   an expression of extents
///     .checkpoint = square_root        of about as many as make both numbers equal
///     .checkpoint = binomial(20)       20 of them, at places that change while it goes back
///
/// 0, as without any: those of each step. Of n steps the square root takes those of n / r chunks
/// and of the r steps of one, and as many again as there are steps left over: r is the nearest
/// number to sqrt(n), and where the call gives n it is between half of sqrt(n) and twice that, so
/// that 1,000,000 steps take 2,000 states, and 2,530 where the call says so.
class Checkpoints {
public:
    Checkpoints(int every = 0) : every_(every) {}
    Checkpoints(const Extent& every) : every_(every) {}
    const Extent& every() const noexcept { return every_; }
    int snapshots() const noexcept { return snapshots_; } ///< of binomial(); else 0

private:
    friend Checkpoints binomial(int snapshots, Where where);
    Extent every_;
    int snapshots_ = 0;
};

/// Of a loop of a known number of steps, with memory that hardly depends on it: the gradient cuts
/// the loop into chunks of `snapshots` steps, and holds the states before so many of the n chunks.
/// It comes to a chunk from the nearest one before it that it holds, and stores others on the way,
/// where Griewank's and Walther's binomial schedule has them (Algorithm 799): no step is computed
/// more than r + 2 times in front of its adjoint, with the least r for which n is at most
/// (s + r)! / (s! r!). So 20 snapshots of 1,000,000 steps hold about 100 states, where the square
/// root has 2,000, and compute each step 7 times at most.
///
/// memory  3 * snapshots states, which change places, and what the gradient of a chunk stores
Checkpoints binomial(int snapshots, Where where = Where::current());

struct ScanArgs {
    std::vector<Sequence> sequences{};
    std::vector<State> init{};
    Variable steps{}; ///< a number or an Extent; from the sequences if there are any
    /// From the last step to the first; history and out stay in the sequences' order.
    bool reverse = false;
    int unroll = 1; ///< steps that are written out in each of the loop
    /// The states that the gradient stores: of every so many steps, for the loop's work once more.
    Checkpoints checkpoint{};
};

struct ScanResult {
    Variables last;    ///< states after the final step; init where there are no steps
    Variables history; ///< states after each step, along a new axis 0
    Variables out;     ///< what the steps returned as out, along a new axis 0
    Variable count;    ///< steps that ran, an i64 scalar
};

namespace detail {

/// What a function gives that does not say how many Variables it takes.
struct Unknown {
    operator Variable() const;
};

template <class F>
struct Signature {
    static_assert(!sizeof(F),
                  "a step, or another function that makes graph (for vmap, checkpoint, "
                  "..), takes Variables, not auto, so that they can be counted, and "
                  "returns several values as `return ct::Variables{a, b};`");
    // So that nothing else is said of it.
    using Result = Unknown;
    static constexpr int arity = 0;
    static constexpr bool takes_list = false;
};
template <class F>
    requires requires { &F::operator(); }
struct Signature<F> : Signature<decltype(&F::operator())> {};
/// What vmap and custom_vjp give takes what they were given takes.
template <class F>
    requires requires { typename F::Wrapped; }
struct Signature<F> : Signature<typename F::Wrapped> {};
template <class R, class... A>
struct Signature<R (*)(A...)> {
    using Result = std::remove_cvref_t<R>;
    static constexpr int arity = static_cast<int>(sizeof...(A));
    static constexpr bool takes_list =
        (std::is_same_v<std::remove_cvref_t<A>, Variables> && ...) && arity == 1;
};
template <class R, class C, class... A>
struct Signature<R (C::*)(A...)> : Signature<R (*)(A...)> {};
template <class R, class C, class... A>
struct Signature<R (C::*)(A...) const> : Signature<R (*)(A...)> {};

template <class R>
inline constexpr bool gives_graph =
    std::convertible_to<R, Variable> || std::convertible_to<R, Variables> || std::same_as<R, Step>;

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
        requires(!std::convertible_to<F, Variable> && !std::same_as<std::remove_cvref_t<F>, Body> &&
                 !std::is_function_v<std::remove_reference_t<F>>)
    Body(F&& f)
        : callable(const_cast<void*>(static_cast<const void*>(&f))),
          arity(Signature<std::remove_reference_t<F>>::takes_list
                    ? -1
                    : Signature<std::remove_reference_t<F>>::arity),
          run([](void* at, std::span<const Variable> x) {
              return call(*static_cast<std::remove_reference_t<F>*>(at), x);
          })
    {}

    template <class R, class... A>
    Body(R (*f)(A...))
        : callable(reinterpret_cast<void*>(f)),
          arity(Signature<R (*)(A...)>::takes_list ? -1 : Signature<R (*)(A...)>::arity),
          run([](void* at, std::span<const Variable> x) {
              auto* same = reinterpret_cast<R (*)(A...)>(at);
              return call(same, x);
          })
    {}

private:
    template <class F>
    static Step call(F& f, std::span<const Variable> x)
    {
        using Result = typename Signature<F>::Result;
        static_assert(gives_graph<Result>, "a step, or another function that makes graph, returns "
                                           "a Variable, Variables or a Step: several values as "
                                           "`return ct::Variables{a, b};`");
        if constexpr (!gives_graph<Result> || std::same_as<Result, Unknown>)
            return {};
        else if constexpr (Signature<F>::takes_list)
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
/// step    takes the sequences' slices, then the states, of each one for every tap; returns the new
///         state (Variable), the new states (Variables), or a Step. Outer Variables that it uses
///         become inputs of the loop.
///         It is called once, or twice where a start value is weak; it makes graph and must not
///         remember Variables.
/// errors  UserError at the caller's line: a state whose dtype or shape changes over a step,
///         sequences of different lengths, a step with another number of parameters or states, no
///         number of steps, a start that has not as many rows as taps reach back.
/// cost    a loop in the compiled function; histories that nobody uses take no memory.
ScanResult scan(const detail::Body& step, const ScanArgs& args, Where where = Where::current());

/// Runs a step `steps` times: it takes its number, an i64 scalar that counts from 0, and the
/// states, and returns the states after it. Gives the last ones.
///
///     const Variables r = fori_loop(10, [&](const Variable& i, const Variable& s) {
///         return s + take(x, i);
///     }, {zeros(DType::f64, {})});
///
/// steps   a number, an Extent, or an integer scalar that the function computes, of which less than
///         0 is none. grad of a computed number of steps is refused, as nothing bounds what it
///         would store; jvp is not.
/// errors  as scan's.
Variables fori_loop(const Variable& steps,
                    const detail::Body& step,
                    const Variables& init,
                    Where where = Where::current());

/// Runs a step while a condition on the states holds: both take the states; the condition gives a
/// bool scalar, and the step the states after it. Gives the last ones: `init` where the condition
/// does not hold at first.
///
/// max_steps  ends the loop after so many; 0: nothing does. grad needs it, as it stores the states
///            of each step, with memory for that many; jvp does not. A loop that it ends is
///            no error: the condition, which may be an output too, then still holds of what is
///            given. How many steps ran a further state tells, to which each step adds 1; scan
///            with until has it as its count.
/// errors     as scan's; UserError where the condition is not a bool scalar.
Variables while_loop(const detail::Body& condition,
                     const detail::Body& step,
                     const Variables& init,
                     std::int64_t max_steps = 0,
                     Where where = Where::current());

/// Applies a function to each slice along axis 0 of the sequences, one after the other, and
/// collects what it gives along a new axis 0. Where the op is there for whole arrays, that is
/// faster.
Variables
map(const detail::Body& f, const std::vector<Sequence>& sequences, Where where = Where::current());

/// Combines slices along axis 0 from the first to the last: `f` takes a slice of each sequence,
/// then the results so far, and gives the results with it. Gives the last ones.
Variables reduce(const detail::Body& f,
                 const std::vector<Sequence>& sequences,
                 const std::vector<State>& init,
                 Where where = Where::current());

/// Runs one of two graphs: `then` where the condition, a bool scalar, holds. Only its work is done,
/// where `where(c, a, b)` computes both and chooses element by element.
///
///     const Variables r = cond(n > 0, [&] { return sum(x) / n; }, [&] { return Variable(0.0); });
///
/// then, otherwise  take nothing and use Variables around them; they return as many values
///                  (a Variable or Variables) of the same types, where a weak one takes the
///                  other's. What they make belongs to the branch.
/// errors           UserError: a condition that is not a bool scalar (where() takes arrays),
///                  branches that give different numbers of values, dtypes or shapes.
/// cost             none of the branch that is not taken; a gradient takes the same branch, and
///                  computes again what it needs of it.
Variables cond(const Variable& condition,
               const detail::Body& then,
               const detail::Body& otherwise,
               Where where = Where::current());

/// Runs the graph of that number: the first for 0. A number out of range is the nearest one's.
Variables switch_case(const Variable& number,
                      std::initializer_list<detail::Body> cases,
                      Where where = Where::current());

extern const Op switch_op;
/// One graph, with the parameters of a switch_op that has nothing to choose from. It stays a graph
/// of its own: nothing in it is merged with what is computed around it.
extern const Op recompute_op;
/// What it gives, as graph in the place of the op.
Variables written_out(const Apply& recompute);
extern const Op scan_op;

/// The output that is number `k` of last, history, out, count; -1 if it is not kept.
int scan_output(const ScanParams& params, std::size_t k);

/// The loop without what nobody needs: outputs that are not `used` (one flag each), and the states,
/// sequences and constants that only those need. One Variable for each output of `scan`, empty for
/// those that are not used; its own outputs if nothing can go.
Variables trim_scan(const Apply& scan, const std::vector<bool>& used);

/// The same of branches: without the values that are not used, and the operands of those alone.
Variables trim_switch(const Apply& a, const std::vector<bool>& used);

std::span<const Op* const> control_ops();

} // namespace croton::inline v1
