// What loops and branches refuse, and where.
#include <croton/croton.hpp>

#include <cstdint>
#include <vector>

#include "support/catch.hpp"

using namespace croton;
using namespace croton::test;

TEST_CASE("cond and switch_case: the condition, and branches that do not fit")
{
    const auto c = scalar<bool>("c");
    const auto x = vector<double>("x", {3});
    const auto same_x = [&] { return x; };
    CHECK_THROWS_WITH(
        cond(x > 0.0, same_x, same_x),
        contains("cond: the condition is bool (3), not a bool scalar (where() chooses "
                 "element by element): the result of greater"));
    CHECK_THROWS_WITH(
        cond(sum(x), same_x, same_x),
        contains("cond: the condition is f64 (), not a bool scalar: the result of sum"));
    CHECK_THROWS_WITH(cond(c, same_x, [&] { return Variables{x, x}; }),
                      "cond: otherwise gives 2 values, then 1");
    CHECK_THROWS_WITH(cond(c, same_x, [&] { return sum(x); }),
                      contains("cond: value 0 is f64 () of otherwise and f64 (3) of then"));
    CHECK_THROWS_WITH(cond(c, same_x, [&] { return cast(x, DType::f32); }),
                      contains("cond: value 0 is f32 (3) of otherwise and f64 (3) of then"));
    CHECK_THROWS_WITH(cond(c, same_x, [&] { return Variable(); }),
                      "cond: otherwise gives an empty Variable as value 0");
    CHECK_THROWS_WITH(cond(c, same_x, [&] { return Variables{}; }),
                      "cond: otherwise gives 0 values, then 1");
    CHECK_THROWS_WITH(cond(c, same_x, [&](const Variable& y) { return y; }),
                      "cond: otherwise takes 1 parameter, none are given");
    const auto k = scalar<std::int64_t>("k");
    CHECK_THROWS_WITH(cond(
                          c, [&] { return k; }, [&] { return Variable(0.5); }),
                      contains("cond: value 0 is f64 () of otherwise and i64 () of then"));
    CHECK_THROWS_WITH(switch_case(sum(x), {same_x, same_x}),
                      contains("switch_case: the number is f64 (), not an integer scalar"));
    CHECK_THROWS_WITH(switch_case(scalar<int>("k"), {}), "switch_case: there are no cases");
    try {
        cond(sum(x), same_x, same_x);
        FAIL("not refused");
    } catch (const UserError& e) {
        CHECK(e.where().line() == __LINE__ - 3);
        CHECK(e.op() == "cond");
    }
}

TEST_CASE("while_loop and fori_loop: conditions, counts of parameters, bounds")
{
    const auto x = scalar<double>("x");
    const auto v = vector<double>("v", {3});
    const auto half = [](const Variable& s) { return 0.5 * s; };
    const auto large = [](const Variable& s) { return s > 1.0; };
    CHECK_THROWS_WITH(while_loop([](const Variable& s) { return s; }, half, {x}),
                      contains("while_loop: the condition is f64 (), not a bool scalar"));
    CHECK_THROWS_WITH(while_loop(large, half, {v}),
                      contains("while_loop: the condition is bool (3), not a bool scalar"));
    CHECK_THROWS_WITH(while_loop(large, half, {x, x}),
                      "while_loop: the condition takes 1 parameter, given 2");
    CHECK_THROWS_WITH(while_loop(large, half, {x}, -1), "while_loop: max_steps is -1");
    CHECK_THROWS_WITH(while_loop(large, half, {Variable()}),
                      "while_loop: state 0 starts as an empty Variable");
    CHECK_THROWS_WITH(while_loop(large, [](const Variable& s) { return cast(s, DType::f32); }, {x}),
                      contains("while_loop: state 0 is f64 before the step and f32 after it"));
    CHECK_THROWS_WITH(
        fori_loop(3, half, {x}),
        "fori_loop: the step (its number, then the states) takes 1 parameter, given 2");
    CHECK_THROWS_WITH(
        fori_loop(x, half, {x}),
        "fori_loop: steps must be a whole number, an Extent or an integer scalar: 'x'");
    CHECK_THROWS_WITH(
        fori_loop(scalar<int>("n"),
                  [](const Variable&, const Variable& s) { return cast(s, DType::f32); }, {x}),
        contains("fori_loop: state 0 is f64 before the step and f32 after it"));
    CHECK_THROWS_WITH(fori_loop(3, [](const Variables&) { return Variables{}; }, {}),
                      "fori_loop: the step returns nothing");
    CHECK_THROWS_WITH(map([](const Variable& s) { return Step{{s}, {s}}; }, {v}),
                      "map: the step returns a Step with out or until, which scan takes");
    const auto starts = vector<double>("starts", {dim("m")});
    const auto lagged =
        scan([](const Variable& s) { return s; }, {.init = {{starts, {-2}}}, .steps = 3});
    const auto f = function({starts}, lagged.last[0]);
    CHECK_THROWS_WITH(f(std::vector<double>{1, 2, 3}),
                      contains("axis 0 of input 'starts' is 3, it must be 2"));
    CHECK_THROWS_WITH(fori_loop(-1, [](const Variable&, const Variable& s) { return s; }, {x}),
                      "fori_loop: -1 steps");
    CHECK_THROWS_WITH(grad(while_loop(large, half, {x})[0], x),
                      contains("grad: reverse mode needs a bound on the steps of while_loop (") &&
                          contains("): write a while_loop with max_steps, or use jvp"));
}
