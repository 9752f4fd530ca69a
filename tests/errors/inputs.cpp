#include <croton/croton.hpp>

#include <limits>
#include <string>
#include <vector>

#include "errors/expect.hpp"

namespace ct = croton;
using croton::test::contains;

TEST_CASE("a function's call names the input that does not fit")
{
    const auto x = ct::matrix<float>("x", {ct::dim("n"), 4}), b = ct::vector<float>("b", {4});
    const auto f = ct::function({x, b}, ct::Output("y", x + b), {.name = "shift"});
    const auto four = ct::zeros<float>({4});
    CHECK_THROWS_WITH(f(ct::zeros<float>({2, 5}), four),
                      "shift: axis 1 of input 'x' is 5, it must be 4");
    CHECK_THROWS_WITH(f(four, four),
                      "shift: input 0 'x' has rank 2 (n, 4), given rank 1; a View of rank 2 gives "
                      "flat memory extents");
    CHECK_THROWS_WITH(f.call_named({{"x", ct::zeros<float>({2, 4})}, {"b", four}, {"c", four}}),
                      "shift: has no input 'c'; it is " + f.signature());
    CHECK_THROWS_WITH(f.call_named({{"b", four}}),
                      "shift: input 'x' is not given; it is " + f.signature());
    const auto r = f(ct::zeros<float>({2, 4}), four);
    CHECK_THROWS_WITH(r["z"], contains("no result is named 'z'"));
    CHECK_THROWS_WITH(r[1], contains("result 1 does not exist"));
}

TEST_CASE("an index that contradicts a known extent is refused when the function is made")
{
    const auto n = ct::dim("n");
    const auto x = ct::vector<float>("x", {n});
    const auto three = ct::vector<float>("three", {3});
    const auto y = x * three;
    const int line = __LINE__ + 1;
    const auto fifth = x(4);
    CHECK_THROWS_WITH(
        ct::function({x, three}, {ct::sum(y) + fifth}),
        "function: extents contradict each other: index on axis 0 of (n) at inputs.cpp:" +
            std::to_string(line) + " needs n >= 5, which is 3 >= 5, as inputs.cpp:" +
            std::to_string(line - 2) + " requires");
}

TEST_CASE("a contradiction of extents names the line of the other op where it is another one")
{
    const auto x = ct::vector<float>("x", {ct::dim("n")});
    const auto three = ct::vector<float>("three", {3}), four = ct::vector<float>("four", {4});
    const auto check = [&](const ct::Variable& y, int line, const std::string& other) {
        try {
            (void)ct::function({x, three, four}, {y});
            FAIL("nothing was refused");
        } catch (const ct::UserError& e) {
            CHECK(std::string(e.message()) ==
                  "function: extents contradict each other: mul: axis -1 of shapes (n) and (4) at "
                  "inputs.cpp:" +
                      std::to_string(line) + ": 3 and 4" + other);
            CHECK(e.where().line() == static_cast<std::uint32_t>(line));
        }
    };
    const int line = __LINE__ + 1;
    const auto by_three = x * three;
    const auto by_four = x * four;
    check(ct::sum(by_three) + ct::sum(by_four), line + 1,
          ", as inputs.cpp:" + std::to_string(line) + " requires");
    const int far = __LINE__ + 1;
    const auto sums = ct::sum(x * three) + ct::sum(x * four);
    check(sums, far, "");
}

TEST_CASE("a number that the dtype of a scalar input cannot hold is refused")
{
    const auto call = [](ct::DType dtype, auto number) {
        const auto x = ct::input("x", dtype, {});
        return ct::function({x}, {x}, {.name = "f"})(number)[0].as_double(0);
    };
    using ct::DType;
    CHECK(call(DType::i32, 2.0) == 2);
    CHECK(call(DType::f32, 0.1) == 0.1f);
    CHECK(call(DType::boolean, 1) == 1);
    CHECK_THROWS_WITH(call(DType::i32, 2.5), "f: input 0 'x' is i32, 2.5 does not fit");
    CHECK_THROWS_WITH(call(DType::u8, 300), "f: input 0 'x' is u8, 300 does not fit");
    CHECK_THROWS_WITH(call(DType::u64, -1), "f: input 0 'x' is u64, -1 does not fit");
    CHECK_THROWS_WITH(call(DType::boolean, 2.5), "f: input 0 'x' is bool, 2.5 does not fit");
    CHECK_THROWS_WITH(call(DType::i64, NAN), "f: input 0 'x' is i64, nan does not fit");
    CHECK_THROWS_WITH(call(DType::f32, 1e300), "f: input 0 'x' is f32, 1.e+300 does not fit");
    CHECK(call(DType::f32, -INFINITY) == -INFINITY);
}

TEST_CASE("an integer that the dtype of a scalar input would round is refused, a double rounded")
{
    const auto call = [](ct::DType dtype, auto number) {
        const auto x = ct::input("x", dtype, {});
        const ct::Options options{.name = "f", .reference = true};
        return ct::function({x}, {x}, options)(number)[0].as_double(0);
    };
    const auto rounded = [](const std::string& dtype, const std::string& number) {
        return "f: input 0 'x' is " + dtype + ", " + number +
               " does not fit exactly; a floating-point number is rounded";
    };
    using ct::DType;
    CHECK_THROWS_WITH(call(DType::f32, 16777217), rounded("f32", "16777217"));
    CHECK(call(DType::f32, 16777216) == 16777216);
    CHECK(call(DType::f32, -33554430) == -33554430);
    CHECK(call(DType::f32, 16777217.0) == 16777216);
    CHECK_THROWS_WITH(call(DType::f16, 2049), rounded("f16", "2049"));
    CHECK(call(DType::f16, 2050) == 2050);
    CHECK_THROWS_WITH(call(DType::bf16, 257), rounded("bf16", "257"));
    CHECK_THROWS_WITH(call(DType::f64, (std::int64_t{1} << 53) + 1),
                      rounded("f64", "9007199254740993"));
    // The next double is beyond the integers, where a cast clamps.
    CHECK_THROWS_WITH(call(DType::f32, 2147483647), rounded("f32", "2147483647"));
    CHECK_THROWS_WITH(call(DType::f64, INT64_MAX), rounded("f64", "9223372036854775807"));
    CHECK_THROWS_WITH(call(DType::f64, UINT64_MAX), rounded("f64", "18446744073709551615"));
    CHECK(call(DType::f64, INT64_MIN) == -0x1p63);
    CHECK(call(DType::f32, std::uint64_t{1} << 63) == 0x1p63);
    CHECK_THROWS_WITH(call(DType::f16, 70000), "f: input 0 'x' is f16, 70000 does not fit");
    CHECK_THROWS_WITH(call(DType::i8, 300), "f: input 0 'x' is i8, 300 does not fit");
    const auto k = ct::scalar<float>("k");
    CHECK_REFUSED(ct::Input(k, 16777217), dtype,
                  "function: the default of 'k' (f32): 16777217 does not fit exactly; a "
                  "floating-point number is rounded");
}

TEST_CASE("what is given by name is given once, and exists")
{
    const auto n = ct::dim("n");
    const auto x = ct::vector<double>("x", {n});
    const auto twice = (x * 2).named("y"), thrice = (x * 3).named("y");
    const auto f = ct::function({x}, {twice, thrice}, {.name = "f"});
    const ct::Array ones = ct::Array::full<double>({2}, 1);
    CHECK_THROWS_WITH(f.call_named({{"x", ones}, {"x", ones}}), "f: input 'x' is given twice");
    const auto results = f.call(std::vector<ct::Any>{ones});
    CHECK_THROWS_WITH(results["y"], "f: 2 results are named 'y': take one by its position");
    const auto g = ct::function({x}, ct::cumsum(ct::cumsum(x, 0) * 2, 0), {.name = "g"});
    CHECK_THROWS_WITH(g.workspace({{"n", 20}, {"m", 3}}),
                      "g: no input has an extent 'm'; they have n");
    CHECK_THROWS_WITH(g.workspace({{"n", -20}}), "g: extent n is negative: -20");
    CHECK_THROWS_WITH(g.workspace({{"n", 20}, {"n", 20}}), "g: extent n is given twice");
    const auto w = ct::shared("w", ones);
    CHECK_THROWS_WITH(ct::set_all({{w, ones}, {w, ones}}), "set_all: 'w' is given twice");
    CHECK_THROWS_WITH(ct::function({x}, {x}, {.name = "h", .threads = -1}),
                      "h: threads is -1; 0 is all there are");
}

TEST_CASE("one bad value of set_all leaves all variables as they were, and is named")
{
    const auto w = ct::shared("w", ct::Array::full<float>({2}, 1.0f));
    const auto v = ct::shared("v", ct::Array::full<float>({3}, 2.0f));
    const ct::Array two = ct::Array::full<float>({2}, 7.0f),
                    three = ct::Array::full<float>({3}, 7.0f);
    CHECK_REFUSED((ct::set_all({{w, two}, {v, two}}), 0), shape,
                  "set_all: 'v' is f32 (3), the value is f32 (2)");
    CHECK_REFUSED((ct::set_all({{w, two}, {v, three.cast(ct::DType::f64)}}), 0), dtype,
                  "set_all: 'v' is f32 (3), the value is f64 (3)");
    CHECK_REFUSED((ct::set_all({{w, two}, {v, ct::Array()}}), 0), domain,
                  "set_all: the value for 'v' is an Array() that holds nothing");
    CHECK_REFUSED((ct::set_all({{w, two}, {v, three}, {w, two}}), 0), domain,
                  "set_all: 'w' is given twice");
    CHECK(ct::identical(w.value(), ct::Array::full<float>({2}, 1.0f)));
    CHECK(ct::identical(v.value(), ct::Array::full<float>({3}, 2.0f)));
    ct::set_all({{w, two}, {v, three}});
    CHECK(ct::identical(w.value(), two));
    CHECK(ct::identical(v.value(), three));
}

TEST_CASE("an index out of range at run time is reported and nothing is read there")
{
    const auto x = ct::vector<float>("x"), i = ct::vector<std::int64_t>("i");
    const auto f = ct::function({x, i}, ct::take(x, i, 0), {.name = "pick"});
    const std::vector<std::int64_t> bad{0, 7};
    try {
        (void)f(ct::zeros<float>({3}), bad);
        FAIL("nothing was refused");
    } catch (const ct::UserError& e) {
        CHECK(e.code() == ct::Code::index);
        CHECK_THAT(std::string(e.message()),
                   contains("index 7 is out of range for axis 0 of extent 3"));
    }
}

TEST_CASE("one index out of range among many is found, and any of an empty axis")
{
    constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min(), most = -(least + 1);
    constexpr std::size_t count = 45; // vectors, and some that are left
    const auto x = ct::vector<float>("x"), i = ct::vector<std::int64_t>("i");
    const auto f = ct::function({x, i}, ct::take(x, i, 0));
    for (const std::int64_t extent : {0, 1, 3})
        for (const std::int64_t bad : {extent, -extent - 1, least, most})
            for (const std::size_t at : {std::size_t{0}, std::size_t{17}, count - 1}) {
                CAPTURE(extent, bad, at);
                std::vector<std::int64_t> indices(count, extent == 0 ? bad : -extent);
                if (extent > 0) (void)f(ct::zeros<float>({extent}), indices);
                indices[at] = bad;
                CHECK_THROWS_WITH(f(ct::zeros<float>({extent}), indices),
                                  contains("index " + std::to_string(bad) +
                                           " is out of range for axis 0 of extent " +
                                           std::to_string(extent)));
            }
}

TEST_CASE("an index of 2^63 and more is out of range, not one from the end")
{
    const auto x = ct::vector<double>("x"), v = ct::vector<double>("v", {1});
    const auto i = ct::vector<std::uint64_t>("i", {1});
    const ct::Array two = ct::zeros<double>({2});
    for (const auto& y : {ct::take(x, i, 0), x(i), ct::scatter_add(x, {i}, v)})
        for (const bool reference : {false, true}) {
            const auto f =
                ct::function({x, i, v}, y, {.reference = reference, .allow_unused_inputs = true});
            const ct::Array one = ct::Array::full<double>({1}, 1);
            (void)f(two, std::vector<std::uint64_t>{1}, one);
            for (const std::uint64_t bad : {~std::uint64_t(0), std::uint64_t(1) << 63})
                CHECK_THROWS_WITH(f(two, std::vector<std::uint64_t>{bad}, one),
                                  contains("index " + std::to_string(bad) +
                                           " is out of range for axis 0 of extent 2"));
        }
}

TEST_CASE("an extent that no input gives is refused at the op that needs it")
{
    const auto n = ct::dim("n"), k = ct::dim("k");
    const auto x = ct::vector<double>("x", {n});
    const auto ones = ct::ones(ct::DType::f64, {k});
    CHECK_REFUSED(ct::function({x}, ct::sum(x) * k), shape,
                  "function: extent k of extent_value follows from no input; an input with an axis "
                  "of extent k gives it");
    try {
        (void)ct::function({x}, ct::sum(x) * ct::sum(ones));
        FAIL("nothing was refused");
    } catch (const ct::UserError& e) {
        CHECK(e.message() == "function: extent k of ones follows from no input; an input with "
                             "an axis of extent k gives it");
        CHECK(e.where().line() == ones.where().line());
    }
    const auto step = [&](const ct::Variable& h) { return h + ct::sum(ct::arange(k)); };
    const auto loop = ct::scan(step, {.init = {ct::Variable(std::int64_t(0))}, .steps = n});
    CHECK_THROWS_WITH(ct::function({x}, loop.last[0] + ct::sum(x)),
                      "function: extent k of arange follows from no input; an input with an axis "
                      "of extent k gives it");
    const auto area = ct::vector<double>("area", {n * k});
    CHECK_THROWS_WITH(ct::function({area}, ct::sum(area)),
                      contains("of 'area' (n*k) follows from no input"));
}

TEST_CASE("an error inside a Scope says where the scope was opened")
{
    const auto a = ct::vector<float>("a", {3}), b = ct::vector<float>("b", {4});
    try {
        const ct::Scope scope("layer 2");
        (void)(a + b);
        FAIL("nothing was refused");
    } catch (const ct::UserError& e) {
        CHECK_THAT(to_string(e.where()), contains("in layer 2, called at inputs.cpp:"));
    }
}
