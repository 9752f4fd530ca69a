#include <croton/ir/build.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/custom.hpp>
#include <croton/ir/step_scope.hpp>

#include "capture.hpp"
#include "custom_parts.hpp"

namespace croton::inline v1 {

namespace {

/// What `f` gives, which must be one value or more.
Variables values_of(const detail::Body& f, const Variables& x, const Location* place)
{
    const auto refuse = [&](std::string text) {
        throw user_error(Code::domain, place, "checkpoint", "{}", text);
    };
    if (f.arity >= 0 && static_cast<std::size_t>(f.arity) != x.size())
        refuse(fmt::format("the function takes {}, given {}", counted(f.arity, "parameter"),
                           x.size()));
    const Step given = f.run(f.callable, x);
    if (!given.out.empty() || !given.until.is_empty())
        refuse("the function gives a Step with out or until, which scan takes");
    if (given.state.empty()) refuse("the function gives no value");
    for (std::size_t i = 0; i < given.state.size(); ++i)
        if (given.state[i].is_empty())
            refuse(fmt::format("the function gives an empty Variable as value {}", i));
    return given.state;
}

} // namespace

Variables detail::checkpointed(const Body& f, const Variables& xs, const Where& where)
{
    const Location* place = locate(where, "checkpoint");
    refuse_empty("checkpoint", where, xs);
    // What is younger than the first of them was made inside. A literal stays one.
    const StepScope scope("the function", "checkpoint", place, "what that gives");
    Variables placeholders{input("", DType::boolean, {})}, operands, x;
    for (const Variable& v : xs) {
        const std::string role = fmt::format("parameter {}", x.size());
        x.push_back(v.is_weak() ? v : scope.variable(v.type(), v.name(), place, role));
        if (v.is_weak()) continue;
        placeholders.push_back(x.back());
        operands.push_back(v);
    }
    Variables values = values_of(f, x, place), typed;
    for (const Variable& v : values)
        if (!v.is_weak()) typed.push_back(v);
    if (typed.empty()) return values;
    const Captured c = capture(placeholders, typed, Invariants::inside);
    operands.insert(operands.end(), c.outer.begin(), c.outer.end());
    const Region body(c.region.inputs().subspan(1), c.region.outputs());
    const Variables given = call_function("", body, operands, true, place);
    std::size_t next = 0;
    for (Variable& v : values)
        if (!v.is_weak()) v = given[next++];
    return values;
}

} // namespace croton::inline v1
