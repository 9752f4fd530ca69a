#include <croton/ir/build.hpp>
#include <croton/ir/caller_places.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/compare_logic.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/print.hpp>

#include <algorithm>
#include <limits>

#include "scan_parts.hpp"

// Loops that are a scan under another name.

namespace croton::inline v1 {

namespace {

void check_arity(const detail::Body& body,
                 std::size_t given,
                 std::string_view what,
                 std::string_view function,
                 const Location* place)
{
    if (body.arity >= 0 && static_cast<std::size_t>(body.arity) != given)
        throw user_error(Code::domain, place, function, "{} takes {}, given {}", what,
                         counted(body.arity, "parameter"), given);
}

std::vector<State> as_states(const Variables& init) { return {init.begin(), init.end()}; }

/// A bool scalar.
Variable holds(const detail::Body& condition,
               const Variables& states,
               const CallerPlaces& caller,
               const Location* place)
{
    const Step given = caller.run([&] { return condition.run(condition.callable, states); });
    if (given.state.size() != 1 || !given.out.empty() || given.state[0].is_empty())
        throw user_error(Code::domain, place, "while_loop", "the condition gives {}, not one value",
                         counted(given.state.size() + given.out.size(), "value"));
    const Variable& c = given.state[0];
    if (c.dtype() != DType::boolean || c.rank() != 0) {
        const auto at = std::ranges::find_if(states, [&](const Variable& s) { return same(s, c); });
        const std::string what = at == states.end() || !c.name().empty()
                                     ? describe(c)
                                     : fmt::format("state {}", at - states.begin());
        throw user_error(Code::dtype, place, "while_loop",
                         "the condition is {}, not a bool scalar: {}", to_string(c.type()), what);
    }
    return c;
}

/// What a step returns here is its states alone.
Step states_of(Step step, std::string_view function, const Location* place)
{
    if (!step.out.empty() || !step.until.is_empty())
        throw user_error(Code::domain, place, function,
                         "the step returns a Step with out or until, which scan takes");
    return step;
}

/// A number that is known when the graph is made, so that it can be an Extent.
bool is_bound(const Variable& steps)
{
    const Apply a = steps.owner();
    return (a && &a.op() == &extent_value_op) || steps.leaf() == Leaf::constant;
}

} // namespace

Variables
fori_loop(const Variable& steps, const detail::Body& step, const Variables& init, Where where)
{
    const Location* place = locate(where, "fori_loop");
    const CallerPlaces caller;
    const OriginScope origin(place);
    if (steps.is_empty() || !is_integer(steps.dtype()) || steps.rank() != 0)
        throw user_error(Code::domain, place, "fori_loop",
                         "steps must be a whole number, an Extent or an integer scalar: {}",
                         steps.is_empty() ? std::string("an empty Variable") : describe(steps));
    check_arity(step, init.size() + 1, "the step (its number, then the states)", "fori_loop",
                place);
    std::vector<State> states = as_states(init);
    const auto plain_step = [&](const Variables& x) {
        return states_of(caller.run([&] { return step.run(step.callable, x); }), "fori_loop",
                         place);
    };
    if (is_bound(steps)) {
        const Extent n = detail::known_steps(steps, "fori_loop", place);
        if (n.is_known() && n.value() < 0)
            throw user_error(Code::domain, place, "fori_loop", "{} steps", n.value());
        return detail::limited_scan(plain_step,
                                    {.sequences = {arange(n)}, .init = states, .steps = n}, {},
                                    "fori_loop", place)
            .last;
    }
    // The last state is the step's number.
    const auto counted_step = [&](const Variables& x) {
        Variables given{x.back()};
        given.insert(given.end(), x.begin(), x.end() - 1);
        Step next = plain_step(given);
        if (next.state.size() != init.size())
            throw user_error(Code::domain, place, "fori_loop",
                             "the step returns {} states, {} were given", next.state.size(),
                             init.size());
        next.state.push_back(x.back() + 1);
        return next;
    };
    states.push_back(zeros(DType::i64, {}));
    Variables last = detail::limited_scan(counted_step, {.init = states}, cast(steps, DType::i64),
                                          "fori_loop", place)
                         .last;
    last.pop_back();
    return last;
}

Variables while_loop(const detail::Body& condition,
                     const detail::Body& step,
                     const Variables& init,
                     std::int64_t max_steps,
                     Where where)
{
    const Location* place = locate(where, "while_loop");
    const CallerPlaces caller;
    const OriginScope origin(place);
    if (max_steps < 0)
        throw user_error(Code::domain, place, "while_loop", "max_steps is {}", max_steps);
    for (std::size_t k = 0; k < init.size(); ++k)
        if (init[k].is_empty())
            throw user_error(Code::domain, place, "while_loop",
                             "state {} starts as an empty Variable", k);
    check_arity(condition, init.size(), "the condition", "while_loop", place);
    check_arity(step, init.size(), "the step", "while_loop", place);
    const auto stopping_step = [&](const Variables& states) {
        Step next = states_of(caller.run([&] { return step.run(step.callable, states); }),
                              "while_loop", place);
        if (next.state.size() == states.size()) // otherwise refused with the counts
            next.until = !holds(condition, next.state, caller, place);
        return next;
    };
    const std::int64_t most = max_steps == 0 ? std::numeric_limits<std::int64_t>::max() : max_steps;
    const Variable limit =
        cast(croton::where(holds(condition, init, caller, place), Variable(most), Variable(0)),
             DType::i64);
    ScanArgs args{.init = as_states(init)};
    if (max_steps > 0) args.steps = Variable(max_steps);
    return detail::limited_scan(stopping_step, args, limit, "while_loop", place).last;
}

Variables map(const detail::Body& f, const std::vector<Sequence>& sequences, Where where)
{
    const Location* place = locate(where, "map");
    const auto collecting = [&](const Variables& x) {
        Step given = states_of(f.run(f.callable, x), "map", place);
        return Step{{}, std::move(given.state)};
    };
    std::size_t slices = 0;
    for (const Sequence& s : sequences)
        slices += s.taps.size();
    check_arity(f, slices, "the function", "map", place);
    return detail::limited_scan(collecting, {.sequences = sequences}, {}, "map", place).out;
}

Variables reduce(const detail::Body& f,
                 const std::vector<Sequence>& sequences,
                 const std::vector<State>& init,
                 Where where)
{
    const Location* place = locate(where, "reduce");
    return detail::limited_scan(f, {.sequences = sequences, .init = init}, {}, "reduce", place)
        .last;
}

} // namespace croton::inline v1
