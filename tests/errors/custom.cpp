// What functions with a derivative of their own refuse, and where.
#include <croton/croton.hpp>

#include <string>

#include "errors/expect.hpp"

namespace ct = croton;
using ct::Variable;
using ct::Variables;

namespace {

const auto twice = [](const Variable& x) { return Variable(2.0 * x); };
const auto bar_alone = [](const Variable&, const Variable&, const Variable& bar) {
    return Variables{bar};
};

} // namespace

TEST_CASE("custom_vjp: rules that do not fit")
{
    const auto x = ct::vector<double>("x", {3});
    const auto w = ct::vector<double>("w", {3});
    const auto k = ct::vector<std::int64_t>("k", {3});
    CHECK_REFUSED(ct::custom_vjp(twice, bar_alone)(x, w), domain,
                  "custom_vjp: the function takes 1 parameter, given 2");
    CHECK_REFUSED(ct::custom_vjp(twice, twice)(x), domain,
                  "custom_vjp: the rule takes 1 parameter, given 3");
    CHECK_REFUSED(ct::custom_vjp([](const Variable& a, const Variable& b) { return a * b; },
                                 [](const Variable&, const Variable&, const Variable&,
                                    const Variable& bar) { return Variables{bar}; })(x, w),
                  domain, "custom_vjp: the rule gives 1 value, not 2");
    const auto uses_w = [&](const Variable& v) { return v * w; };
    CHECK_REFUSED(ct::custom_vjp(uses_w, bar_alone)(x), domain,
                  "custom_vjp: the function uses 'w', which is none of its parameters: a "
                  "derivative of its own can only be one by parameters");
    const auto sum_bar = [](const Variable&, const Variable&, const Variable& bar) {
        return Variables{ct::concatenate({bar, bar})};
    };
    CHECK_REFUSED(ct::custom_vjp(twice, sum_bar)(x), shape,
                  "custom_vjp: the rule gives f64 (6) as derivative 0, which is one of f64 (3)");
    CHECK_REFUSED(ct::custom_vjp([](const Variable& v) { return v + v; }, bar_alone)(k), dtype,
                  "custom_vjp: the value is i64: only of floats there is a gradient");
    const auto by_k = [](const Variable&, const Variable&, const Variable&, const Variable& bar) {
        return Variables{bar, bar};
    };
    CHECK_REFUSED(
        ct::custom_vjp([](const Variable& v, const Variable& i) { return ct::take(v, i); },
                       by_k)(x, k),
        dtype, "custom_vjp: the rule gives a derivative by parameter 1, which is i64");
}

TEST_CASE("clip_gradient: bounds and dtype")
{
    const auto x = ct::vector<double>("x", {3});
    CHECK_REFUSED(ct::clip_gradient(x, 1, -1), domain,
                  "clip_gradient: nothing lies within [1, -1]");
    CHECK_REFUSED(ct::clip_gradient(ct::vector<std::int64_t>("k", {3}), -1, 1), dtype,
                  "clip_gradient: x is i64: it has no gradient");
}

TEST_CASE("custom_vjp and custom_jvp of several values: rules that do not fit")
{
    const auto x = ct::vector<double>("x", {3});
    const auto two = [](const Variable& v) { return Variables{v, ct::sum(v)}; };
    CHECK_REFUSED(ct::custom_vjp(two, bar_alone)(x), domain,
                  "custom_vjp: the rule takes 3 parameters, given 5");
    CHECK_REFUSED(
        ct::custom_jvp(two, [](const Variable&, const Variable& dot) { return Variables{dot}; })(x),
        domain, "custom_jvp: the rule gives 1 value, not 2");
    CHECK_REFUSED(ct::custom_jvp(two, [](const Variable&,
                                         const Variable& dot) { return Variables{dot, dot}; })(x),
                  shape,
                  "custom_jvp: the rule gives f64 (3) as derivative 1, which is one of f64 "
                  "()");
    CHECK_REFUSED(ct::custom_vjp([](const Variable&) { return Variables{}; }, bar_alone)(x), domain,
                  "custom_vjp: the function gives no value");
}

TEST_CASE("checkpoint: functions that do not fit")
{
    const auto x = ct::vector<double>("x", {3});
    CHECK_REFUSED(ct::checkpoint(twice)(x, x), domain,
                  "checkpoint: the function takes 1 parameter, given 2");
    CHECK_REFUSED(ct::checkpoint([](const Variable&) { return Variables{}; })(x), domain,
                  "checkpoint: the function gives no value");
    CHECK_REFUSED(ct::checkpoint([](const Variable&) { return Variable(); })(x), domain,
                  "checkpoint: the function gives an empty Variable as value 0");
}

TEST_CASE("inline_function: graphs and operands that do not fit")
{
    const ct::Extent n = ct::dim("n");
    const auto a = ct::vector<double>("a", {n}), b = ct::vector<double>("b", {n});
    const auto x = ct::vector<double>("x", {3}), y = ct::vector<double>("y", {4});
    CHECK_REFUSED(ct::inline_function("f", {a}, {a * b}), domain,
                  "inline_function: f needs 'b', which is none of its inputs");
    CHECK_REFUSED(ct::inline_function("f", {a, a}, {a}), domain,
                  "inline_function: 'a' is given twice to f");
    const Variable twice = 2.0 * a, total = ct::sum(x);
    CHECK_REFUSED(ct::inline_function("f", {twice}, {a}), domain,
                  "inline_function: input 0 of f is the result of mul (custom.cpp:101): an input "
                  "is a leaf");
    CHECK_REFUSED(ct::inline_function("f", {a}, {}), domain, "inline_function: f has no outputs");
    CHECK_REFUSED(ct::inline_function("", {a}, {a}), domain, "inline_function: it needs a name");
    const auto f = ct::inline_function("f", {a, b}, {a * b});
    CHECK_REFUSED(f(Variables{x}), domain, "f: it takes 2 operands, given 1");
    CHECK_REFUSED(f(Variables{x, y}), shape, "f: operand 1, 'b', is f64 (3), given f64 (4): 'y'");
    const auto k = ct::vector<std::int64_t>("k", {3});
    CHECK_REFUSED(f(Variables{x, k}), dtype, "f: operand 1, 'b', is f64 (n), given i64 (3): 'k'");
    CHECK_REFUSED(f(Variables{x, total}), shape,
                  "f: operand 1, 'b', is f64 (n), given f64 (): the result of sum "
                  "(custom.cpp:101)");
    const auto w = ct::shared("w", ct::Array::zeros<double>({3}));
    const ct::Function g = ct::function({x}, {w + x}, {.name = "g", .updates = {{w, w + x}}});
    CHECK_REFUSED(ct::inline_function(g), domain,
                  "inline_function: g updates 'w', and an op updates nothing");
}

TEST_CASE("custom_vjp and custom_jvp: rules that are not linear have no other mode")
{
    const auto x = ct::vector<double>("x", {3});
    const auto squared = [](const Variable&, const Variable&, const Variable& bar) {
        return Variables{bar * bar};
    };
    const Variable by_vjp = ct::sum(ct::custom_vjp(twice, squared)(x));
    const std::string line = std::to_string(__LINE__ - 1);
    CHECK_NOTHROW(ct::function(x, ct::grad(by_vjp, x), {.allow_unused_inputs = true}));
    CHECK_REFUSED(ct::jvp(by_vjp, {x}, {x}), domain,
                  "jvp: the rule of custom_vjp (custom.cpp:" + line +
                      ") is not linear in the cotangents, so no forward mode follows from it: "
                      "custom_jvp gives one");
    const auto product = [](const Variable& v, const Variable& dot) { return v * dot * dot; };
    const Variable by_jvp = ct::sum(ct::custom_jvp(twice, product)(x));
    const int jvp_line = __LINE__ - 1;
    try {
        (void)ct::grad(by_jvp, x);
        FAIL("nothing was refused");
    } catch (const ct::UserError& e) {
        CHECK(std::string(e.message()) == "custom_jvp: the rule is not linear in the tangents, so "
                                          "no reverse mode follows from it");
        CHECK(e.where().line() == static_cast<unsigned>(jvp_line));
    }
}
