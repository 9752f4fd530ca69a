// Functions with thousands of arguments: calls hold their lists beside the workspace, compare them
// in order, and take the stack that the guide says.
#include <croton/croton.hpp>
#include <croton/ir/format.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/thread_stack.hpp"

namespace ct = croton;
using croton::test::contains;
using croton::test::run_with_stack;

namespace {

constexpr std::size_t small_stack = 128 << 10; ///< that docs/guide.md asks for

ct::Variables many_vectors(std::size_t count)
{
    ct::Variables x;
    for (std::size_t i = 0; i < count; ++i)
        x.push_back(ct::vector<double>(fmt::format("x{}", i), {2}));
    return x;
}

template <std::size_t>
using Number = double;
template <std::size_t>
using NumberOut = double&;

/// y_i = 2 x_i of so many numbers, by a typed call in its own workspace.
template <std::size_t... i>
class Doubled {
public:
    explicit Doubled(std::index_sequence<i...>)
        : function_(make()), call_(function_.typed<void(Number<i>..., NumberOut<i>...)>()),
          workspace_(function_.workspace())
    {}

    ct::Status operator()(std::array<double, sizeof...(i)>& x,
                          std::array<double, sizeof...(i)>& y,
                          std::size_t from = 0)
    {
        // Output i lies at y[(i + from) % count].
        return call_(workspace_, x[i]..., y[(i + from) % sizeof...(i)]...);
    }
    /// Output 0 lies where the last one lies.
    ct::Status on_top(std::array<double, sizeof...(i)>& x, std::array<double, sizeof...(i)>& y)
    {
        return call_(workspace_, x[i]..., y[i == 0 ? sizeof...(i) - 1 : i]...);
    }

private:
    static ct::Function make()
    {
        ct::Variables x, y;
        for (std::size_t k = 0; k < sizeof...(i); ++k) {
            x.push_back(ct::scalar<double>(""));
            y.push_back(x.back() * 2);
        }
        return ct::function(x, y, {.name = "doubled"});
    }

    ct::Function function_;
    decltype(std::declval<ct::Function>().typed<void(Number<i>..., NumberOut<i>...)>()) call_;
    ct::Workspace workspace_;
};

template <std::size_t count>
void check_typed()
{
    Doubled doubled(std::make_index_sequence<count>{});
    std::array<double, count> x{}, y{};
    for (std::size_t i = 0; i < count; ++i)
        x[i] = static_cast<double>(i);
    REQUIRE(doubled(x, y));
    REQUIRE(doubled(x, y, count / 2));
    for (std::size_t i = 0; i < count; ++i)
        CHECK(y[(i + count / 2) % count] == 2 * x[i]);
    const ct::Status refused = doubled.on_top(x, y);
    CHECK(refused.text() == fmt::format("doubled: output {} overlaps output 0", count - 1));
}

} // namespace

TEST_CASE("typed calls with few and many numbers refuse an output on top of another")
{
    check_typed<8>();
    check_typed<20>();
    check_typed<300>(); // its lists are too large for the stack
}

TEST_CASE("a call of thousands of arguments takes no more stack than one of few")
{
    constexpr std::size_t count = 4000;
    const ct::Variables x = many_vectors(count);
    ct::Variables y;
    for (std::size_t i = 0; i < count; ++i)
        y.push_back(x[i] + x[count - 1 - i]);
    const auto f = ct::function(x, y, {.name = "f"});
    std::vector<ct::Array> in, out;
    std::vector<ct::Any> any;
    for (std::size_t i = 0; i < count; ++i) {
        in.push_back(ct::Array::full<double>({2}, static_cast<double>(i)));
        out.push_back(ct::zeros<double>({2}));
        any.emplace_back(in.back());
    }
    std::string what;
    run_with_stack(small_stack, [&] {
        try {
            f.call_into(in, out);
            const auto results = f.call(any);
            for (std::size_t i = 0; i < count; ++i)
                if (results[i].as_double(1) != count - 1 || out[i].as_double(0) != count - 1)
                    what = "wrong";
        } catch (const ct::Error& e) {
            what = e.what();
        }
    });
    CHECK(what.empty());
}

TEST_CASE("of many arguments in any order each output lies apart, but where in_place has it")
{
    constexpr std::size_t count = 24;
    const ct::Variables x = many_vectors(count);
    ct::Variables y;
    for (const ct::Variable& v : x)
        y.push_back(v + 1);
    std::vector<double> memory(count * 4), elsewhere(count * 2);
    // Argument `k` of so many, from the last place to the first.
    const auto piece = [&](std::vector<double>& of, std::size_t k) {
        return ct::Array::borrow(ct::View<double>(&of[(count - 1 - k) * 2], {2}));
    };
    const auto lists = [&] {
        std::pair<std::vector<ct::Array>, std::vector<ct::Array>> all;
        for (std::size_t k = 0; k < count; ++k) {
            all.first.push_back(piece(memory, k));
            all.second.push_back(piece(elsewhere, k));
        }
        return all;
    };
    const auto set = [&] {
        for (std::size_t k = 0; k < memory.size(); ++k)
            memory[k] = static_cast<double>(k);
    };
    const auto run = [&](const ct::Function& f, auto change) {
        set();
        auto [in, out] = lists();
        change(in, out);
        f.call_into(in, out);
        return out;
    };
    const auto f = ct::function(x, y, {.name = "f"});
    const auto in_place = ct::function(x, y, {.name = "f", .in_place = {{3, 3}, {5, 7}}});
    for (const ct::Function& g : {f, in_place}) {
        const auto nothing = [](auto&, auto&) {};
        CHECK(run(g, nothing)[3].as_double(0) == (count - 1 - 3) * 2 + 1);
        // Over an input, as in_place allows it or (with a copy first) not.
        const auto over = [](auto& in, auto& out) {
            out[3] = in[3];
            out[7] = in[5];
        };
        const auto results = run(g, over);
        CHECK(results[3].as_double(0) == (count - 1 - 3) * 2 + 1);
        CHECK(results[7].as_double(1) == (count - 1 - 7) * 2 + 2);
        CHECK(results[5].as_double(1) == (count - 1 - 5) * 2 + 2);
        // Half of an input and half of the next.
        const auto between = [&](auto&, auto& out) {
            out[0] = ct::Array::borrow(ct::View<double>(&memory[5], {2}));
        };
        CHECK(run(g, between)[0].as_double(1) == (count - 1) * 2 + 2);
        // Two outputs on one input.
        const auto both = [](auto& in, auto& out) { out[3] = out[9] = in[3]; };
        CHECK_THROWS_WITH(run(g, both), contains("output 3 and output 9 overlap in memory"));
    }
}

TEST_CASE("strides that reach beyond any memory are refused")
{
    const auto x = ct::matrix<double>("x");
    const auto y = x * 2;
    const auto f = ct::function({ct::Input(x, ct::Layout::any)}, {y}, {.name = "f"});
    std::vector<double> a(4), out(4);
    auto workspace = f.workspace();
    const auto call = f.typed<void(ct::View<const double, 2>, ct::View<double, 2>)>();
    for (const std::int64_t stride : {INT64_MAX, INT64_MAX / 2, INT64_MAX / 8, INT64_MIN,
                                      INT64_MIN / 8, std::int64_t{-1} << 50}) {
        ct::View<const double, 2> wild(a.data(), {2, 2});
        wild.strides[0] = stride;
        CHECK(call(workspace, wild, ct::View<double, 2>(out.data(), {2, 2})).text() ==
              "f: input 0 'x' has strides that reach beyond any memory");
        CHECK_THROWS_WITH(f(wild),
                          contains("f: input 0 'x' has strides that reach beyond any memory; its "
                                   "shape is (2, 2)"));
    }
}
