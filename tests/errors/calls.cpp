// What a call says of arguments that do not fit.
#include <croton/croton.hpp>

#include <cmath>
#include <string>
#include <tuple>
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

TEST_CASE("extents without a name are given by the names that messages have")
{
    const auto x = ct::matrix<float>("x");
    const auto y = ct::softmax(ct::dot(x, ct::transpose(x)), 1);
    const auto f = ct::function(x, y, {.name = "f"});
    CHECK_REFUSED(f.workspace({{"n", 3}}), shape,
                  "f: no input has an extent 'n'; they have n0, n1");
    CHECK(f.workspace_bytes({{"n0", 3}, {"n1", 2}}) > 0);
}

TEST_CASE("an input keeps in a function the name that it had when that was made")
{
    const auto x = ct::vector<float>("x", {2});
    const auto f = ct::function(x, x * 2, {.name = "f"});
    (void)x.named("renamed");
    CHECK(f.call_named({{"x", ct::Array::copy(std::vector<float>{1, 2})}})[0].as_double(1) == 4);
    CHECK(f.signature() == "f(x: f32 (2)) -> (f32 (2))");
}

TEST_CASE("what was moved from can be asked, and says so where it is empty")
{
    const auto x = ct::vector<float>("x", {2});
    auto f = ct::function(x, x * 2, {.name = "f"});
    const auto two = ct::zeros<float>({2});
    const auto g = std::move(f);
    CHECK(f(two)[0].size() == 2); // NOLINT(bugprone-use-after-move): it is what is tested
    auto r = g(two);
    const auto taken = std::move(r);
    CHECK(taken[0].size() == 2);
    CHECK_THROWS_WITH(r[0], "results: result 0 does not exist: it gives 0 results");
    CHECK_THROWS_WITH(r["y"], "results: they were moved from");
}

TEST_CASE("an input that was made twice at one place, and givens that nothing needs, are refused")
{
    const auto make = [] { return ct::vector<double>("y", {5}); };
    const auto y = make(), again = make();
    CHECK_REFUSED(ct::function(y, y + again), domain,
                  "function: 'y' of " + to_string(y.where()) +
                      " is needed but not among the inputs, one of which has the same name and "
                      "place: it was made twice there");
    const auto a = ct::vector<double>("a", {5});
    CHECK_REFUSED(ct::function(y, y * 2, {.givens = {{a, y}}}), domain,
                  "function: givens replace 'a', which no output needs; allow_unused_inputs "
                  "accepts it");
    CHECK_NOTHROW(ct::function(y, y * 2, {.givens = {{a, y}}, .allow_unused_inputs = true}));
}

TEST_CASE("two variables of one name, one of which is no input, are told apart by their lines")
{
    const auto x = ct::vector<double>("x", {3});
    const auto k = ct::scalar<double>("k");
    const auto other = ct::scalar<double>("k");
    CHECK_REFUSED(ct::function({x, k}, x * other), domain,
                  "function: two variables are named 'k': that of " + to_string(k.where()) +
                      " is an input, that of " + to_string(other.where()) +
                      " is needed but not among the inputs; make one and use it for both");
}

TEST_CASE("names that two outputs have, or that hold control characters, are refused")
{
    const auto x = ct::vector<float>("x", {3});
    CHECK_REFUSED(ct::function({x}, {{"y", x * 2}, {"y", x * 3}}), domain,
                  "function: two outputs are named 'y'");
    CHECK_REFUSED(ct::vector<float>("a\nb"), domain, "input: a name with the control character 10");
    const auto plain = ct::vector<float>("plain");
    CHECK_REFUSED(plain.named("a\nb"), domain, "named: a name with the control character 10");
    CHECK_REFUSED(ct::shared("a\tb", ct::zeros<float>({1})), domain,
                  "shared: a name with the control character 9");
    CHECK_REFUSED(ct::shared("a", ct::Array()), domain,
                  "shared: the initial value of 'a' is an Array() that holds nothing");
    CHECK_REFUSED(ct::function({x}, x * 2, {.name = "f\n"}), domain,
                  "function: a name with the control character 10");
    CHECK_REFUSED(ct::function({x}, ct::Output("y\r", x * 2), {.name = "f"}), domain,
                  "f: a name with the control character 13");
    CHECK_THROWS_WITH(ct::dim("n\x7f"), "dim: a name with the control character 127");
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
                  "scale: typed argument 1 is an output, input 1 'k' belongs there, as float");
    CHECK_REFUSED((f.typed<void(Out, float, Out)>()), dtype,
                  "scale: typed argument 0 is an output, input 0 'x' belongs there, as "
                  "View<const double, 2>");
    CHECK_REFUSED((f.typed<void(In, float, In)>()), dtype,
                  "scale: typed argument 2 is an input, output 0 'y' belongs there, as "
                  "View<double, 2>");
    CHECK_REFUSED((f.typed<void(In, Out)>()), shape,
                  "scale: the typed signature has 2 arguments, the function 2 inputs and 1 output; "
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
        CHECK_REFUSED(f(), shape, "f: takes 2 inputs, given 0" + is);
        CHECK_REFUSED(f(two), shape, "f: takes 2 inputs, given 1" + is);
        CHECK_REFUSED(f(two, three), shape, apart);
        CHECK_REFUSED(f(two, std::vector<double>(2)), dtype,
                      "f: input 1 'y' is f32, given f64; Array::cast converts it");
        const std::vector<ct::Any> list{two, three};
        CHECK_REFUSED(f.call(list), shape, apart);
        CHECK_REFUSED(f.call_named({{"x", two}, {"y", three}}), shape, apart);
        CHECK_REFUSED(f.call_named({{"x", two}}), domain, "f: input 'y' is not given" + is);
        const std::vector<ct::Array> inputs{two, three};
        std::vector<ct::Array> outputs{ct::zeros<float>({2})};
        CHECK_REFUSED((f.call_into(inputs, outputs), 0), shape, apart);
        CHECK_REFUSED((f.call_into(inputs, {}), 0), shape,
                      "f: gives 1 output, given 0 arrays for them");
        const auto typed =
            f.typed<void(ct::View<const float>, ct::View<const float>, ct::View<float>)>();
        std::vector<float> a(2), b(3), c(2);
        CHECK_REFUSED((typed(a, b, c), 0), shape, apart);
        CHECK_REFUSED(f(two, two)[1], index, "f: result 1 does not exist: it gives 1 result");
        CHECK_REFUSED(f(two, two)["q"], index, "f: no result is named 'q'; they are z");
        const auto some =
            ct::function({x, y}, {ct::Output("z", x * 2), y + 1, x + 1, ct::Output("w", y)},
                         {.name = "f", .reference = reference});
        CHECK_REFUSED(some(two, two)["q"], index,
                      "f: no result is named 'q'; of 4 results these have a name: z, w");
        const auto nameless = ct::function({x}, {x * 2}, {.name = "f", .reference = reference});
        CHECK_REFUSED(nameless(two)["q"], index,
                      "f: no result is named 'q'; of 1 result none has a name");
        CHECK_REFUSED(some(two, two)[4], index, "f: result 4 does not exist: it gives 4 results");
        CHECK_REFUSED(f.workspace_bytes({{"m", 3}}), shape,
                      "f: no input has an extent 'm'; they have n");
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
            return e.where().line();
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
                CHECK(std::string(e.message()) == called + range);
                CHECK(e.op() == called);
                CHECK(e.where().line() == y.where().line());
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

TEST_CASE("what indexing refuses is called index, whatever ops it is made of")
{
    const auto x = ct::vector<float>("x", {ct::dim("n")});
    const auto i = ct::vector<std::int64_t>("i");
    const std::vector<std::int64_t> bad{0, 7};
    const ct::Array two = ct::zeros<float>({2});
    const auto check = [&](const ct::Variable& y, const std::string& text) {
        for (const bool reference : {false, true}) {
            const auto f = ct::function(
                {x, i}, y, {.name = "f", .reference = reference, .allow_unused_inputs = true});
            try {
                (void)f(two, bad);
                FAIL("nothing was refused");
            } catch (const ct::UserError& e) {
                CHECK(std::string(e.message()).starts_with(text));
                CHECK(e.where().line() == y.where().line());
                CHECK(std::string(e.where().called) == "index");
            }
        }
    };
    check(x(5), "f: index on axis 0 of (n) needs n >= 6, n is 2");
    check(x[5], "f: index on axis 0 of (n) needs n >= 6, n is 2");
    check(x(ct::slice(4, ct::_)), "f: index on axis 0 of (n) needs n >= 4, n is 2");
    check(x(i), "index: index 7 is out of range for axis 0 of extent 2");
    check(ct::index(x, std::vector<ct::Index>{i}), "index: index 7 is out of range for axis 0");
    CHECK_REFUSED(ct::vector<float>("x", {3})(5), index,
                  "index: index 5 is out of range for axis 0 of (3)");
    CHECK_REFUSED(ct::scalar<float>("s")(0), index, "index: 1 index for the 0 axes of ()");
}

TEST_CASE("the last inputs may be left out of every call, as far as they have defaults")
{
    const auto x = ct::vector<float>("x"), rate = ct::scalar<float>("rate");
    for (const bool reference : {false, true}) {
        const auto f = ct::function({x, {rate, ct::Array::scalar(3.0f)}}, ct::Output("y", x * rate),
                                    {.name = "f", .reference = reference});
        const std::vector<ct::Array> one{ct::Array::full<float>({2}, 5)};
        std::vector<ct::Array> into{ct::zeros<float>({2})};
        f.call_into(one, into);
        CHECK(into[0].as_double(1) == 15);
        const std::vector<ct::Array> both{one[0], ct::Array::scalar(2.0f)};
        f.call_into(both, into);
        CHECK(into[0].as_double(1) == 10);
        const std::vector<ct::Array> three{one[0], both[1], both[1]};
        CHECK_REFUSED((f.call_into(three, into), 0), shape,
                      "f: takes 2 inputs, given 3; it is " + f.signature());
        CHECK_REFUSED((f.call_into({}, into), 0), shape,
                      "f: takes 2 inputs, given 0; it is " + f.signature());
    }
}

TEST_CASE("a default in front of an input without one is told where it counts")
{
    const auto s = ct::scalar<float>("s");
    const auto v = ct::vector<float>("v");
    const auto f = ct::function({ct::Input(s, 2.0), v}, ct::sum(s * v), {.name = "f"});
    CHECK_REFUSED(f(ct::Array::full<float>({2}, 5)), shape,
                  "f: takes 2 inputs, given 1; it is " + f.signature() +
                      "; the default of input 0 's' counts by name, or where all behind it are "
                      "left out as well");
    CHECK(f.call_named({{"v", ct::Array::full<float>({2}, 5)}})[0].item<float>() == 20);
}

TEST_CASE("a 16-bit float that is not finite is told as infinite or as NaN")
{
    const auto x = ct::input("x", ct::DType::f16, {3}), z = ct::input("z", ct::DType::bf16, {3});
    const auto text = [](const ct::Variable& v, double number, ct::DType dtype) {
        ct::Options options{.name = "f"};
        options.finite_checks = true;
        options.in_place = {{0, 0}}; // which leaves no operands to look at
        const auto f = ct::function({v}, v + v, options);
        const ct::Array given =
            ct::Array::copy(ct::View<const double>(std::vector<double>{1, number, 1})).cast(dtype);
        try {
            (void)f(given);
        } catch (const ct::UserError& e) {
            const std::string what = std::string(e.message());
            return what.substr(what.find("finite: ") + 8);
        }
        return std::string("nothing");
    };
    for (const auto& [v, dtype, name] :
         {std::tuple{x, ct::DType::f16, "f16"}, std::tuple{z, ct::DType::bf16, "bf16"}}) {
        const std::string at = std::string(" at (1) of ") + name + " (3)";
        CHECK(text(v, INFINITY, dtype) == "inf" + at);
        CHECK(text(v, -INFINITY, dtype) == "-inf" + at);
        CHECK(text(v, NAN, dtype) == "nan" + at);
    }
}

TEST_CASE("what a call cannot take names the stride, and what mends it")
{
    const auto n = ct::dim("n");
    const auto x = ct::vector<double>("x", {n}), m = ct::matrix<double>("m", {n, 2});
    const auto f = ct::function({x}, ct::Output("y", x * 2), {.name = "f"});
    const auto call = f.typed<void(ct::View<const double>, ct::View<double>)>();
    auto workspace = f.workspace();
    std::vector<double> a(4), out(2);
    ct::View<const double> backwards(a.data() + 1, {2});
    backwards.strides[0] = -1;
    CHECK(call(workspace, backwards, out).text() ==
          "f: input 0 'x' does not lie as declared: row-major; its stride along axis 0 is -1; "
          "declared as Layout::any it is taken so, and a call without a Workspace copies it");
    CHECK(call(workspace, a, a).text() ==
          "f: output 0 'y' overlaps input 0 'x'; {0, 0} in Options::in_place allows that");
    const auto in_place = ct::function({x}, {x * 2}, {.name = "f", .in_place = {{0, 0}}});
    CHECK(in_place.typed<void(ct::View<const double>, ct::View<double>)>()(workspace, a, a));
    ct::View<double> spaced(a.data(), {2});
    spaced.strides[0] = 2;
    const std::vector<ct::Array> given{ct::zeros<double>({2})};
    const auto refused = [&](const ct::Array& to) {
        std::vector<ct::Array> into{to};
        try {
            f.call_into(given, into);
        } catch (const ct::UserError& e) {
            return std::string(e.message());
        }
        return std::string();
    };
    CHECK(refused(ct::Array::borrow(spaced)) ==
          "f: output 0 'y' is f64 (n); the array for it is not row-major: its stride along axis 0 "
          "is 2; declared as an Output of Layout::any it is taken so");
    CHECK(refused(ct::zeros<float>({2})) == "f: output 0 'y' is f64 (n); the array for it is f32");
    CHECK(refused(ct::zeros<double>({2, 1})) ==
          "f: output 0 'y' is f64 (n); the array for it has rank 2");
    const auto g = ct::function({m}, m * 2, {.name = "g"});
    CHECK_REFUSED(g(a), shape,
                  "g: input 0 'm' has rank 2 (n, 2), given rank 1; a View of rank 2 gives flat "
                  "memory extents");
    CHECK(g(ct::View<const double, 2>(a.data(), {2, 2}))[0].size() == 4);
}

TEST_CASE("an element or a View of another dtype is refused at the caller's line")
{
    const ct::Array one = ct::Array::scalar(1.5f), two = ct::zeros<float>({2});
    CHECK_REFUSED(one.item<double>(), dtype, "item: the Array is f32, not f64");
    CHECK_REFUSED(two.item<float>(), shape, "item: the Array has 2 elements, not one");
    CHECK_REFUSED(two.view<double>(), dtype, "view: the Array is f32, the View is f64");
    CHECK_REFUSED((two.view<float, 2>()), shape, "view: the Array has rank 1, the View 2");
}

TEST_CASE("givens take what can stand for a value, and say what cannot")
{
    const auto n = ct::dim("n"), m = ct::dim("m");
    const auto x = ct::matrix<double>("x", {n, 3});
    const auto row = ct::vector<double>("row", {3}), narrow = ct::matrix<float>("narrow", {m, 3});
    const auto given = [&](const ct::Inputs& inputs, const ct::Variable& by,
                           ct::Where where = ct::Where::current()) {
        return ct::function(inputs, ct::sum(x * 2, 1), {.name = "f", .givens = {{x, by}}}, where);
    };
    const auto by_narrow = given({narrow}, narrow);
    CHECK(by_narrow.signature() == "f(narrow: f32 (n, 3)) -> (f64 (n))");
    CHECK(by_narrow(ct::Array::full<float>({2, 3}, 0.5f))[0].as_double(1) == 3);
    const auto four = ct::matrix<double>("four", {4, 3});
    CHECK(given({four}, four).signature() == "f(four: f64 (4, 3)) -> (f64 (4))");
    const auto z = ct::matrix<double>("z", {n, 3});
    const auto by_row = ct::function({row, z}, ct::sum(x * z, 1), {.givens = {{x, row}}});
    CHECK(by_row(ct::Array::full<double>({3}, 2), ct::Array::full<double>({5, 3}, 1))[0].as_double(
              4) == 6);
    const auto by_number = ct::function({z}, ct::sum(x * z, 1), {.givens = {{x, 2}}});
    CHECK(by_number(ct::Array::full<double>({5, 3}, 1))[0].as_double(4) == 6);
    const auto cube = ct::tensor<double>("c", {2, n, 3});
    const auto wide = ct::matrix<double>("wide", {n, 4});
    const std::string expected = ": its dtype must be f64, convert it with .as(), and its shape "
                                 "broadcast to (n, 3)";
    CHECK_REFUSED(given({cube}, cube), shape,
                  "f: givens replace 'x', f64 (n, 3), by f64 (2, n, 3)" + expected);
    CHECK_REFUSED(given({wide}, wide), shape,
                  "f: givens replace 'x', f64 (n, 3), by f64 (n, 4)" + expected);
    const auto s = ct::scalar<float>("s"), t = ct::scalar<double>("t");
    CHECK_REFUSED(ct::function({t}, s * 2, {.givens = {{s, t}}}), dtype,
                  "function: givens replace 's', f32 (), by f64 (): its dtype must be f32, convert "
                  "it with .as(), and its shape broadcast to ()");
    CHECK_REFUSED(ct::function({t}, s * 2, {.givens = {{s, ct::Variable()}}}), domain,
                  "function: givens have an empty Variable");
}

TEST_CASE("what a column-major output holds that is not finite is named as the user wrote it")
{
    const auto m = ct::matrix<double>("m", {2, 3});
    const auto y = 1 / m;
    const std::uint32_t line = __LINE__ - 1;
    ct::Options options{.name = "f"};
    options.finite_checks = true;
    const auto f = ct::function({m}, {ct::Output("y", y, ct::Layout::column_major)}, options);
    auto workspace = f.workspace();
    const std::vector<double> values{1, 1, 0, 1, 1, 1};
    std::vector<double> out(6);
    const auto call = f.typed<void(ct::View<const double, 2>, ct::View<double, 2>)>();
    ct::View<double, 2> columns(out.data(), {2, 3});
    columns.strides = {1, 2};
    const ct::Status status =
        call(workspace, ct::View<const double, 2>(values.data(), {2, 3}), columns);
    const std::string why = "f: the result of div at calls.cpp:" + std::to_string(line) +
                            " is not finite: inf at (0, 2) of f64 (2, 3)";
    CHECK(status.text() == why);
    // The same is thrown where the inputs may be written over.
    options.in_place = {{0, 0}};
    const auto g = ct::function({ct::Input(m, ct::Layout::column_major)},
                                {ct::Output("y", y, ct::Layout::column_major)}, options);
    try {
        g(ct::Array::copy(ct::View<const double, 2>(values.data(), {2, 3})));
        FAIL("nothing was thrown");
    } catch (const ct::UserError& error) {
        CHECK(error.where().line() == line);
        CHECK(std::string(error.message()).find(why) != std::string::npos);
    }
}

TEST_CASE(
    "a status names the ops whose indices the failed kernel checks, and no other of their line")
{
    using In = ct::View<const float>;
    using At = ct::View<const std::int64_t>;
    const auto x = ct::vector<float>("x", {3});
    const auto i = ct::vector<std::int64_t>("i", {2});
    const auto j = ct::vector<std::int64_t>("j", {2}), k = ct::vector<std::int64_t>("k", {1});
    const std::vector<float> values{1, 2, 3};
    const std::vector<std::int64_t> good{0, 1}, bad{0, 7}, bad_one{7};
    std::vector<float> out(2), one(1);
    const auto at = [](std::uint32_t line) { return " at calls.cpp:" + std::to_string(line); };

    // clang-format off
    const ct::Variable apart[] = {ct::take(x, i, 0), ct::take_along_axis(x, k, 0)};
    // clang-format on
    REQUIRE(apart[0].where().line() == apart[1].where().line());
    const auto two = ct::function({x, i, k}, {apart[0], apart[1]}, {.name = "f"});
    auto memory = two.workspace();
    const auto call_two = two.typed<void(In, At, At, ct::View<float>, ct::View<float>)>();
    const ct::Status second = call_two(memory, values, good, bad_one, out, one);
    CHECK(second.text() ==
          "f: an index of take_along_axis is out of range" + at(apart[1].where().line()));
    CHECK(second.where().line() == apart[1].where().line());

    const auto sum = ct::take(x, i, 0) + ct::take_along_axis(x, j, 0);
    const auto f = ct::function({x, i, j}, sum, {.name = "f"});
    auto workspace = f.workspace();
    const auto call = f.typed<void(In, At, At, ct::View<float>)>();
    CHECK(call(workspace, values, good, bad, out).text() ==
          "f: an index of take or take_along_axis is out of range" + at(sum.where().line()));
    CHECK_THROWS_WITH(call(values, good, bad, out),
                      Catch::Matchers::StartsWith("take_along_axis: index 7 is out of range"));

    const auto first = ct::take(x, i, 0);
    const auto lines = first + ct::take(x, j, 0);
    const auto g = ct::function({x, i, j}, lines, {.name = "g"});
    auto other = g.workspace();
    CHECK(g.typed<void(In, At, At, ct::View<float>)>()(other, values, good, bad, out).text() ==
          "g: an index of take" + at(first.where().line()) + " or of take" +
              at(lines.where().line()) + " is out of range");
}
