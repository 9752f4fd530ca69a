#include <croton/croton.hpp>

#include <numeric>
#include <vector>

#include "support/catch.hpp"

namespace ct = croton;
using ct::Layout;
using ct::Variable;

namespace {

using In = ct::View<const double>;
using Out = ct::View<double>;

bool contains(const ct::Function& f, std::string_view text)
{
    return f.source().find(text) != std::string_view::npos;
}

} // namespace

TEST_CASE("an output lies in place of an input: the kernel has one pointer")
{
    const auto x = ct::vector<double>("x", {ct::dim("n")}), v = ct::vector<double>("v", x.shape());
    const auto f = ct::function({x, v}, {x + 0.5 * v, ct::Output("v1", v * 0.9)},
                                {.name = "step", .in_place = {{0, 0}, {1, 1}}});
    CHECK(contains(f, "f64* x = (f64*)out[0];"));
    CHECK(contains(f, "f64* CT_RESTRICT"));
    CHECK(contains(f, "//   v0  f64 (n)  read and written\n//   v1  f64 (n)  read and written\n"));
    CHECK(contains(f, "reads 16 n, writes 16 n bytes."));
    const auto call = f.typed<void(In, In, Out, Out)>();
    std::vector<double> position{1, 2, 3}, speed{10, 20, 30};
    auto workspace = f.workspace({{"n", 3}});
    CHECK(workspace.size_bytes() == 0);
    REQUIRE(call(workspace, position, speed, position, speed));
    CHECK(position == std::vector<double>{6, 12, 18});
    CHECK(speed == std::vector<double>{9, 18, 27});
    call(position, speed, position, speed);
    CHECK(position == std::vector<double>{10.5, 21, 31.5});
    // Memory of its own: the input stays.
    std::vector<double> next(3), next_speed(3);
    REQUIRE(call(workspace, position, speed, next, next_speed));
    CHECK(position == std::vector<double>{10.5, 21, 31.5});
    CHECK(next[0] == 10.5 + 0.5 * 8.1);
    // Arrays stay what they were, results are new.
    const ct::Array a = ct::Array::full<double>({3}, 1.0), b = ct::Array::full<double>({3}, 4.0);
    const auto results = f(a, b);
    CHECK(a.as_double(0) == 1);
    CHECK(results[0].as_double(2) == 3);
    // call_into advances the same array.
    ct::Array both[] = {a, b};
    f.call_into(both, both);
    CHECK(a.as_double(1) == 3);
    CHECK(b.as_double(1) == 3.6);
}

TEST_CASE("what reads the old value later gets it: the output is copied at the end")
{
    const auto P = ct::matrix<double>("P", {3, 3});
    const auto F = ct::matrix<double>("F", {3, 3});
    const auto f = ct::function({P, F}, {ct::dot(ct::dot(F, P), ct::transpose(F)) + P},
                                {.in_place = {{0, 0}}});
    const auto plain = ct::function({P, F}, {ct::dot(ct::dot(F, P), ct::transpose(F)) + P});
    std::vector<double> p(9), m(9), expected(9);
    std::iota(p.begin(), p.end(), 1.0);
    std::iota(m.begin(), m.end(), -3.0);
    using M = ct::View<const double, 2>;
    const ct::View<double, 2> state(p.data(), {3, 3});
    plain.typed<void(M, M, ct::View<double, 2>)>()(state, M(m.data(), {3, 3}),
                                                   ct::View<double, 2>(expected.data(), {3, 3}));
    auto workspace = f.workspace();
    REQUIRE(
        f.typed<void(M, M, ct::View<double, 2>)>()(workspace, state, M(m.data(), {3, 3}), state));
    CHECK(p == expected);
    CHECK_THAT(f.explain(), croton::test::contains("copied to output 0"));
}

TEST_CASE("reads at other elements, and reads after the store, are seen")
{
    const auto x = ct::vector<double>("x", {ct::dim("n")});
    const Variable reversed = ct::flip(x, ct::Axis{0});
    const Variable total = ct::sum(x);
    const std::pair<const char*, ct::Variables> cases[] = {
        {"reversed", {x + reversed}},
        {"sum after", {x * 2, ct::sum(x * x)}},
        {"divided by the sum", {x / total}},
        {"softmax", {ct::softmax(x, ct::Axis{0})}},
        {"prefix", {ct::cumsum(x, ct::Axis{0})}},
        {"sine", {ct::sin(x) + x}},
        {"input too", {x + 1, x}},
    };
    for (const auto& [name, outputs] : cases) {
        INFO(name);
        const auto plain = ct::function({x}, outputs);
        const auto f = ct::function({x}, outputs, {.in_place = {{0, 0}}});
        for (const std::int64_t n : {1, 7, 100, 5000}) {
            ct::Array at = ct::Array::uniform(3, {n}, ct::DType::f64, -40, 40);
            if (n == 7) static_cast<double*>(at.data())[2] = 1e30; // the sine's slow path
            const auto expected = plain(at);
            std::vector<ct::Array> results;
            for (std::size_t i = 0; i < outputs.size(); ++i)
                results.push_back(i == 0 ? at
                                         : ct::Array::empty(ct::DType::f64, expected[i].extents()));
            f.call_into({&at, 1}, results);
            for (std::size_t i = 0; i < outputs.size(); ++i)
                CHECK(ct::identical(results[i], expected[i]));
        }
    }
}

TEST_CASE("two states change places")
{
    const auto x = ct::vector<double>("x", {4}), y = ct::vector<double>("y", {4});
    const auto f = ct::function({x, y}, {y, x}, {.in_place = {{0, 0}, {1, 1}}});
    ct::Array both[] = {ct::Array::full<double>({4}, 1.0), ct::Array::full<double>({4}, 2.0)};
    f.call_into(both, both);
    CHECK(both[0].as_double(3) == 2);
    CHECK(both[1].as_double(3) == 1);
    const auto same = ct::function({x, y}, {x, x + y}, {.in_place = {{0, 0}, {1, 1}}});
    same.call_into(both, both);
    CHECK(both[0].as_double(3) == 2);
    CHECK(both[1].as_double(3) == 3);
}

TEST_CASE("setting elements in place touches only them")
{
    const auto x = ct::vector<double>("x", {ct::dim("n")}), v = ct::scalar<double>("v");
    const auto i = ct::scalar<std::int64_t>("i");
    const auto f = ct::function({x, i, v}, {x.set({i}, v)}, {.in_place = {{0, 0}}});
    std::vector<double> state(5, 1.0);
    const auto call = f.typed<void(In, std::int64_t, double, Out)>();
    auto workspace = f.workspace({{"n", 5}});
    REQUIRE(call(workspace, state, 3, 7.0, state));
    CHECK(state == std::vector<double>{1, 1, 1, 7, 1});
    CHECK_FALSE(contains(f, "x[i] = x[i]"));
    CHECK(call(workspace, state, 9, 7.0, state).code == ct::Code::index);
}

TEST_CASE("column-major states and states of any strides")
{
    const auto x = ct::matrix<double>("x", {ct::dim("n"), ct::dim("m")});
    std::vector<double> memory{1, 2, 3, 4, 5, 6};
    ct::View<double, 2> state(memory.data(), {2, 3});
    state.strides = {1, 2};
    for (const Layout layout : {Layout::column_major, Layout::any}) {
        const auto f =
            ct::function({{x, layout}}, ct::Output("x1", x * 2, layout), {.in_place = {{0, 0}}});
        auto workspace = f.workspace({{"n", 2}, {"m", 3}});
        REQUIRE(f.typed<void(ct::View<const double, 2>, ct::View<double, 2>)>()(workspace, state,
                                                                                state));
    }
    CHECK(memory == std::vector<double>{4, 8, 12, 16, 20, 24});
}

TEST_CASE("in_place that cannot be is refused")
{
    const auto x = ct::vector<double>("x", {ct::dim("n")}), y = ct::vector<float>("y", x.shape());
    const auto m = ct::matrix<double>("m");
    CHECK_THROWS_WITH(ct::function({x, y}, {x + y}, {.in_place = {{1, 0}}}),
                      "function: output 0 cannot lie in place of input 'y': it is f64 (n), the "
                      "input f32 (n)");
    CHECK_THROWS_WITH(ct::function({x}, {x + 1}, {.in_place = {{0, 1}}}),
                      "function: in_place names input 0 and output 1: there are 1 and 1");
    CHECK_THROWS_WITH(ct::function({x}, {x + 1, x + 2}, {.in_place = {{0, 0}, {0, 1}}}),
                      "function: in_place names input 0 twice");
    CHECK_THROWS_WITH(
        ct::function({m}, ct::Output("y", m + 1, Layout::column_major), {.in_place = {{0, 0}}}),
        "function: output 0 cannot lie in place of input 'm': it is column-major, the input "
        "row-major");
}
