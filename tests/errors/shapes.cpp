#include <croton/croton.hpp>

#include "errors/expect.hpp"

namespace ct = croton;

TEST_CASE("shapes that do not broadcast are named with the axis")
{
    const auto a = ct::matrix<float>("a", {3, 4}), b = ct::vector<float>("b", {5});
    CHECK_REFUSED(a + b, shape, "add: shapes (3, 4) and (5) do not broadcast: axis -1 is 4 and 5");
    CHECK_REFUSED(a / a.T(), shape,
                  "div: shapes (3, 4) and (4, 3) do not broadcast: axis -2 is 3 and 4");
    CHECK_REFUSED(maximum(a, b), shape,
                  "maximum: shapes (3, 4) and (5) do not broadcast: axis -1 is 4 and 5");
}

TEST_CASE("products name the axes that do not match")
{
    const auto a = ct::matrix<float>("a", {3, 4}), b = ct::matrix<float>("b", {5, 6});
    CHECK_REFUSED(ct::dot(a, b), shape,
                  "dot: shapes (3, 4) and (5, 6) do not match: axis 1 of a is 4, axis 0 of b is 5");
    CHECK_REFUSED(
        ct::matmul(a, a), shape,
        "matmul: shapes (3, 4) and (3, 4) do not match: axis 1 of a is 4, axis 0 of b is 3");
}

TEST_CASE("a reshape that does not keep the number of elements is refused")
{
    const auto a = ct::matrix<float>("a", {3, 4});
    CHECK_REFUSED(a.reshape({5, 2}), shape,
                  "reshape: number of elements of (3, 4) as (5, 2): 12 and 10");
    CHECK_REFUSED(a.reshape({5, -1}), shape,
                  "reshape: number of elements of (3, 4) as (5, -1) is 12, it must be a multiple "
                  "of 5");
    CHECK_REFUSED(a.reshape({-1, -1}), shape, "reshape: only one extent may be -1: (-1, -1)");
    CHECK_REFUSED(a.reshape({-2}), shape,
                  "reshape: a negative extent: (-2); only -1 stands for what is left");
}

TEST_CASE("what a step of a scan requires of extents is checked at the call")
{
    const auto n = ct::dim("n");
    const auto x = ct::input("x", ct::DType::f32, {n, 3});
    const auto step = [&](const ct::Variable& h) { return dot(ct::outer(x, h), h); };
    const auto f = ct::function({x}, ct::scan(step, {.init = {x}, .steps = 2}).last);
    CHECK_THROWS_WITH(f(ct::Array::full<float>({1, 3}, 1)),
                      "function: dot: axis 1 of (3*n, 3*n) and axis 0 of (n, 3) is 3, it must "
                      "be 1 (n), where n is axis 0 of input 'x', at shapes.cpp:44");
}

TEST_CASE("an extent that is negative for every call is refused when it is written")
{
    const auto s = ct::scalar<float>("s");
    const auto m = ct::matrix<float>("m", {2, 3});
    const auto i = ct::vector<std::int64_t>("i");
    CHECK_REFUSED(ct::arange(ct::Extent(-3)), shape, "arange: a negative extent: (-3)");
    CHECK_REFUSED(ct::arange(-3 - i.extent(0)), shape, "arange: a negative extent: (-i.0 - 3)");
    CHECK_REFUSED(ct::eye(ct::DType::f32, -1), shape, "eye: a negative extent: (-1, -1)");
    CHECK_REFUSED(ct::zeros(ct::DType::f32, {2, -1}), shape, "zeros: a negative extent: (2, -1)");
    CHECK_REFUSED(ct::full(ct::DType::f32, {-1}, s), shape, "full: a negative extent: (-1)");
    CHECK_REFUSED(ct::one_hot(i, -2), shape, "one_hot: a negative extent: (-2)");
    CHECK_REFUSED(ct::broadcast_to(s, {-2}), shape, "broadcast_to: a negative extent: (-2)");
    CHECK_REFUSED(ct::linspace(0.0f, 1.0f, -2, ct::DType::f32), shape,
                  "linspace: a negative extent: (-2)");
    CHECK_REFUSED(ct::uniform(ct::DType::f32, i(0), {-2}), shape,
                  "uniform: a negative extent: (-2)");
    CHECK_REFUSED(ct::tile(m, {-1}), shape, "tile: a negative extent: (-1)");
    CHECK_REFUSED(ct::repeat(m, -2, 0), shape, "repeat: a negative extent: (-2)");
}

TEST_CASE("a value has at most 64 axes")
{
    const ct::Shape most(64, 1);
    const auto x = ct::tensor<float>("x", most);
    CHECK(ct::expand_dims(ct::reshape(x, {1}), 0).rank() == 2);
    CHECK_REFUSED(ct::expand_dims(x, 0), shape, "expand_dims: 65 axes; at most 64 are supported");
    CHECK_REFUSED(ct::tensor<float>("y", ct::Shape(65, 1)), shape,
                  "input: 65 axes; at most 64 are supported");
}

TEST_CASE("what() of an error has the place beside the sentence, unless the sentence names it")
{
    const auto x = ct::vector<double>("x", {3}), y = ct::vector<double>("y", {4});
    const auto what_of = [](const auto& make) -> std::string {
        try {
            (void)make();
        } catch (const std::exception& e) { // what a program that catches nothing shows
            return e.what();
        }
        return "nothing was refused";
    };
    const std::string sum = what_of([&] { return x + y; });
    const std::string place = "shapes.cpp:" + std::to_string(__LINE__ - 1);
    CHECK(sum == "add: shapes (3) and (4) do not broadcast: axis -1 is 3 and 4 [" + place + "]");
    const auto z = ct::vector<double>("z");
    const auto f = ct::function({z}, z(ct::slice(3, 5)) + z(ct::slice(0, 2)), {.name = "f"});
    const std::string needs = what_of([&] { return f(ct::zeros<double>({1})); });
    const std::string line = "shapes.cpp:" + std::to_string(__LINE__ - 2);
    CHECK(needs.find(line) != std::string::npos);
    CHECK(needs.find(line) == needs.rfind(line));
    CHECK(ct::UserError(ct::Code::shape, "f: no place", nullptr, "f").what() ==
          std::string("f: no place"));
    CHECK(
        ct::UserError(ct::Code::shape, "f: at a.cpp:12", ct::locate("a.cpp", 1, "f"), "f").what() ==
        std::string("f: at a.cpp:12 [a.cpp:1]"));
    for (const std::string other : {"data.cpp:3", "_a.cpp:3", "x-a.cpp:3", "\u00e4a.cpp:3"})
        CHECK(ct::UserError(ct::Code::shape, "f: at " + other, ct::locate("a.cpp", 3, "f"), "f")
                  .what() == "f: at " + other + " [a.cpp:3]");
    for (const std::string same : {"a.cpp:3", "src/a.cpp:3", "(a.cpp:3)", "data.cpp:3, a.cpp:3"})
        CHECK(ct::UserError(ct::Code::shape, "f: at " + same, ct::locate("a.cpp", 3, "f"), "f")
                  .what() == "f: at " + same);
}
