// Extents that are not known when an expression is written: what a call says where they are not as
// its ops need them, compiled and in reference mode alike.
#include <croton/croton.hpp>

#include <filesystem>
#include <string>
#include <unistd.h>

#include "errors/expect.hpp"

namespace ct = croton;
using croton::test::contains;

namespace {

std::string place(int line) { return "extents.cpp:" + std::to_string(line); }

/// The function of `x`, compiled and not, called with `elements` numbers: both refuse with `text`,
/// and name `line`; -1: that of the call.
template <class Make>
void check_call(Make make, std::int64_t elements, const std::string& text, int line)
{
    for (const bool reference : {false, true}) {
        INFO("reference " << reference);
        const ct::Function f = make(ct::Options{.name = "f", .reference = reference});
        try {
            if (line < 0) line = __LINE__ + 1;
            (void)f(ct::Array::full<double>({elements}, 1));
            FAIL("nothing was refused; expected: " << text);
        } catch (const ct::UserError& e) {
            CHECK(std::string(e.message()) == text);
            CHECK(e.code() == ct::Code::shape);
            CHECK(e.where().line() == static_cast<unsigned>(line));
        }
    }
}

} // namespace

TEST_CASE("an extent that an op derives must not be negative")
{
    const auto n = ct::dim("n");
    const auto x = ct::vector<double>("x", {n});
    const int line = __LINE__ + 1;
    const auto y = ct::sum(x) + ct::mean(ct::arange(n - 3, ct::DType::f64));
    check_call(
        [&](const ct::Options& o) { return ct::function({x}, y, o); }, 2,
        "f: arange of shape (n - 3) needs n >= 3, n is 2, where n is axis 0 of input 'x', at " +
            place(line),
        line);
    const int scan_line = __LINE__ + 2;
    const auto step = [](const ct::Variable& h) { return h + 1; };
    const auto s = ct::scan(step, {.init = {ct::Variable(0.0)}, .steps = n - 3});
    check_call(
        [&](const ct::Options& o) { return ct::function({x}, s.last[0] + ct::sum(x), o); }, 2,
        "f: scan over (n - 3) steps needs n >= 3, n is 2, where n is axis 0 of input 'x', at " +
            place(scan_line),
        scan_line);
    CHECK(ct::function({x}, y)(ct::zeros<double>({4}))[0].item<double>() == 0);
}

TEST_CASE("indices of an axis that turns out too short are refused with the extent")
{
    const auto n = ct::dim("n");
    const auto x = ct::vector<double>("x", {n});
    const int line = __LINE__ + 1;
    const auto first = x(0), sixth = x(5), back = x(-5), position = ct::argmax(x);
    const auto refused = [&](const ct::Variable& y, std::int64_t elements,
                             const std::string& text) {
        check_call([&](const ct::Options& o) { return ct::function({x}, y, o); }, elements,
                   "f: " + text + ", where n is axis 0 of input 'x', at " + place(line), line);
    };
    refused(first, 0, "index on axis 0 of (n) needs n >= 1, n is 0");
    refused(sixth, 3, "index on axis 0 of (n) needs n >= 6, n is 3");
    refused(back, 3, "index on axis 0 of (n) needs n >= 5, n is 3");
    refused(position, 0, "argmax on axis 0 of (n) needs n >= 1, n is 0");
}

TEST_CASE("both sides of a requirement that are not known are told")
{
    const auto n = ct::dim("n"), k = ct::dim("k");
    const auto x = ct::vector<double>("x", {n}), z = ct::vector<double>("z", {k});
    const auto f =
        ct::function({x, z}, ct::sum(x(ct::slice(k, ct::_))) + ct::sum(z), {.name = "f"});
    CHECK_THROWS_WITH(
        f(ct::zeros<double>({2}), ct::zeros<double>({3})),
        "f: index on axis 0 of (n) needs k <= n, k is 3 and n is 2, where k is axis 0 of "
        "input 'z' and n is axis 0 of input 'x', at " +
            place(__LINE__ - 5));
}

TEST_CASE("a symbol that follows from an axis must not be negative")
{
    const auto k = ct::dim("k");
    const auto b = ct::vector<double>("b", {k + 1});
    const auto make = [&](const ct::Options& o) {
        return ct::function({b}, {ct::sum(b) + k, ct::ones(ct::DType::f64, {k})}, o);
    };
    check_call(make, 0, "f: axis 0 of input 'b', k + 1, needs k >= 0, k is -1", -1);
    for (const bool reference : {false, true}) {
        const auto r = make({.reference = reference})(ct::Array::full<double>({3}, 1));
        CHECK(r[0].item<double>() == 5);
        CHECK(r[1].shape()[0] == 2);
    }
}

TEST_CASE("functions that are not compiled check extents as compiled ones do")
{
    const auto n = ct::dim("n"), m = ct::dim("m");
    const auto x = ct::vector<double>("x", {n}), y = ct::vector<double>("y", {m});
    const auto a = ct::matrix<double>("a"), b = ct::matrix<double>("b");
    for (const bool reference : {false, true}) {
        const ct::Options options{.name = "f", .reference = reference};
        const int line = __LINE__ + 1;
        const auto add = ct::function({x, y}, x + y, options);
        CHECK_THROWS_WITH(
            add(ct::zeros<double>({2}), ct::zeros<double>({4})),
            "f: axis 0 of input 'y' is 4, it must be 2 (n) as axis 0 of input 'x' is, "
            "for add at " +
                place(line));
        CHECK_THROWS_WITH(
            add(ct::zeros<double>({4}), ct::zeros<double>({2})),
            "f: axis 0 of input 'y' is 2, it must be 4 (n) as axis 0 of input 'x' is, "
            "for add at " +
                place(line));
        const auto join = ct::function({a, b}, ct::concatenate({a, b}, 1), options);
        CHECK_THROWS_WITH(join(ct::zeros<double>({2, 3}), ct::zeros<double>({300, 3})),
                          croton::test::contains("axis 0 of input 'b' is 300, it must be 2"));
    }
}

TEST_CASE("a call is told the op that an extent follows from, and whose axes")
{
    const auto a = ct::vector<double>("a"), b = ct::vector<double>("b"),
               c = ct::vector<double>("c");
    const auto m = ct::matrix<double>("m");
    const auto of = [](std::int64_t n) { return ct::zeros<double>({n}); };
    const auto all = [](std::int64_t rows, std::int64_t columns) {
        return ct::zeros<double>({rows, columns});
    };
    for (const bool reference : {false, true}) {
        const ct::Options options{.name = "f", .reference = reference};
        const auto f = [&](const ct::Variables& inputs, const ct::Variable& y) {
            return ct::function(inputs, y, options);
        };
        const int at = __LINE__ + 1;
        const auto shifted = a + b(ct::slice(1, ct::_));
        const auto flat = ct::reshape(m, {-1}) * a;
        const auto product = ct::dot(m(ct::_, ct::slice(0, -1)), a);
        const auto diagonal = ct::diag(m) + a;
        CHECK_THROWS_WITH(f({a, b}, shifted)(of(2), of(2)),
                          "f: axis 0 of input 'a' is 2, it must be 1 (n0 - 1), where n0 is axis 0 "
                          "of input 'b', for add at " +
                              place(at));
        CHECK_THROWS_WITH(f({m, a}, flat)(all(2, 3), of(5)),
                          "f: axis 0 of input 'a' is 5, it must be 6 (n0*n1), where n0 is axis 0 "
                          "of input 'm' and n1 is axis 1 of input 'm', for mul at " +
                              place(at + 1));
        CHECK_THROWS_WITH(f({m, a}, product)(all(2, 3), of(3)),
                          "f: axis 0 of input 'a' is 3, it must be 2 (n1 - 1), where n1 is axis 1 "
                          "of input 'm', for dot at " +
                              place(at + 2));
        CHECK_THROWS_WITH(f({m, a}, diagonal)(all(2, 3), of(3)),
                          "f: axis 0 of input 'a' is 3, it must be 2 (min(n0, n1)), where n0 is "
                          "axis 0 of input 'm' and n1 is axis 1 of input 'm', for add at " +
                              place(at + 3));
        // The extent that the input has to have is another input's by one op, and less by the next.
        const int first = __LINE__ + 1;
        const auto less = a + b(ct::slice(1, ct::_));
        const auto same = ct::sum(b * c);
        CHECK_THROWS_WITH(f({c, b, a}, less + same)(of(3), of(3), of(3)),
                          "f: axis 0 of input 'a' is 3, it must be 2 (n0 - 1), where n0 is axis 0 "
                          "of input 'c', for add at " +
                              place(first) + " and mul at " + place(first + 1));
        const auto step = [](const ct::Variable& x, const ct::Variable& y, const ct::Variable& h) {
            return h * x + y;
        };
        const int line = __LINE__ + 1;
        const auto run = ct::scan(step, {.sequences = {a, b(ct::slice(1, ct::_))}, .init = {1.0}});
        const std::string scan = "for scan at " + place(line);
        CHECK_THROWS_WITH(f({a, b}, run.last[0])(of(2), of(2)), contains(scan));
    }
}

TEST_CASE("a stored function tells which op an extent follows from")
{
    const auto a = ct::vector<double>("a"), b = ct::vector<double>("b");
    const int line = __LINE__ + 1;
    const auto y = a + b(ct::slice(1, ct::_));
    const auto path = std::filesystem::temp_directory_path() /
                      ("croton_extents_" + std::to_string(::getpid()) + ".croton");
    ct::function({a, b}, y, {.name = "f"}).save(path.string());
    const auto f = ct::Function::load(path.string());
    std::filesystem::remove(path);
    CHECK_THROWS_WITH(f(ct::zeros<double>({2}), ct::zeros<double>({2})),
                      contains("where n0 is axis 0 of input 'b', for add at " + place(line)));
}

TEST_CASE("an axis that gives a symbol its value is told what it must be for some value of it")
{
    const auto n = ct::dim("n"), k = ct::dim("k");
    const auto even = ct::vector<double>("even", {2 * n});
    const auto rest = ct::vector<double>("rest", {2 * n + k}), w = ct::vector<double>("w", {k});
    for (const bool reference : {false, true}) {
        const ct::Options options{.name = "f", .reference = reference};
        CHECK_THROWS_WITH(ct::function({even}, ct::sum(even), options)(ct::zeros<double>({3})),
                          "f: axis 0 of input 'even' is 3, it must be 2*n for some n");
        CHECK_THROWS_WITH(ct::function({rest, w}, ct::sum(rest) + ct::sum(w),
                                       options)(ct::zeros<double>({4}), ct::zeros<double>({1})),
                          "f: axis 0 of input 'rest' is 4, it must be 2*n + k for some n, where k "
                          "is axis 0 of input 'w'");
    }
}

TEST_CASE("what is required within an op names what the user called")
{
    const auto a = ct::vector<double>("a"), b = ct::vector<double>("b");
    const auto m = ct::matrix<double>("m");
    const auto i = ct::vector<std::int64_t>("i"), j = ct::vector<std::int64_t>("j");
    const auto at = ct::matrix<std::int64_t>("at");
    const auto zeros = [](std::vector<std::int64_t> shape) { return ct::zeros<double>(shape); };
    const auto places = [](std::vector<std::int64_t> shape) {
        return ct::Array::full<std::int64_t>(shape, 0);
    };
    const int line = __LINE__ + 1;
    const auto added = ct::scatter_add(a, {i}, b), set = ct::scatter_set(a, {i}, b);
    const auto read = ct::gather(m, {i, j}), along = ct::take_along_axis(m, at, 1);
    CHECK_THROWS_WITH(ct::function({a, b, i}, added)(zeros({4}), zeros({3}), places({2})),
                      contains("for scatter_add at " + place(line)));
    CHECK_THROWS_WITH(ct::function({a, b, i}, set)(zeros({4}), zeros({3}), places({2})),
                      contains("for scatter_set at " + place(line)));
    CHECK_THROWS_WITH(ct::function({m, i, j}, read)(zeros({4, 4}), places({3}), places({2})),
                      contains("for gather at " + place(line + 1)));
    CHECK_THROWS_WITH(ct::function({m, at}, along)(zeros({2, 3}), places({3, 1})),
                      contains("for take_along_axis at " + place(line + 1)));
}

TEST_CASE("a state whose shape changes over a step is refused by the call at the latest")
{
    const auto a = ct::vector<double>("a"), b = ct::vector<double>("b");
    const auto twice = [](const ct::Variable& s) { return ct::concatenate({s, s}); };
    const int line = __LINE__ + 1;
    const auto run = ct::scan(twice, {.init = {a}, .steps = 2});
    const auto f = ct::function({a}, run.last[0], {.name = "f"});
    CHECK_THROWS_WITH(f(ct::zeros<double>({2})),
                      "f: scan: axis 0 of state 0, (2*n0) after a step and (n0) before it, is 4, "
                      "it must be 2 (n0), where n0 is axis 0 of input 'a', at " +
                          place(line));
    CHECK(f(ct::zeros<double>({0}))[0].size() == 0);
    // Its derivatives name the state as well, whether or not they need the loop itself.
    const auto by_rows = ct::grad(ct::sum(run.last[0]), a);
    const auto along =
        ct::jvp(ct::sum(run.last[0]), {a}, {ct::ones(ct::DType::f64, {a.extent(0)})});
    const auto squares = ct::scan([](const ct::Variable& s) { return ct::concatenate({s * s, s}); },
                                  {.init = {a}, .steps = 2});
    const auto of_squares = ct::grad(ct::sum(squares.last[0]), a);
    const auto twice_of_squares = ct::grad(ct::sum(of_squares * of_squares), a);
    for (const auto& [y, loop] : {std::pair{by_rows, run.last[0]},
                                  {along, run.last[0]},
                                  {of_squares, squares.last[0]},
                                  {twice_of_squares, squares.last[0]}}) {
        const auto g = ct::function({a}, y, {.name = "g"});
        CHECK_THROWS_WITH(g(ct::zeros<double>({2})),
                          "g: scan: axis 0 of state 0, (2*n0) after a step and (n0) before it, is "
                          "4, it must be 2 (n0), where n0 is axis 0 of input 'a', at " +
                              place(static_cast<int>(loop.where().line())));
    }
    const auto replaced = [&](const ct::Variable&) { return b * 2; };
    const auto other = ct::scan(replaced, {.init = {a}, .steps = 2});
    const std::string scan = "for scan at " + place(__LINE__ - 1);
    CHECK_THROWS_WITH(
        ct::function({a, b}, other.last[0])(ct::zeros<double>({2}), ct::zeros<double>({3})),
        contains(scan));
}

TEST_CASE("the workspace of extents that a call refuses is refused with the same text")
{
    const auto n = ct::dim("n");
    const auto x = ct::vector<double>("x", {n});
    const auto w = ct::cumsum(x, 0);
    const int line = __LINE__ + 1;
    const auto p = ct::cumsum(ct::arange(n - 100000, ct::DType::f64) * ct::sum(w), 0);
    const auto f =
        ct::function({x}, ct::cumsum(w * ct::sum(p * ct::cumsum(p * 2, 0)), 0), {.name = "f"});
    const std::string text =
        "f: arange of shape (n - 100000) needs n >= 100000, n is 20, where n is axis 0 of input "
        "'x', at " +
        place(line);
    CHECK_THROWS_WITH(f.workspace_bytes({{"n", 20}}), text);
    CHECK_THROWS_WITH(f(ct::zeros<double>({20})), text);
    CHECK_THROWS_WITH(f.workspace_bytes({{"n", -1}}), "f: extent n is negative: -1");
    CHECK(f.workspace_bytes({{"n", 100020}}) > 0);
}

TEST_CASE("an extent has one name in a sentence")
{
    const auto n = ct::dim("n"), m = ct::dim("m");
    const auto x = ct::vector<double>("x", {n}), y = ct::vector<double>("y", {m});
    const int line = __LINE__ + 1;
    const auto fifth = (x + y) * y(4);
    const auto f = ct::function({x, y}, fifth, {.name = "f"});
    CHECK_THROWS_WITH(
        f(ct::zeros<double>({3}), ct::zeros<double>({3})),
        "f: index on axis 0 of (n) needs n >= 5, n is 3, where n is axis 0 of input 'x', "
        "at " +
            place(line));
    const auto nameless = ct::vector<double>("nameless");
    const int next = __LINE__ + 1;
    const auto g = ct::function({nameless}, nameless(4), {.name = "g"});
    CHECK_THROWS_WITH(
        g(ct::zeros<double>({3})),
        "g: index on axis 0 of (n0) needs n0 >= 5, n0 is 3, where n0 is axis 0 of input "
        "'nameless', at " +
            place(next));
}

TEST_CASE("an axis that an op requires to be another's, or a number, says so with the op's line")
{
    const auto x = ct::vector<double>("x", {ct::dim("n")}),
               y = ct::vector<double>("y", {ct::dim("m")});
    const auto z = ct::vector<double>("z", {ct::dim("k")}), four = ct::vector<double>("four", {4});
    const ct::Array two = ct::zeros<double>({2}), three = ct::zeros<double>({3});
    const int sum = __LINE__ + 1;
    const auto xy = x + y;
    const auto yz = y * z;
    const auto chain = ct::function({x, z, y}, {xy, yz}, {.name = "f"});
    CHECK(chain.signature() == "f(x: f64 (n), z: f64 (n), y: f64 (n)) -> (f64 (n), f64 (n))");
    CHECK_THROWS_WITH(
        chain(two, three, two),
        "f: axis 0 of input 'z' is 3, it must be 2 (n) as axis 0 of input 'x' is, for "
        "mul at " +
            place(sum + 1) + " and add at " + place(sum));
    const int difference = __LINE__ + 1;
    const auto known = ct::function({x, four}, x - four, {.name = "f"});
    CHECK_THROWS_WITH(known(two, ct::zeros<double>({4})),
                      "f: axis 0 of input 'x' is 2, it must be 4 for sub at " + place(difference));
    const auto square = ct::matrix<double>("square", {ct::dim("r"), ct::dim("c")});
    const int dot = __LINE__ + 1;
    const auto twice = ct::dot(square, square);
    for (const auto layout : {ct::Layout::row_major, ct::Layout::column_major})
        for (const bool reference : {false, true}) {
            const auto f =
                ct::function({{square, layout}}, twice, {.name = "f", .reference = reference});
            const bool reversed = layout == ct::Layout::column_major && !reference;
            CHECK_THROWS_WITH(
                f(ct::zeros<double>({2, 3})),
                (reversed ? "f: axis 0 of input 'square' is 2, it must be 3 (r) as axis 1"
                          : "f: axis 1 of input 'square' is 3, it must be 2 (r) as axis 0") +
                    std::string(" of input 'square' is, for dot at ") + place(dot));
        }
}

TEST_CASE("what creates values is named as the user called it, whatever ops it is made of")
{
    const auto n = ct::dim("n"), m = ct::dim("m");
    const auto x = ct::vector<double>("x", {n}), half = ct::input("k", ct::DType::f64, {});
    const auto f64 = ct::DType::f64, f16 = ct::DType::f16;
    CHECK_REFUSED(ct::uniform(f64, 1.5, {3}), dtype,
                  "uniform: the key must be an integer: operands are u64, f64");
    CHECK_REFUSED(ct::normal(f16, half, {3}), dtype,
                  "normal: the key must be an integer: operands are u64, f64");
    const auto call = [&](const ct::Variable& y, const std::string& called) {
        INFO(called);
        const std::string at = ", at " + place(static_cast<int>(y.where().line()));
        for (const bool reference : {false, true}) {
            const auto f =
                ct::function({x}, ct::sum(y) + ct::sum(x), {.name = "f", .reference = reference});
            CHECK_THROWS_WITH(
                f(ct::zeros<double>({2})),
                contains("f: " + called + " of shape (") &&
                    contains("needs n >= 3, n is 2, where n is axis 0 of input 'x'" + at));
        }
    };
    call(ct::zeros(f64, {n - 3}), "zeros");
    call(ct::ones(f64, {n - 3}), "ones");
    call(ct::full(f64, {n - 3}, 2), "full");
    call(ct::arange(n - 3, ct::DType::i64), "arange");
    call(ct::arange(n - 3, f64), "arange");
    call(ct::linspace(0, 1, n - 3), "linspace");
    call(ct::eye(f64, n - 3), "eye");
    call(ct::uniform(f64, 1, {n - 3}), "uniform");
    call(ct::uniform(f16, 1, {n - 3}).as(f64), "uniform");
    call(ct::normal(f64, 1, {n - 3}), "normal");
    const auto unknown = [&](const ct::Variable& y, const std::string& called) {
        INFO(called);
        CHECK_THROWS_WITH(ct::function({x}, ct::sum(y.as(f64)) + ct::sum(x)),
                          contains(called) && !contains("broadcast_to") && !contains("iota"));
    };
    unknown(ct::zeros(f64, {m}), "zeros");
    unknown(ct::ones(f64, {m}), "ones");
    unknown(ct::full(f64, {m}, 2), "full");
    unknown(ct::arange(m), "arange");
    unknown(ct::eye(f64, m), "eye");
    unknown(ct::uniform(f64, 1, {m}), "uniform");
    unknown(ct::normal(f64, 1, {m}), "normal");
    CHECK_THROWS_WITH(ct::jvp(ct::sum(x), {x}, {ct::ones(ct::DType::i64, {n})}),
                      contains("the result of ones"));
}

TEST_CASE("an update has its variable's shape, and is named where it has not")
{
    const auto w = ct::shared("w", ct::zeros<double>({3}));
    const auto x = ct::vector<double>("x", {ct::dim("n")});
    const int line = __LINE__ + 1;
    const auto next = x * 2;
    check_call(
        [&](ct::Options o) {
            o.updates = {{w, next}};
            return ct::function({x}, {}, o);
        },
        4, "f: axis 0 of input 'x' is 4, it must be 3 for the update of 'w' at " + place(line), -1);
    const auto m = ct::dim("m");
    const auto v = ct::vector<double>("v", {m});
    const int longer = __LINE__ + 1;
    const auto both = ct::concatenate({v, v});
    check_call(
        [&](ct::Options o) {
            o.updates = {{w, both}};
            return ct::function({v}, {}, o);
        },
        4,
        "f: axis 0 of the update of 'w' (2*m) is 8, it must be 3, where m is axis 0 of input 'v', "
        "at " +
            place(longer),
        longer);
    CHECK_THROWS_WITH(ct::function({x}, {}, {.updates = {{w, x(ct::slice(0, 5))}}}),
                      "function: the update of 'w' has shape (5), the variable (3)");
    // Two updates of one symbol: each names itself.
    const auto u = ct::shared("u", ct::zeros<double>({4}));
    try {
        (void)ct::function({x}, {}, {.updates = {{w, next}, {u, x + 1}}});
        FAIL("nothing was refused");
    } catch (const ct::UserError& e) {
        CHECK(e.message() == "function: extents contradict each other: axis 0 of the update of "
                             "'u' (n) at " +
                                 place(__LINE__ - 5) + ": 3 and 4, as " + place(line) +
                                 " requires");
    }
    CHECK(ct::function({x}, ct::sum(x), {.updates = {{w, next}}})(ct::zeros<double>({3})).size() ==
          1);
}

TEST_CASE("what reshape finds for -1 must divide the number of elements")
{
    const auto x = ct::vector<double>("x", {ct::dim("n")});
    const int line = __LINE__ + 1;
    const auto y = ct::sum(x.reshape({-1, 2, 3}), 0);
    check_call(
        [&](const ct::Options& o) { return ct::function({x}, y, o); }, 4,
        "f: reshape: number of elements of (n) as (-1, 2, 3) is 4, it must be a multiple of 6, "
        "where n is axis 0 of input 'x', at " +
            place(line),
        line);
    const ct::Extent n = x.extent(0);
    const int halves = __LINE__ + 1;
    const auto z = ct::sum(x.reshape({ct::floor_div(n, 2), ct::floor_div(n, 3)}), 0);
    check_call(
        [&](const ct::Options& o) { return ct::function({x}, z, o); }, 5,
        "f: reshape: number of elements of (n) as (floor_div(n, 2), floor_div(n, 3)) is 5, "
        "it must be 2 (floor_div(n, 2)*floor_div(n, 3)), where n is axis 0 of input 'x', at " +
            place(halves),
        halves);
}

TEST_CASE("the gradient by rows names a row that is not there, as what it is the gradient of does")
{
    const auto x = ct::vector<double>("x", {ct::dim("n")});
    const int line = __LINE__ + 1;
    const auto y = 2 * x(3) + x(5);
    const std::string why =
        "f: index on axis 0 of (n) needs n >= 6, n is 4, where n is axis 0 of input "
        "'x', at " +
        place(line);
    check_call([&](const ct::Options& o) { return ct::function({x}, y, o); }, 4, why, line);
    const auto by_rows = ct::grad(y, x);
    check_call([&](const ct::Options& o) { return ct::function({x}, by_rows, o); }, 4, why, line);
}

TEST_CASE("extents that are one by a chain of ops, from its end on, are the first one")
{
    std::vector<ct::Variable> x;
    for (const char* name : {"x0", "x1", "x2", "x3", "x4", "x5"})
        x.push_back(ct::vector<double>(name, {ct::dim("")}));
    ct::Variable y = 0.0;
    // x5 is as long as x4, then x4 as x3 without its first element, and so on.
    for (std::size_t i = x.size() - 1; i > 0; --i)
        y = y + ct::sum(x[i] + (i % 2 == 0 ? x[i - 1](ct::slice(1, ct::_)) : x[i - 1]));
    for (const bool reference : {false, true}) {
        const auto f = ct::function(x, y, {.name = "f", .reference = reference});
        const auto ones = [](std::int64_t n) { return ct::Array::full<double>({n}, 1); };
        CHECK(f(ones(5), ones(5), ones(4), ones(4), ones(3), ones(3))[0].item<double>() == 38);
        CHECK_THROWS_WITH(f(ones(5), ones(5), ones(4), ones(4), ones(3), ones(4)),
                          Catch::Contains("axis 0 of input 'x5' is 4, it must be 3 (n0 - 2), where "
                                          "n0 is axis 0 of input 'x0'"));
    }
}

TEST_CASE("a function knows the second of two symbols of one name as n0")
{
    const auto x = ct::vector<double>("x", {ct::dim("q")}),
               y = ct::vector<double>("y", {ct::dim("q")});
    const auto f = ct::function({x, y}, ct::sum(x) * y, {.name = "f"});
    CHECK(f.signature() == "f(x: f64 (q), y: f64 (n0)) -> (f64 (n0))");
    CHECK_NOTHROW(f.workspace({{"q", 3}, {"n0", 2}}));
    CHECK_THROWS_WITH(f.workspace({{"q", 3}}), Catch::Contains("n0"));
}

TEST_CASE("two symbols of one name are told apart where they contradict each other")
{
    const int first = __LINE__ + 1;
    const auto q = ct::dim("q");
    const auto other = ct::dim("q");
    CHECK(!same(q, other));
    CHECK(ct::alike_text({q + 1, other, q, 3}) ==
          ", where q is declared at " + place(first) + " and another q at " + place(first + 1));
    CHECK(ct::alike_text({q, q * 2, ct::dim("p"), 3}).empty());
    const auto x = ct::vector<double>("x", {q}), y = ct::vector<double>("y", {other});
    const int line = __LINE__ + 1;
    const auto z = x + y + (y + ct::concatenate({x, x(0).reshape({1})}));
    try {
        (void)ct::function({x, y}, z);
        FAIL("nothing was refused");
    } catch (const ct::UserError& e) {
        CHECK(
            e.message() ==
            "function: extents contradict each other: add: axis -1 of shapes (q) and (q + 1) at " +
                place(line) + ": q and q + 1, where q is declared at " + place(first) +
                " and another q at " + place(first + 1));
        CHECK(e.where().line() == static_cast<unsigned>(line));
    }
}
