// What loops and branches refuse: each error with its op, its line and the line of what it is
// about.
#include <croton/croton.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "errors/expect.hpp"

using namespace croton;
using namespace croton::test;

namespace {

/// A place in this file, as errors write it.
std::string at(int line) { return " (control_flow.cpp:" + std::to_string(line) + ")"; }

const auto half = [](const Variable& s) { return 0.5 * s; };
const auto doubled = [](const Variable& s) { return concatenate({s, s}); };
constexpr int doubled_line = __LINE__ - 1;
const auto narrowed = [](const Variable& s) { return cast(s, DType::f32); };
constexpr int narrowed_line = __LINE__ - 1;
const auto is_large = [](const Variable& s) { return s > 1.0; };
constexpr int large_line = __LINE__ - 1;

} // namespace

TEST_CASE("cond and switch_case: the condition")
{
    const auto x = vector<double>("x", {3});
    const auto same_x = [&] { return x; };
    const Variable positive = x > 0.0, total = sum(x);
    const int line = __LINE__ - 1;
    CHECK_REFUSED(cond(positive, same_x, same_x), dtype,
                  "cond: the condition is bool (3), not a bool scalar (where() chooses element by "
                  "element): the result of greater" +
                      at(line));
    CHECK_REFUSED(cond(total, same_x, same_x), dtype,
                  "cond: the condition is f64 (), not a bool scalar: the result of sum" + at(line));
    CHECK_REFUSED(switch_case(total, {same_x, same_x}), dtype,
                  "switch_case: the number is f64 (), not an integer scalar: the result of sum" +
                      at(line));
    CHECK_REFUSED(switch_case(scalar<int>("k"), {}), domain, "switch_case: there are no cases");
}

TEST_CASE("cond: branches that do not fit")
{
    const auto c = scalar<bool>("c");
    const auto k = scalar<std::int64_t>("k");
    const auto x = vector<double>("x", {3});
    const auto same_x = [&] { return x; };
    const auto total = [&] { return sum(x); };
    const auto as_f32 = [&] { return cast(x, DType::f32); };
    const int line = __LINE__ - 1;
    CHECK_REFUSED(cond(c, same_x, [&] { return Variables{x, x}; }), domain,
                  "cond: otherwise gives 2 values, then 1");
    CHECK_REFUSED(cond(c, same_x, total), shape,
                  "cond: value 0 is f64 () of otherwise and f64 (3) of then: the result of sum" +
                      at(line - 1) + " and 'x'");
    CHECK_REFUSED(cond(c, same_x, as_f32), dtype,
                  "cond: value 0 is f32 (3) of otherwise and f64 (3) of then: the result of cast" +
                      at(line) + " and 'x'");
    CHECK_REFUSED(cond(c, same_x, [&] { return Variable(); }), domain,
                  "cond: otherwise gives an empty Variable as value 0");
    CHECK_REFUSED(cond(c, same_x, [&] { return Variables{}; }), domain,
                  "cond: otherwise gives 0 values, then 1");
    CHECK_REFUSED(cond(c, same_x, [&](const Variable& y) { return y; }), domain,
                  "cond: otherwise takes 1 parameter, none are given");
    CHECK_THROWS_WITH(cond(
                          c, [&] { return k; }, [&] { return Variable(0.5); }),
                      contains("cond: value 0 is f64 () of otherwise and i64 () of then"));
}

TEST_CASE("loops: a state whose dtype or shape changes over a step")
{
    const auto x = vector<double>("x", {3});
    const auto s = scalar<double>("s");
    const std::string dtype = "state 0 is f64 before the step and f32 after it: the result of cast";
    const std::string shape =
        "state 0 has shape (3) before the step and (6) after it: the result of concatenate";
    CHECK_REFUSED(scan(narrowed, {.init = {x}, .steps = 2}), dtype,
                  "scan: " + dtype + at(narrowed_line));
    CHECK_REFUSED(scan(doubled, {.init = {x}, .steps = 2}), shape,
                  "scan: " + shape + at(doubled_line));
    CHECK_REFUSED(while_loop(is_large, narrowed, {s}), dtype,
                  "while_loop: " + dtype + at(narrowed_line));
    const auto numbered = [](const Variable&, const Variable& v) { return doubled(v); };
    CHECK_REFUSED(fori_loop(3, numbered, {x}), shape, "fori_loop: " + shape + at(doubled_line));
    CHECK_REFUSED(fori_loop(scalar<int>("n"), numbered, {x}), shape,
                  "fori_loop: " + shape + at(doubled_line));
    const auto folded = [](const Variable&, const Variable& v) { return narrowed(v); };
    CHECK_REFUSED(reduce(folded, {x}, {s}), dtype, "reduce: " + dtype + at(narrowed_line));
    // The second of two, and in reverse.
    const auto second = [](const Variable& a, const Variable& b) {
        return Variables{a, doubled(b)};
    };
    CHECK_REFUSED(scan(second, {.init = {s, x}, .steps = 2, .reverse = true}), shape,
                  "scan: state 1 has shape (3) before the step and (6) after it: the result of "
                  "concatenate" +
                      at(doubled_line));
    // A rank that changes.
    const auto total = [](const Variable& v) { return sum(v); };
    const int line = __LINE__ - 1;
    CHECK_REFUSED(scan(total, {.init = {x}, .steps = 2}), shape,
                  "scan: state 0 has shape (3) before the step and () after it: the result of sum" +
                      at(line));
}

TEST_CASE("loops: sequences of different lengths, known before the call or at it")
{
    const auto a = vector<double>("a", {3}), b = vector<double>("b", {4});
    const auto step = [](const Variable& x, const Variable& y, const Variable& s) {
        return s + x * y;
    };
    CHECK_REFUSED(scan(step, {.sequences = {a, b}, .init = {0.0}}), shape,
                  "scan: sequences have different lengths: 3 of 'a' and 4 of 'b'");
    CHECK_REFUSED(map([](const Variable& x, const Variable& y) { return x * y; }, {a, b}), shape,
                  "map: sequences have different lengths: 3 of 'a' and 4 of 'b'");
    CHECK_REFUSED(reduce(step, {a, b}, {0.0}), shape,
                  "reduce: sequences have different lengths: 3 of 'a' and 4 of 'b'");
    const auto folded = [](const Variable& x, const Variable& s) { return s + x; };
    CHECK_REFUSED(scan(folded, {.sequences = {a}, .init = {0.0}, .steps = 5}), shape,
                  "scan: 5 steps for a sequence of length 3: 'a'");
    const auto p = vector<double>("p", {dim("m")}), q = vector<double>("q", {dim("n")});
    const int line = __LINE__ + 1;
    const auto both = scan(step, {.sequences = {p, q}, .init = {0.0}});
    const std::vector<double> two{1, 2}, three{1, 2, 3};
    for (const bool reference : {false, true})
        for (const bool slope : {false, true}) {
            INFO("reference " << reference << ", gradient " << slope);
            const Variable y = slope ? grad(both.last[0], p) : both.last[0];
            const auto f = function({p, q}, y, {.name = "f", .reference = reference});
            CHECK_REFUSED(f(two, three), shape,
                          "f: axis 0 of input 'q' is 3, it must be 2 (m) as axis 0 of input 'p' "
                          "is, for scan at control_flow.cpp:" +
                              std::to_string(line));
        }
    const auto of_five = scan(folded, {.sequences = {p}, .init = {0.0}, .steps = 5});
    const int five_line = __LINE__ - 1;
    const auto g = function({p}, of_five.last[0], {.name = "g"});
    CHECK_REFUSED(g(three), shape,
                  "g: axis 0 of input 'p' is 3, it must be 5 for scan at control_flow.cpp:" +
                      std::to_string(five_line));
}

TEST_CASE("loops: conditions that are no scalar")
{
    const auto x = scalar<double>("x");
    const auto v = vector<double>("v", {3});
    const auto itself = [](const Variable& s) { return s; };
    CHECK_REFUSED(
        while_loop(is_large, half, {v}), dtype,
        "while_loop: the condition is bool (3), not a bool scalar: the result of greater" +
            at(large_line));
    CHECK_THROWS_WITH(while_loop(itself, half, {x}),
                      contains("while_loop: the condition is f64 (), not a bool scalar"));
    const auto stops = [](const Variable& s) { return Step{{s + 1.0}, {}, is_large(s)}; };
    CHECK_REFUSED(scan(stops, {.init = {v}, .steps = 3}), dtype,
                  "scan: until is bool (3), not a bool scalar: the result of greater" +
                      at(large_line));
    const auto sums = [](const Variable& s) { return Step{{s + 1.0}, {}, sum(s)}; };
    const int line = __LINE__ - 1;
    CHECK_REFUSED(scan(sums, {.init = {v}, .steps = 3}), dtype,
                  "scan: until is f64 (), not a bool scalar: the result of sum" + at(line));
}

TEST_CASE("loops: a condition that is a state is called that")
{
    const auto x = scalar<double>("x");
    const auto stops = [](const Variable& s) { return Step{{s + 1.0}, {}, s}; };
    const std::string until = "scan: until is f64 (), not a bool scalar: ";
    CHECK_REFUSED(scan(stops, {.init = {x}, .steps = 3}), dtype, until + "'x'");
    const auto here = [](int line) { return at(line); };
    int line = __LINE__ + 1;
    CHECK_REFUSED(scan(stops, {.init = {0.0}, .steps = 3}), dtype,
                  until + "state 0 of scan" + here(line));
    const auto slices = [](const Variable& e, const Variable& s) { return Step{{s}, {}, e}; };
    line = __LINE__ + 1;
    CHECK_REFUSED(scan(slices, {.sequences = {Array::zeros<double>({3})}, .init = {x}}), dtype,
                  until + "a slice of sequence 0 of scan" + here(line));
    const auto second = [](const Variable&, const Variable& s) { return s; };
    const auto both = [](const Variable& s, const Variable& t) { return Variables{s, t}; };
    CHECK_REFUSED(while_loop(second, both, {x, 1.0}), dtype,
                  "while_loop: the condition is f64 (), not a bool scalar: state 1");
}

TEST_CASE("cond and switch_case: what goes wrong in a call names the branch")
{
    const auto x = scalar<double>("x");
    const auto log_x = [&] { return log(x); };
    const auto same_x = [&] { return x; };
    const auto message = [&](const Variable& y, double value) {
        try {
            (void)function({x}, y, {.name = "f", .finite_checks = true})(value);
        } catch (const UserError& e) {
            return std::string(e.message());
        }
        return std::string();
    };
    const std::string log_0 = "log: its result in 'f' is not finite: -inf at () of f64 (), from 0";
    CHECK(message(cond(x < 1.0, log_x, same_x)[0], 0) == log_0 + ", in then of cond");
    CHECK(message(cond(x > 1.0, same_x, log_x)[0], 0) == log_0 + ", in otherwise of cond");
    CHECK(message(switch_case(cast(x, DType::i64) + 1, {same_x, log_x, same_x})[0], 0) ==
          log_0 + ", in case 1 of switch_case");
}

TEST_CASE("loops: counts of parameters, numbers of steps, starts")
{
    const auto x = scalar<double>("x");
    const auto v = vector<double>("v", {3});
    CHECK_REFUSED(while_loop(is_large, half, {x, x}), domain,
                  "while_loop: the condition takes 1 parameter, given 2");
    CHECK_REFUSED(while_loop(is_large, half, {x}, -1), domain, "while_loop: max_steps is -1");
    CHECK_REFUSED(while_loop(is_large, half, {Variable()}), domain,
                  "while_loop: state 0 starts as an empty Variable");
    CHECK_REFUSED(fori_loop(3, half, {x}), domain,
                  "fori_loop: the step (its number, then the states) takes 1 parameter, given 2");
    CHECK_REFUSED(fori_loop(x, half, {x}), domain,
                  "fori_loop: steps must be a whole number, an Extent or an integer scalar: 'x'");
    CHECK_REFUSED(fori_loop(3, [](const Variables&) { return Variables{}; }, {}), domain,
                  "fori_loop: the step returns nothing");
    CHECK_REFUSED(fori_loop(-1, [](const Variable&, const Variable& s) { return s; }, {x}), domain,
                  "fori_loop: -1 steps");
    CHECK_REFUSED(map([](const Variable& s) { return Step{{s}, {s}}; }, {v}), domain,
                  "map: the step returns a Step with out or until, which scan takes");
    const auto starts = vector<double>("starts", {dim("m")});
    const auto lagged = scan(half, {.init = {{starts, {-2}}}, .steps = 3});
    const auto f = function({starts}, lagged.last[0]);
    CHECK_THROWS_WITH(f(std::vector<double>{1, 2, 3}),
                      contains("axis 0 of input 'starts' is 3, it must be 2"));
}

TEST_CASE("a reverse gradient through a loop that nothing bounds names the loop")
{
    const auto x = scalar<double>("x");
    const auto bound = [](const std::string& loop, int line) {
        return "reverse mode needs a bound on the steps of " + loop + at(line) +
               ": write a while_loop with max_steps, or use jvp";
    };
    const int line = __LINE__ + 1;
    const Variable halved = while_loop(is_large, half, {x})[0];
    const Variable y = square(halved);
    CHECK_REFUSED(grad(y, x), domain, "grad: " + bound("while_loop", line));
    CHECK_REFUSED(vjp({y}, {x}, {1.0}), domain, "vjp: " + bound("while_loop", line));
    CHECK_REFUSED(hessian(y, x), domain, "hessian: " + bound("while_loop", line));
    const auto step = [](const Variable&, const Variable& s) { return sin(s); };
    const int counted_line = __LINE__ + 1;
    const Variable counted = fori_loop(scalar<std::int64_t>("n"), step, {x})[0];
    CHECK_REFUSED(grad(counted, x), domain, "grad: " + bound("fori_loop", counted_line));
    // A bound, or forward mode, is all that is missing.
    CHECK(grad(while_loop(is_large, half, {x}, 50)[0], x).rank() == 0);
    CHECK(jvp(y, {x}, {1.0}).rank() == 0);
}
