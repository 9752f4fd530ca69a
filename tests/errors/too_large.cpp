// Counts of elements and bytes that 64 bits do not hold: refused, not wrapped.
#include <croton/croton.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "errors/expect.hpp"

namespace ct = croton;

namespace {

constexpr std::int64_t many = 1LL << 25;

/// The error has the place of `value`, and says it last.
template <class F>
void check_refused_at(const ct::Variable& value, const std::string& text, F call)
{
    try {
        call();
    } catch (const ct::UserError& e) {
        CHECK(std::string(e.message()) == text + to_string(value.where()));
        CHECK(e.code() == ct::Code::shape);
        CHECK(e.where().line() == value.where().line());
        return;
    }
    FAIL("nothing was refused; expected: " << text);
}

} // namespace

TEST_CASE("a call whose extents multiply to too much is refused before any work")
{
    const auto n = ct::dim("n"), m = ct::dim("m");
    const auto x = ct::vector<std::int8_t>("x", {n}), y = ct::vector<std::int8_t>("y", {m});
    const auto pairs = ct::expand_dims(x, 1) * y;
    const auto total = ct::Output("total", ct::sum(ct::maximum(pairs, 1)));
    const ct::Array ones = ct::Array::full<std::int8_t>({many}, 1);
    const std::string why = "f: no memory holds an array of shape (n, m): it needs m <= "
                            "floor_div(281474976710656, max(n, 1)), m is 33554432 and "
                            "floor_div(281474976710656, max(n, 1)) is 8388608, where m is axis 0 "
                            "of input 'y' and n is axis 0 of input 'x', at ";
    for (const bool reference : {false, true}) {
        const auto f = ct::function({x, y}, total, {.name = "f", .reference = reference});
        check_refused_at(pairs, why, [&] { f(ones, ones); });
        const auto few = ct::Array::full<std::int8_t>({3}, 1);
        CHECK(f(few, few)[0].as_int(0) == 9);
    }
}

TEST_CASE("the workspace of extents that multiply to too much is refused")
{
    const auto n = ct::dim("n");
    const auto x = ct::vector<double>("x", {n});
    const auto cube = ct::expand_dims(ct::expand_dims(x, 1) * x, 2) * x;
    const auto y = ct::sum(ct::cumsum(cube, 0) * ct::cumsum(cube, 1));
    const auto f = ct::function({x}, y, {.name = "f"});
    CHECK(f.workspace_bytes({{"n", 10}}) >= 8000);
    check_refused_at(cube,
                     "f: no memory holds an array of shape (n, n, n): it needs n <= "
                     "floor_div(281474976710656, max(n*n, 1)), n is 2097152 and "
                     "floor_div(281474976710656, max(n*n, 1)) is 64, where n is axis 0 of "
                     "input 'x', at ",
                     [&] { f.workspace_bytes({{"n", 1LL << 21}}); });
}

TEST_CASE("an argument of more elements than memory holds is refused, also where there are none")
{
    const auto x = ct::matrix<float>("x");
    const auto f = ct::function({{x, ct::Layout::any}}, ct::sum(x, 0), {.name = "f"});
    float one = 1;
    ct::View<const float, 2> endless(&one, {many, many});
    endless.strides = {0, 0};
    const std::string why = "f: input 0 'x' has more elements than any memory holds";
    CHECK_REFUSED(f(endless), shape, why + ": (33554432, 33554432)");
    const ct::View<const float, 2> empty(&one, {0, 1LL << 60});
    const auto outer = ct::function({x}, ct::expand_dims(x, 2) * ct::sum(x, 0), {.name = "f"});
    CHECK_REFUSED(outer(ct::zeros<float>({2, many})), memory,
                  "f: output 0 would have more elements than any memory holds: "
                  "(2, 33554432, 33554432)");
    CHECK_REFUSED(f(empty), shape, why + ": (0, 1152921504606846976)");
    const auto typed = f.typed<void(ct::View<const float, 2>, ct::View<float>)>();
    std::vector<float> out(3);
    auto memory = f.workspace({{"n0", 3}, {"n1", 3}});
    CHECK(typed(memory, endless, out).text() == why);
    CHECK(typed(memory, empty, out).text() == why);
    CHECK_REFUSED(ct::Array::empty(ct::DType::f32, {0, 1LL << 40, 1LL << 40}), memory,
                  "array: too large: (0, 1099511627776, 1099511627776) of f32");
}
