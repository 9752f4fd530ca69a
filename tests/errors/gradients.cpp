#include <croton/croton.hpp>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "errors/expect.hpp"
#include "runtime/process.hpp"

namespace ct = croton;

TEST_CASE("a gradient that has no meaning is refused at the caller's line")
{
    const auto x = ct::matrix<double>("x", {3, 4}), w = ct::vector<double>("w");
    const auto i = ct::vector<std::int64_t>("i");
    const auto loss = ct::sum(square(x));
    CHECK_REFUSED(
        ct::grad(square(x), x), shape,
        "grad: the loss must be a scalar, it has shape (3, 4); sum it, or use jacobian or vjp");
    CHECK_REFUSED(ct::grad(loss, w), domain, "grad: the loss does not depend on 'w'");
    CHECK_REFUSED(ct::grad(loss, i), dtype, "grad: x must be floating point: 'i' is i64");
    CHECK_REFUSED(ct::grad(loss, ct::Variable()), domain,
                  "grad: x is an empty Variable: nothing was assigned to it");
}

TEST_CASE("what goes wrong in a gradient names the user's op that it is the gradient of")
{
    const auto x = ct::vector<double>("x", {2});
    const std::uint32_t line = __LINE__ + 1;
    const auto y = ct::sum(sqrt(x));
    const auto g = ct::grad(y, x);
    const std::string at = ", in the gradient of sqrt at gradients.cpp:" + std::to_string(line);
    const std::vector<double> zero{1, 0};
    for (const bool reference : {false, true}) {
        const ct::Options options{.name = "f", .reference = reference, .finite_checks = true};
        const auto check = [&](const ct::Function& f) {
            try {
                (void)f(zero);
                FAIL("nothing was refused");
            } catch (const ct::UserError& e) {
                CHECK(
                    std::string(e.message()) ==
                    "div: its result in 'f' is not finite: inf at (1) of f64 (2), from 0.5 and 0" +
                        at);
                CHECK(e.op() == "div");
                CHECK(e.where().line() == line);
            }
        };
        const auto f = ct::function({x}, g, options);
        check(f);
        const croton::test::TemporaryFolder folder;
        f.save(folder / "f.croton");
        check(ct::Function::load(folder / "f.croton"));
    }
    ct::Options options{.name = "f"};
    options.finite_checks = true;
    const auto f = ct::function({x}, g, options);
    auto workspace = f.workspace();
    std::vector<double> out(2);
    const auto call = f.typed<void(ct::View<const double>, ct::View<double>)>();
    const ct::Status status = call(workspace, zero, out);
    CHECK(status.text() == "f: the result of div" + at + ", is not finite: inf at (1) of f64 (2)");
    CHECK(status.where().line() == line);
    CHECK(g.where().line() == line);
}

TEST_CASE("what a product's gradient is made of belongs to the product, not to what follows it")
{
    const auto a = ct::matrix<double>("a", {2, 3}), b = ct::matrix<double>("b", {3, 2});
    const std::uint32_t line = __LINE__ + 1;
    const auto product = ct::matmul(a, b);
    const auto loss = ct::sum(exp(product));
    for (const ct::Variable& bar : {ct::grad(loss, a), ct::grad(loss, b)}) {
        CHECK(bar.where().line() == line);
        CHECK(std::string(bar.location()->called) == "matmul");
        CHECK(bar.location()->of_gradient);
    }
}

TEST_CASE("a gradient's gradient, and what jvp made, name the user's op too")
{
    const auto x = ct::scalar<double>("x");
    const std::uint32_t line = __LINE__ + 1;
    const auto y = sqrt(x);
    const auto second = ct::grad(ct::grad(y, x), x), dot = ct::jvp(y, {x}, {1.0});
    const std::string at = ", in the gradient of sqrt at gradients.cpp:" + std::to_string(line);
    for (const auto& v : {second, dot})
        CHECK_THROWS_WITH(ct::function({x}, v, {.name = "f", .finite_checks = true})(0.0),
                          croton::test::contains(at));
}

TEST_CASE("what rounds says what has a gradient in its place: that of x, or none")
{
    const auto x = ct::vector<double>("x", {2});
    const std::string at = "gradients.cpp:" + std::to_string(__LINE__ + 1);
    const auto rest = x - floor(x); // a macro's lines are one to g++ and several to Clang
    CHECK_REFUSED(ct::grad(ct::sum(x * rest), x), domain,
                  "grad: floor (" + at +
                      ") has no gradient: floor is piecewise constant; round_through(x) has that "
                      "of x, stop_gradient(floor(x)) none");
    const auto slope = ct::grad(ct::sum(x * (x - stop_gradient(floor(x)))), x);
    CHECK(ct::function({x}, slope)(std::vector<double>{1.5, -2})[0].as_double(0) == 2);
}

TEST_CASE("a disconnected gradient is zeros where that was asked for")
{
    const auto x = ct::vector<double>("x", {2}), w = ct::vector<double>("w", {3});
    const auto g = ct::grad(ct::sum(x), w, {.disconnected_zero = true});
    CHECK(g.type() == w.type());
    const ct::Array zeros = ct::function({}, {g})()[0];
    CHECK(identical(zeros, ct::Array::zeros(ct::DType::f64, {3})));
}

TEST_CASE("an x that only reaches ops without a gradient: each of them is named with its line")
{
    const auto x = ct::vector<double>("x", {4}), y = ct::vector<double>("y", {4});
    const auto refused = [](const std::string& stops) {
        return "grad: the loss depends on 'x' only through " + stops + ", where no gradient passes";
    };
    const auto at = [](int line) { return " (gradients.cpp:" + std::to_string(line) + ")"; };
    int line = __LINE__ + 1;
    const auto chosen = ct::sum(ct::where(square(x) > 0.5, y, 0.0));
    CHECK_REFUSED(ct::grad(chosen, x), domain, refused("greater" + at(line)));
    line = __LINE__ + 1;
    const auto largest = y(ct::argmax(x * 2)) + y(ct::argmin(x));
    CHECK_REFUSED(ct::grad(largest, x), domain,
                  refused("argmax" + at(line) + " and argmin" + at(line)));
    line = __LINE__ + 1;
    const auto stopped = ct::sum(ct::stop_gradient(x) * y);
    CHECK_REFUSED(ct::grad(stopped, x), domain, refused("stop_gradient" + at(line)));
    line = __LINE__ + 1;
    const auto whole = ct::sum(x.as(ct::DType::i64)).as(ct::DType::f64);
    CHECK_REFUSED(ct::grad(whole, x), domain, refused("cast" + at(line)));
}

TEST_CASE("forward mode refuses what reverse mode refuses, or gives zeros where that is asked for")
{
    const auto x = ct::vector<double>("x", {4}), y = ct::vector<double>("y", {4});
    const auto refused = [](const std::string& stops) {
        return "jvp: the result depends on 'x' only through " + stops +
               ", where no gradient passes";
    };
    const auto at = [](int line) { return " (gradients.cpp:" + std::to_string(line) + ")"; };
    int line = __LINE__ + 1;
    const auto chosen = ct::where(square(x) > 0.5, y, 0.0);
    CHECK_REFUSED(ct::jvp(chosen, {x}, {1.0}), domain, refused("greater" + at(line)));
    CHECK_REFUSED(ct::jvp(chosen, {y, x}, {1.0, 1.0}), domain, refused("greater" + at(line)));
    line = __LINE__ + 1;
    const auto stopped = ct::stop_gradient(x) * y;
    CHECK_REFUSED(ct::jvp(stopped, {x}, {1.0}), domain, refused("stop_gradient" + at(line)));
    CHECK_REFUSED(ct::jvp(y * 2, {x}, {1.0}), domain, "jvp: the result does not depend on 'x'");
    const auto z = ct::where(square(x) > 0.5, x, 0.0); // one way passes
    const auto f = ct::function({x}, ct::jvp(z, {x}, {1.0}));
    CHECK(f(ct::Array::full<double>({4}, 2))[0].as_double(0) == 1);
    for (const auto& v : {chosen, stopped}) {
        const auto zeros = ct::jvp(v, {x}, {1.0}, {.disconnected_zero = true});
        CHECK(ct::function({}, {zeros})()[0].as_double(3) == 0);
    }
}

TEST_CASE("of a loop whose states do not all pass a gradient, what stops it for those needed is "
          "named")
{
    const auto x = ct::vector<double>("x", {4});
    const auto refused = [](const std::string& stops) {
        return "grad: the loss depends on 'x' only through " + stops + ", where no gradient passes";
    };
    const auto at = [](int line) { return " (gradients.cpp:" + std::to_string(line) + ")"; };
    using ct::Variable, ct::Variables;
    const auto step = [](const Variable& u, const Variable& h, const Variable& n) {
        return Variables{h + u, n + ct::where(u > 0, 1.0, 0.0)};
    };
    int line = __LINE__ + 1;
    const auto inside = ct::scan(step, {.sequences = {x}, .init = {0.0, 0.0}});
    CHECK_REFUSED(ct::grad(inside.last[1], x), domain, refused("scan" + at(line)));
    // The other state passes it, to what stops it.
    const auto both = inside.last[0].as(ct::DType::i64).as(ct::DType::f64) * 2;
    CHECK_REFUSED(ct::grad(both, x), domain, refused("cast" + at(line + 3)));
    CHECK_REFUSED(ct::grad(both + inside.last[1], x), domain,
                  refused("scan" + at(line) + " and cast" + at(line + 3)));
    // Stopped before the loop for one state; for the other the loop would pass it.
    const auto copy = [](const Variable& h, const Variable& n) { return Variables{h * 2, n * 2}; };
    line = __LINE__ + 1;
    const auto start = ct::sum(ct::where(x > 0, 1.0, 0.0));
    const auto outside = ct::scan(copy, {.init = {ct::sum(x), start}, .steps = 3});
    CHECK_REFUSED(ct::grad(outside.last[1], x), domain, refused("greater" + at(line)));
    const auto apart = ct::scan(copy, {.init = {ct::sum(x), 1.0}, .steps = 3});
    CHECK_REFUSED(ct::grad(apart.last[1], x), domain, "grad: the loss does not depend on 'x'");
}
