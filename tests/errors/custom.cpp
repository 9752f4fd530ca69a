// What functions with a derivative of their own refuse, and where.
#include <croton/croton.hpp>

#include <cmath>
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
                  "custom_vjp: the rule takes 1 parameter, given 3: 1 parameter, 1 value, 1 "
                  "cotangent");
    CHECK_REFUSED(ct::custom_vjp([](const Variable& a, const Variable& b) { return a * b; },
                                 [](const Variable&, const Variable&, const Variable&,
                                    const Variable& bar) { return Variables{bar}; })(x, w),
                  domain,
                  "custom_vjp: the rule gives 1 value, not 2: a cotangent for each parameter");
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
                  "custom_vjp: the rule takes 3 parameters, given 5: 1 parameter, 2 values, 2 "
                  "cotangents");
    CHECK_REFUSED(
        ct::custom_jvp(two, [](const Variable&, const Variable& dot) { return Variables{dot}; })(x),
        domain, "custom_jvp: the rule gives 1 value, not 2: a tangent for each value");
    CHECK_REFUSED(ct::custom_jvp(two, twice)(x), domain,
                  "custom_jvp: the rule takes 1 parameter, given 2: 1 parameter, 1 tangent");
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
    const std::string line = std::to_string(__LINE__ - 1);
    CHECK_REFUSED(ct::inline_function("f", {twice}, {a}), domain,
                  "inline_function: input 0 of f is the result of mul (custom.cpp:" + line +
                      "): an input is a leaf");
    CHECK_REFUSED(ct::inline_function("f", {a}, {}), domain, "inline_function: f has no outputs");
    CHECK_REFUSED(ct::inline_function("", {a}, {a}), domain, "inline_function: it needs a name");
    const auto f = ct::inline_function("f", {a, b}, {a * b});
    CHECK_REFUSED(f(Variables{x}), domain, "f: it takes 2 operands, given 1");
    CHECK_REFUSED(f(Variables{x, y}), shape, "f: operand 1, 'b', is f64 (3), given f64 (4): 'y'");
    const auto k = ct::vector<std::int64_t>("k", {3});
    CHECK_REFUSED(f(Variables{x, k}), dtype, "f: operand 1, 'b', is f64 (n), given i64 (3): 'k'");
    CHECK_REFUSED(
        f(Variables{x, total}), shape,
        "f: operand 1, 'b', is f64 (n), given f64 (): the result of sum (custom.cpp:" + line + ")");
    const auto w = ct::shared("w", ct::Array::zeros<double>({3}));
    const ct::Function g = ct::function({x}, {w + x}, {.name = "g", .updates = {{w, w + x}}});
    CHECK_REFUSED(ct::inline_function(g), domain,
                  "inline_function: g updates 'w', and an op updates nothing");
}

TEST_CASE("custom_vjp and custom_jvp: rules that are not linear have no other mode")
{
    const auto x = ct::vector<double>("x", {3});
    const auto at = [](int line) { return " (custom.cpp:" + std::to_string(line) + ")"; };
    const auto squared = [](const Variable&, const Variable&, const Variable& bar) {
        return Variables{bar * bar};
    };
    const int squared_line = __LINE__ - 2;
    const Variable by_vjp = ct::sum(ct::custom_vjp(twice, squared)(x));
    const int line = __LINE__ - 1;
    CHECK_NOTHROW(ct::function(x, ct::grad(by_vjp, x), {.allow_unused_inputs = true}));
    CHECK_REFUSED(ct::jvp(by_vjp, {x}, {x}), domain,
                  "jvp: the rule of custom_vjp" + at(line) +
                      " cannot be seen to be linear in the cotangents because of mul" +
                      at(squared_line) +
                      ", so no forward mode follows from it: custom_jvp gives one");
    const auto product = [](const Variable& v, const Variable& dot) { return v * dot * dot; };
    const int product_line = __LINE__ - 1;
    const Variable by_jvp = ct::sum(ct::custom_jvp(twice, product)(x));
    const int jvp_line = __LINE__ - 1;
    try {
        (void)ct::grad(by_jvp, x);
        FAIL("nothing was refused");
    } catch (const ct::UserError& e) {
        CHECK(std::string(e.message()) ==
              "custom_jvp: the rule cannot be seen to be linear in the tangents because of mul" +
                  at(product_line) + ", so no reverse mode follows from it: custom_vjp gives one");
        CHECK(e.where().line() == static_cast<unsigned>(jvp_line));
    }
}

TEST_CASE("custom_vjp: a rule that is linear but not seen to be: what stops it, and other ways")
{
    const auto x = ct::scalar<double>("x");
    const auto at = [](int line) { return " (custom.cpp:" + std::to_string(line) + ")"; };
    // bar * cos(x), which is sqrt(1 - y * y), by a loop that counts.
    const auto counts = [](const Variable&, const Variable& k) { return k < 4.0; };
    const auto rule = [&](const Variable&, const Variable& y, const Variable& bar) {
        const auto step = [&](const Variable& s, const Variable& k) {
            return Variables{s * pow(1.0 - y * y, 0.125), k + 1.0};
        };
        return Variables{ct::while_loop(counts, step, {bar, 0.0}, 10)[0]};
    };
    const std::string loop = "while_loop" + at(__LINE__ - 2);
    const auto f = ct::custom_vjp([](const Variable& v) { return sin(v); }, rule);
    const Variable y = f(x);
    const std::string of = ": the rule of custom_vjp" + at(__LINE__ - 2) +
                           " cannot be seen to be linear in the cotangents because of " + loop +
                           ", so no forward mode follows from it: custom_jvp gives one";
    const std::string solves = "; for a loop that solves an equation fixed_point has both modes";
    const std::string twice_back = "; grad(dot(grad(f, x), v), x) needs none";
    CHECK_REFUSED(ct::jvp(y, {x}, {1.0}), domain, "jvp" + of + solves);
    CHECK_REFUSED(ct::hvp(y, x, 1.0), domain, "hvp" + of + twice_back + solves);
    CHECK_REFUSED(ct::hessian(y, x), domain, "hessian" + of + twice_back + solves);
    CHECK_REFUSED(ct::jacobian(ct::stack({y, y}), x), domain,
                  "jacobian" + of + "; vjp needs none" + solves);
    // The way that is named.
    const Variable second = ct::grad(ct::dot(ct::grad(y, x), Variable(1.0)), x);
    const double found = ct::function({x}, second)(0.7)[0].as_double(0);
    CHECK(std::abs(found + std::sin(0.7)) < 1e-12);
}
