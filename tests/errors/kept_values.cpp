// Values that a lambda keeps in a variable around it: outside of a loop's step, or of a function of
// a batch's member, they mean nothing.
#include <croton/croton.hpp>

#include <cmath>

#include "errors/expect.hpp"

namespace ct = croton;
using croton::test::contains;
using ct::Variable;
using ct::Variables;

namespace {

/// What a message says of a value that was kept, and of where it has its place.
std::string kept(const Variable& v,
                 const std::string& op,
                 const std::string& inside,
                 const std::string& instead)
{
    return "the result of " + op + " (" + to_string(v.where()) + ") was made inside " + inside +
           " and means nothing outside of it: return it from there, and take it from " + instead;
}

std::string line(const Variable& v) { return "(" + to_string(v.where()) + ")"; }

const Variable x = ct::vector<double>("x", {4});
const Variable w = ct::scalar<double>("w");
const Variable zero = ct::full(ct::DType::f64, {}, 0.0);

} // namespace

TEST_CASE("what a loop's step keeps is refused by the function that needs it")
{
    Variable inner, outer;
    const auto s = ct::scan(
        [&](const Variable& v, const Variable& h) {
            inner = ct::tanh(v * w);
            return h + inner;
        },
        {.sequences = {x}, .init = {0.0}});
    const std::string in_scan = "a step of scan " + line(s.last[0]);
    const std::string text = kept(inner, "tanh", in_scan, "its last, history or out");
    CHECK_REFUSED(ct::function({x, w}, {s.last[0], inner}), domain, "function: " + text);
    // Also where more is made of it, and inside another loop.
    CHECK_REFUSED(ct::function({x, w}, ct::exp(inner) + w, {.name = "f"}), domain, "f: " + text);
    const auto other = ct::scan([&](const Variable& v, const Variable& h) { return h + v * inner; },
                                {.sequences = {x}, .init = {0.0}});
    CHECK_REFUSED(ct::function({x, w}, other.last[0]), domain, "function: " + text);
    // What the step is given, as it is.
    (void)ct::scan(
        [&](const Variable& v, const Variable& h) {
            outer = v;
            return h + v;
        },
        {.sequences = {x}, .init = {0.0}});
    CHECK_THROWS_WITH(ct::function(x, outer * 2),
                      contains("function: 'x' is a variable of a step of scan (kept_values.cpp:") &&
                          contains("and means nothing outside of it"));
}

TEST_CASE("what other loops' steps keep is refused under their names")
{
    Variable inner;
    const auto keep = [&](const Variable& v) { return inner = ct::sin(v) * w; };
    const auto refused = [&](const Variable& result, const std::string& where) {
        CHECK_REFUSED(
            ct::function({x, w}, {result, ct::sum(inner)}, {.allow_unused_inputs = true}), domain,
            "function: " + kept(inner, "mul", where + " " + line(result), "what that gives"));
    };
    const Variable by_while =
        ct::while_loop([&](const Variable& h) { return h < 3; },
                       [&](const Variable& h) { return h + 1 + keep(h); }, {zero}, 5)[0];
    refused(by_while, "a step of while_loop");
    const Variable by_fori = ct::fori_loop(
        3, [&](const Variable&, const Variable& h) { return h + keep(h); }, {zero})[0];
    refused(by_fori, "a step of fori_loop");
    const Variable by_map = ct::map([&](const Variable& v) { return keep(v); }, {x})[0];
    refused(by_map, "a step of map");
    const Variable by_reduce = ct::reduce(
        [&](const Variable& v, const Variable& h) { return h + keep(v); }, {x}, {zero})[0];
    refused(by_reduce, "a step of reduce");
}

TEST_CASE("what a function of a batch's member, or one with a rule, keeps is refused")
{
    Variable inner;
    const auto f = [&](const Variable& v) { return inner = ct::exp(v); };
    const Variable all = ct::vmap(f)(x);
    CHECK_THROWS_WITH(ct::function(x, {all, inner}),
                      contains("function: the result of exp " + line(inner) +
                               " was made inside the function of vmap (kept_values.cpp:") &&
                          contains("take it from what that gives for all members"));
    const Variable ruled =
        ct::custom_vjp(f, [](const Variable&, const Variable& y, const Variable& bar) {
            return Variables{y * bar};
        })(x);
    CHECK_THROWS_WITH(
        ct::function(x, {ruled, inner}),
        contains("the result of exp (kept_values.cpp:") &&
            contains(" was made inside the function of custom_vjp (kept_values.cpp:"));
    const Variable pushed = ct::custom_jvp([](const Variable& v) { return ct::sin(v); },
                                           [&](const Variable& v, const Variable& dot) {
                                               inner = 2 * dot;
                                               return ct::cos(v) * dot;
                                           })(x);
    CHECK_THROWS_WITH(
        ct::function(x, {pushed, inner}),
        contains("the result of mul " + line(inner)) &&
            contains(" was made inside the function of custom_jvp (kept_values.cpp:"));
    const Variable again = ct::checkpoint(f)(x);
    CHECK_THROWS_WITH(ct::function(x, {again, inner}),
                      contains(" was made inside the function of checkpoint (kept_values.cpp:"));
    const Variable running = ct::associative_scan(
        [&](const Variable& a, const Variable& b) { return inner = a * b; }, {x})[0];
    CHECK_THROWS_WITH(ct::function(x, {running, inner}),
                      contains("the result of mul (kept_values.cpp:") &&
                          contains(" was made inside the function of associative_scan ("));
    const Variable fixed = ct::fixed_point(
        [&](const Variable& h, const Variable& a) { return inner = 0.5 * ct::cos(h) + a; }, zero,
        {w});
    CHECK_THROWS_WITH(ct::function(w, {fixed, inner}),
                      contains("the result of add " + line(inner)) &&
                          contains(" of fixed_point ("));
}

TEST_CASE("derivatives of what was kept, and by it, are refused where they are asked for")
{
    Variable inner;
    const auto s = ct::scan(
        [&](const Variable& v, const Variable& h) {
            inner = h * w;
            return v + inner;
        },
        {.sequences = {x}, .init = {0.0}});
    const Variable loss = s.last[0];
    const std::string text =
        kept(inner, "mul", "a step of scan " + line(s.last[0]), "its last, history or out");
    constexpr ct::GradOptions zeros{.disconnected_zero = true};
    CHECK_REFUSED(ct::grad(inner * 2, w), domain, "grad: " + text);
    CHECK_REFUSED(ct::grad(loss, inner, zeros), domain, "grad: " + text);
    CHECK_REFUSED(ct::vjp({inner}, {w}, {ct::Array::scalar(1.0)}), domain, "vjp: " + text);
    CHECK_REFUSED(ct::jvp(inner, {w}, {ct::Array::scalar(1.0)}), domain, "jvp: " + text);
    CHECK_REFUSED(ct::jacobian(x * inner, w), domain, "jacobian: " + text);
    CHECK_REFUSED(ct::hessian(inner * inner, w), domain, "hessian: " + text);
    CHECK_REFUSED(ct::hvp(inner * inner, w, w), domain, "hvp: " + text);
    CHECK_REFUSED(ct::gauss_newton(x * inner, w), domain, "gauss_newton: " + text);
    CHECK_REFUSED(ct::sparse_jacobian(x * inner, x), domain, "sparse_jacobian: " + text);
    CHECK_REFUSED(ct::check_pattern(ct::sparse_jacobian(x * w, x), x * inner, x), domain,
                  "check_pattern: " + text);
}

TEST_CASE("what is used where it was made, or needs nothing of a step, is not refused")
{
    // A derivative in a step, a loop in a loop, and a batch in it.
    const auto nested = ct::scan(
        [&](const Variable& v, const Variable& h) {
            const auto inner = ct::scan([&](const Variable& g) { return ct::sin(g * v) + h; },
                                        {.init = {h}, .steps = 3});
            return ct::grad(inner.last[0], v) + ct::grad(ct::square(h), h);
        },
        {.sequences = {x}, .init = {zero}});
    CHECK_NOTHROW(ct::function(x, nested.last[0]));
    CHECK_NOTHROW(ct::function(x, ct::grad(nested.last[0], x)));
    const auto slopes = ct::vmap([&](const Variable& v) { return ct::grad(ct::sin(v) * v, v); });
    CHECK_NOTHROW(ct::function(x, slopes(x)));
    // Of a branch, and of a step that it needs nothing of, the value is what it is anywhere.
    Variable of_branch, of_step;
    const Variable y =
        ct::cond(w > 0, [&] { return of_branch = ct::exp(w); }, [&] { return w * 2; })[0];
    const auto s = ct::scan(
        [&](const Variable& v, const Variable& h) {
            of_step = ct::cos(w);
            return h + v * of_step;
        },
        {.sequences = {x}, .init = {0.0}});
    const auto f = ct::function({x, w}, {y, s.last[0], of_branch, of_step});
    const auto got = f(ct::zeros<double>({4}), -1.0);
    CHECK(got[2].as_double(0) == Approx(std::exp(-1.0)));
    CHECK(got[3].as_double(0) == Approx(std::cos(-1.0)));
}
