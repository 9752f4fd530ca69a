// What a call says of arguments that do not fit.
#include <croton/croton.hpp>

#include <string>
#include <vector>

#include "errors/expect.hpp"

namespace ct = croton;

TEST_CASE("a name that no input has is told before one that is missing, with the nearest")
{
    const auto n = ct::dim("n");
    const auto x = ct::vector<float>("X", {n}), length = ct::vector<float>("length", {n});
    const auto f = ct::function({x, length}, ct::Output("y", x * length), {.name = "scale"});
    const std::string it = "; it is scale(X: f32 (n), length: f32 (n)) -> (y: f32 (n))";
    const ct::Array two = ct::zeros<float>({2});
    CHECK_THROWS_WITH(f.call_named({{"X", two}, {"lenght", two}}),
                      "scale: has no input 'lenght', did you mean 'length'?" + it);
    CHECK_THROWS_WITH(f.call_named({{"x", two}, {"length", two}}),
                      "scale: has no input 'x', did you mean 'X'?" + it);
    CHECK_THROWS_WITH(f.call_named({{"w", two}}), "scale: has no input 'w'" + it);
    CHECK_THROWS_WITH(f.call_named({{"X", two}, {"length", two}, {"width", two}}),
                      "scale: has no input 'width'" + it);
    CHECK_THROWS_WITH(f.call_named({{"length", two}}), "scale: input 'X' is not given" + it);
}

TEST_CASE("an input without a name is not given by one")
{
    const auto x = ct::vector<float>("x", {ct::dim("n")}), nameless = ct::vector<float>("");
    const auto f = ct::function({x, nameless}, ct::sum(x) + ct::sum(nameless), {.name = "add"});
    const std::string it = "; it is " + f.signature();
    const ct::Array two = ct::zeros<float>({2});
    CHECK_THROWS_WITH(f.call_named({{"x", two}}),
                      "add: input 1, which has no name, is not given" + it);
    CHECK_THROWS_WITH(f.call_named({{"x", two}, {"", two}}), "add: has no input ''" + it);
}

TEST_CASE("a typed argument of a wrong type says which one, and what belongs there")
{
    const auto x = ct::matrix<double>("x", {ct::dim("n"), 3}), k = ct::scalar<float>("k");
    const auto f = ct::function({x, k}, ct::Output("y", x * k), {.name = "scale"});
    using In = ct::View<const double, 2>;
    using Out = ct::View<double, 2>;
    CHECK_REFUSED((f.typed<void(ct::View<const float, 2>, float, Out)>()), dtype,
                  "scale: typed argument 0 is f32 of rank 2, input 0 'x' is f64 (n, 3)");
    CHECK_REFUSED((f.typed<void(ct::View<const double>, float, Out)>()), dtype,
                  "scale: typed argument 0 is f64 of rank 1, input 0 'x' is f64 (n, 3)");
    CHECK_REFUSED((f.typed<void(In, double, Out)>()), dtype,
                  "scale: typed argument 1 is f64 of rank 0, input 1 'k' is f32 ()");
    CHECK_REFUSED((f.typed<void(In, float, ct::View<float, 2>)>()), dtype,
                  "scale: typed argument 2 is f32 of rank 2, output 0 'y' is f64 (n, 3)");
    CHECK_REFUSED((f.typed<void(In, float&, Out)>()), dtype,
                  "scale: typed argument 1 is an output, input 1 'k' belongs there");
    CHECK_REFUSED(
        (f.typed<void(In, Out)>()), shape,
        "scale: the typed signature has 2 arguments, the function 2 inputs and 1 outputs; "
        "it is " +
            f.signature());
}

TEST_CASE("what a call refuses of its arguments has the line of the call")
{
    const auto n = ct::dim("n");
    const auto x = ct::vector<float>("x", {n}), y = ct::vector<float>("y", {n});
    const auto w = ct::shared("w", ct::zeros<float>({3}));
    for (const bool reference : {false, true}) {
        const auto f = ct::function({x, y}, ct::Output("z", ct::cumsum(x + y, 0) * ct::sum(x)),
                                    {.name = "f", .reference = reference});
        const ct::Array two = ct::zeros<float>({2}), three = ct::zeros<float>({3});
        const std::string is = "; it is f(x: f32 (n), y: f32 (n)) -> (z: f32 (n))";
        const std::string apart =
            "f: axis 0 of input 'y' is 3, it must be 2 (n) as axis 0 of input 'x' is";
        CHECK_REFUSED(f(), shape, "f: takes 2 inputs, 0 are given" + is);
        CHECK_REFUSED(f(two), shape, "f: takes 2 inputs, 1 are given" + is);
        CHECK_REFUSED(f(two, three), shape, apart);
        CHECK_REFUSED(f(two, std::vector<double>(2)), dtype, "f: input 1 'y' is f32, given f64");
        const std::vector<ct::Any> list{two, three};
        CHECK_REFUSED(f.call(list), shape, apart);
        CHECK_REFUSED(f.call_named({{"x", two}, {"y", three}}), shape, apart);
        CHECK_REFUSED(f.call_named({{"x", two}}), domain, "f: input 'y' is not given" + is);
        const std::vector<ct::Array> inputs{two, three};
        std::vector<ct::Array> outputs{ct::zeros<float>({2})};
        CHECK_REFUSED((f.call_into(inputs, outputs), 0), shape, apart);
        CHECK_REFUSED((f.call_into(inputs, {}), 0), shape,
                      "f: gives 1 outputs, 0 arrays are given for them");
        const auto typed =
            f.typed<void(ct::View<const float>, ct::View<const float>, ct::View<float>)>();
        std::vector<float> a(2), b(3), c(2);
        CHECK_REFUSED((typed(a, b, c), 0), shape, apart);
        CHECK_REFUSED(f(two, two)[1], index, "f: result 1 does not exist: there are 1");
        CHECK_REFUSED(f(two, two)["q"], index, "f: no result is named 'q'; they are z");
        CHECK_REFUSED(f.workspace_bytes({{"m", 3}}), shape, "f: no input has an extent 'm'");
        CHECK_REFUSED(f.shared("v"), domain, "f: has no shared variable 'v'; it has none");
    }
    CHECK_REFUSED((w.set(ct::zeros<float>({2})), 0), shape,
                  "set: 'w' is f32 (3), the value is f32 (2)");
    CHECK_REFUSED((ct::set_all({{w, ct::zeros<float>({3})}, {w, ct::zeros<float>({3})}}), 0),
                  domain, "set_all: 'w' is given twice");
    const auto f = ct::function({x}, {x}, {.name = "f"});
    CHECK_THROWS_WITH(ct::Function::load("/nowhere/f.croton"), croton::test::contains("nowhere"));
    const auto place_of = [](auto make) {
        try {
            make();
        } catch (const ct::UserError& e) {
            return e.where().line;
        }
        return 0U;
    };
    CHECK(place_of([] { (void)ct::Function::load("/nowhere/f.croton"); }) == __LINE__);
    CHECK(place_of([&] { f.save("/nowhere/f.croton"); }) == __LINE__);
    CHECK(place_of([&] { f.explain_html("/nowhere/f.html"); }) == __LINE__);
    CHECK(place_of([&] { f.export_source("/proc/nowhere"); }) == __LINE__);
}

TEST_CASE("an op's error has the name of the function that was called, where that is made of ops")
{
    const auto b = ct::vector<bool>("b", {3});
    CHECK_REFUSED(ct::dot(b, b), dtype,
                  "dot: bool is not supported, convert with .as() or use logic ops: operands are "
                  "bool, bool");
    const auto x = ct::vector<float>("x", {3}), i = ct::vector<std::int64_t>("i", {2});
    const std::vector<std::int64_t> bad{0, 7};
    const std::string range =
        ": index 7 is out of range for axis 0 of extent 3: element (1) of i64 (2)";
    const auto check = [&](const ct::Variable& y, const std::string& called) {
        for (const bool reference : {false, true}) {
            const auto f = ct::function({x, i}, y, {.name = "f", .reference = reference});
            try {
                (void)f(ct::zeros<float>({3}), bad);
                FAIL("nothing was refused");
            } catch (const ct::UserError& e) {
                CHECK(std::string(e.what()) == called + range);
                CHECK(e.op() == called);
                CHECK(e.where().line == y.where().line);
            }
        }
    };
    check(ct::take(x, i, 0), "take");
    check(x.set({i}, 0), "set");
    check(x.add({i}, 1), "add");
    check(ct::gather(x, {i}), "gather");
    const auto n = ct::vector<float>("n", {ct::dim("n")}),
               m = ct::vector<float>("m", {ct::dim("m")});
    const int line = __LINE__ + 1;
    const auto f = ct::function({n, m}, ct::dot(n, m), {.name = "f"});
    CHECK_THROWS_WITH(
        f(ct::zeros<float>({2}), ct::zeros<float>({3})),
        "f: axis 0 of input 'm' is 3, it must be 2 (n) as axis 0 of input 'n' is, for "
        "dot at calls.cpp:" +
            std::to_string(line));
}
