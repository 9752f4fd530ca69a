// Products in loops: an operand that no step changes is packed by the first step that runs, and
// lies there for all others. The same bits as where each step packs it.
#include <croton/croton.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/compare.hpp"
#include "support/text.hpp"

namespace ct = croton;
using ct::Array;
using ct::DType;
using ct::Variable;
using ct::Variables;

namespace {

constexpr std::int64_t rows = 24, columns = 300;

Variable state() { return ct::input("h", DType::f64, {rows, columns}); }
Variable weights() { return ct::input("W", DType::f64, {columns, columns}); }

Array normal(std::uint64_t seed, const std::vector<std::int64_t>& shape)
{
    return Array::normal(seed, shape, DType::f64);
}
const Array some_state = normal(1, {rows, columns}), some_weights = normal(2, {columns, columns});

/// How many operands are packed by a first step alone.
std::size_t packs_once(const ct::Function& f)
{
    return croton::test::count(f.source(), "if (first_step");
}

/// The references' results on any number of threads, and the same bits as where each step packs.
/// `packs`: operands that are packed once.
ct::Function check(const Variables& inputs,
                   const Variables& outputs,
                   const std::vector<Array>& at,
                   std::size_t packs)
{
    const std::vector<ct::Any> arguments(at.begin(), at.end());
    const ct::Inputs named(inputs);
    const ct::Results expected = ct::function(named, outputs, {.reference = true}).call(arguments);
    // Its gaps are filled before each step.
    const auto each = ct::function(named, outputs, {.gaps = true});
    CHECK(packs_once(each) == 0);
    const ct::Results packed_anew = each.call(arguments);
    for (const int threads : {1, 2, 3}) {
        const auto f = ct::function(named, outputs, {.threads = threads});
        CHECK(packs_once(f) == packs);
        for (int calls = 0; calls < 2; ++calls) { // the second finds the first one's workspace
            const ct::Results got = f.call(arguments);
            for (std::size_t k = 0; k < outputs.size(); ++k) {
                INFO("output " << k << " on " << threads << " threads");
                CHECK(croton::test::first_difference(got[k], expected[k], {1e4, 1e-10}) == "");
                CHECK(croton::test::first_difference(got[k], packed_anew[k], {}) == "");
            }
        }
    }
    return ct::function(named, outputs, {.threads = 1});
}

/// One step: what comes of `h` stays below 1.
Variable turn(const Variable& h, const Variable& w) { return ct::tanh(0.03 * ct::dot(h, w)); }

} // namespace

TEST_CASE("packed once: weights of a loop and of its gradient")
{
    const Variable h = state(), w = weights();
    const auto run =
        ct::scan([&](const Variable& s) { return turn(s, w); }, {.init = {h}, .steps = 5});
    const ct::Function f = check({h, w}, {run.last[0]}, {some_state, some_weights}, 1);
    CHECK(croton::test::count(f.source(), "t0 == 0") > 0);
    CHECK(croton::test::count(f.source(), "written in the first step") > 0);
    const Variable loss = ct::sum(square(run.last[0]));
    const auto bars = ct::grad(loss, {h, w});
    check({h, w}, {loss, bars[0], bars[1]}, {some_state, some_weights}, 2);
}

TEST_CASE("packed once: turned weights, on either side, and f32")
{
    const Variable h = state(), w = weights();
    const auto right = ct::scan([&](const Variable& s) { return turn(s, ct::transpose(w)); },
                                {.init = {h}, .steps = 4});
    check({h, w}, {right.last[0]}, {some_state, some_weights}, 1);
    const auto left =
        ct::scan([&](const Variable& s) { return ct::tanh(0.03 * ct::dot(ct::transpose(w), s)); },
                 {.init = {ct::transpose(h)}, .steps = 4});
    check({h, w}, {left.last[0]}, {some_state, some_weights}, 1);

    const auto narrow = ct::input("h", DType::f32, {rows, columns}),
               of = ct::input("W", DType::f32, {columns, columns});
    const auto run =
        ct::scan([&](const Variable& s) { return turn(s, of); }, {.init = {narrow}, .steps = 4});
    const std::vector<Array> at{Array::normal(1, {rows, columns}, DType::f32),
                                Array::normal(2, {columns, columns}, DType::f32)};
    const auto once = ct::function({narrow, of}, {run.last[0]});
    CHECK(packs_once(once) == 1);
    const auto each = ct::function({narrow, of}, {run.last[0]}, {.gaps = true});
    CHECK(croton::test::first_difference(once(at[0], at[1])[0], each(at[0], at[1])[0], {}) == "");
}

TEST_CASE("packed once: any number of steps, also none, and symbolic extents")
{
    const ct::Extent steps = ct::dim("steps"), n = ct::dim("n");
    const auto h = ct::input("h", DType::f64, {rows, n}), w = ct::input("W", DType::f64, {n, n});
    const auto x = ct::input("x", DType::f64, {steps});
    const auto run = ct::scan([&](const Variable& a, const Variable& s) { return turn(s, w) + a; },
                              {.sequences = {x}, .init = {h}});
    for (const std::int64_t count : {0, 1, 4}) {
        check({h, w, x}, {run.last[0]}, {some_state, some_weights, normal(3, {count})}, 1);
        const auto bars = ct::grad(ct::sum(run.last[0]), {h, w});
        check({h, w, x}, {bars[0], bars[1]}, {some_state, some_weights, normal(3, {count})}, 2);
    }
}

TEST_CASE("packed once: a loop that runs backward begins at its end")
{
    const Variable h = state(), w = weights();
    const auto x = ct::input("x", DType::f64, {6});
    const auto run = ct::scan([&](const Variable& a, const Variable& s) { return turn(s, w) + a; },
                              {.sequences = {x}, .init = {h}, .reverse = true});
    const ct::Function f =
        check({h, w, x}, {run.last[0]}, {some_state, some_weights, normal(4, {6})}, 1);
    CHECK(croton::test::count(f.source(), "t0 + 1 == 6") > 0);
}

TEST_CASE("packed once: a loop that stops early, and its gradient, which begins where it stopped")
{
    const Variable h = state(), w = weights();
    const auto run = ct::scan(
        [&](const Variable& s) {
            const Variable next = turn(s, w);
            return ct::Step{.state = {next}, .until = ct::sum(square(next)) < 60.0};
        },
        {.init = {h}, .steps = 40});
    const Variable loss = ct::sum(run.last[0]);
    check({h, w}, {loss, ct::grad(loss, h)}, {some_state, some_weights}, 3);
}

TEST_CASE("packed once: an operand that a step changes is packed by each")
{
    const Variable h = state(), w = weights();
    const auto run = ct::scan(
        [&](const Variable& s, const Variable& u) { return Variables{turn(s, u), 0.9 * u}; },
        {.init = {h, w}, .steps = 4});
    check({h, w}, {run.last[0], run.last[1]}, {some_state, some_weights}, 0);
    const auto all = ct::input("all", DType::f64, {3, columns, columns});
    const auto each = ct::scan([&](const Variable& u, const Variable& s) { return turn(s, u); },
                               {.sequences = {all}, .init = {h}});
    check({h, all}, {each.last[0]}, {some_state, normal(5, {3, columns, columns})}, 0);
}

TEST_CASE("packed once: in each run of an inner loop, and in no branch")
{
    const Variable h = state(), w = weights();
    const auto inner = [&](const Variable& s) {
        return ct::scan([&](const Variable& r) { return turn(r, w); }, {.init = {s}, .steps = 3})
            .last[0];
    };
    const auto nested = ct::scan([&](const Variable& s) { return inner(s) + turn(s, w); },
                                 {.init = {h}, .steps = 3});
    check({h, w}, {nested.last[0]}, {some_state, some_weights}, 2);
    // The first step takes the other branch.
    const auto t = ct::input("t", DType::f64, {4});
    const auto chosen = ct::scan(
        [&](const Variable& at, const Variable& s) {
            return ct::cond(at > 0.0, [&] { return turn(s, w); }, [&] { return 0.5 * s; });
        },
        {.sequences = {t}, .init = {h}});
    check({h, w, t}, {chosen.last[0]},
          {some_state, some_weights, Array::copy(std::vector<double>{-1, 1, -1, 1})}, 0);
}

TEST_CASE("packed once: not where a memory limit has no room for it")
{
    const Variable h = state(), w = weights();
    const auto run = ct::scan([&](const Variable& s) { return turn(s + turn(s, 2.0 * w), w); },
                              {.init = {h}, .steps = 5});
    const ct::Inputs inputs{h, w};
    const auto free = ct::function(inputs, {run.last[0]});
    REQUIRE(packs_once(free) == 2);
    const std::size_t bytes = free.workspace_bytes();
    const auto roomy = ct::function(inputs, {run.last[0]}, {.memory_limit_bytes = bytes});
    CHECK(roomy.source() == free.source());
    const auto tight = ct::function(inputs, {run.last[0]}, {.memory_limit_bytes = bytes - 1});
    CHECK(packs_once(tight) == 0);
    CHECK(tight.workspace_bytes() < bytes);
    CHECK(croton::test::first_difference(tight(some_state, some_weights)[0],
                                         free(some_state, some_weights)[0], {}) == "");
}
