// What a call says of arguments that do not fit.
#include <croton/croton.hpp>

#include <string>

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
