// A gradient that would need more memory than is allowed holds fewer states of its loop.
#include <croton/croton.hpp>

#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/compare.hpp"

namespace ct = croton;
using Catch::Contains;
using ct::Array;
using ct::DType;
using ct::Variable;
using ct::Variables;

namespace {

/// Of `steps` steps of 16 states that are mixed by a matrix, driven by a sequence.
struct Loop {
    explicit Loop(std::int64_t steps)
        : x(ct::input("x", DType::f64, {steps, 16})), w(ct::input("w", DType::f64, {16, 16})),
          start(ct::input("start", DType::f64, {16}))
    {
        const auto run = ct::scan(
            [&](const Variable& row, const Variable& s) {
                const Variable next = tanh(ct::dot(w, s) + row);
                return ct::Step{{next}, {ct::sum(next * row)}, {}};
            },
            {.sequences = {x}, .init = {start}});
        value = ct::sum(square(run.last[0])) + ct::sum(run.out[0]);
    }
    std::vector<ct::Any> at() const
    {
        const std::int64_t steps = x.shape()[0].value();
        return {Array::normal(1, {steps, 16}, DType::f64), Array::normal(2, {16, 16}, DType::f64),
                Array::normal(3, {16}, DType::f64)};
    }
    ct::Inputs inputs() const { return {x, w, start}; }

    Variable x, w, start, value;
};

/// That the gradient is the same in `share` of the memory that it takes without a limit.
void check_within(double share, const Variables& xs, const Variable& value, const Variables& by)
{
    Variables outputs = ct::grad(value, by);
    outputs.push_back(value);
    std::vector<ct::Any> at;
    for (const Variable& x : xs) {
        std::vector<std::int64_t> shape;
        for (const ct::Extent& e : x.shape())
            shape.push_back(e.value());
        at.emplace_back(Array::normal(at.size(), shape, DType::f64));
    }
    const auto fast = ct::function(ct::Inputs(xs), outputs);
    const auto limit =
        static_cast<std::size_t>(share * static_cast<double>(fast.workspace_bytes()));
    const auto f = ct::function(ct::Inputs(xs), outputs, {.memory_limit_bytes = limit});
    CHECK(f.workspace_bytes() <= limit);
    const ct::Results got = f.call(at), wanted = fast.call(at);
    for (std::size_t k = 0; k < outputs.size(); ++k)
        CHECK(croton::test::first_difference(got[k], wanted[k], {1e5, 1e-9}) == "");
}

} // namespace

TEST_CASE("memory limit: a gradient holds the states before chunks of its loop where it must")
{
    for (const std::int64_t steps : {400, 1003, 1024}) {
        const Loop loop(steps);
        const Variables bars = ct::grad(loop.value, Variables{loop.w, loop.start});
        const Variables outputs{loop.value, bars[0], bars[1]};
        const auto fast = ct::function(loop.inputs(), outputs);
        const std::size_t needed = fast.workspace_bytes();
        CHECK(needed > static_cast<std::size_t>(steps) * 16 * 8);
        const std::size_t limit = needed / 4;
        const auto f = ct::function(loop.inputs(), outputs, {.memory_limit_bytes = limit});
        INFO(steps << " steps: " << needed << " bytes, with a limit " << f.workspace_bytes());
        CHECK(f.workspace_bytes() <= limit);
        const ct::Results got = f.call(loop.at()), wanted = fast.call(loop.at());
        for (std::size_t k = 0; k < outputs.size(); ++k)
            CHECK(croton::test::first_difference(got[k], wanted[k], {1e5, 1e-9}) == "");
        // With room enough nothing is done again.
        CHECK(ct::function(loop.inputs(), outputs, {.memory_limit_bytes = needed}).source() ==
              fast.source());
    }
}

TEST_CASE("memory limit: what the most frugal program needs is what a refusal names")
{
    const Loop loop(1000);
    const Variable bar = ct::grad(loop.value, loop.w);
    const std::size_t needed = ct::function(loop.inputs(), bar).workspace_bytes();
    std::size_t least = 0;
    try {
        (void)ct::function(loop.inputs(), bar, {.name = "fit", .memory_limit_bytes = 1000});
        FAIL("a limit of 1000 bytes was met");
    } catch (const ct::UserError& error) {
        const std::string text(error.message());
        CHECK_THAT(text, Contains("fit: its intermediate values exceed memory_limit_bytes: ") &&
                             Contains(" bytes, allowed are 1000; gradients of loops hold less "
                                      "with ScanArgs::checkpoint = ct::binomial(s)"));
        least = std::stoul(text.substr(text.find("they need ") + 10));
    }
    CHECK(least < needed / 4);
    const auto f = ct::function(loop.inputs(), bar, {.memory_limit_bytes = least});
    CHECK(f.workspace_bytes() == least);
}

TEST_CASE("memory limit: loops that run backwards, with steps left over and without")
{
    for (const std::int64_t steps : {397, 400}) {
        const auto x = ct::input("x", DType::f64, {steps, 16});
        const auto w = ct::input("w", DType::f64, {16, 16});
        const auto start = ct::input("start", DType::f64, {16});
        const auto run = ct::scan(
            [&](const Variable& row, const Variable& s) {
                const Variable next = tanh(0.2 * ct::dot(w, s) + row);
                return ct::Step{{next}, {ct::sum(next * row)}, {}};
            },
            {.sequences = {x}, .init = {start}, .reverse = true});
        const Variable value = ct::sum(square(run.last[0])) + ct::sum(square(run.out[0]));
        INFO(steps << " steps");
        check_within(0.25, {x, w, start}, value, {w, start});
        check_within(0.75, {x, w, start}, value, {x, w, start});
    }
}

TEST_CASE("memory limit: the gradient by a sequence with taps, where no steps are left over")
{
    const auto x = ct::input("x", DType::f64, {404, 16});
    const auto w = ct::input("w", DType::f64, {16, 16});
    const auto start = ct::input("start", DType::f64, {16});
    const auto run =
        ct::scan([&](const Variable& a, const Variable& b, const Variable& c,
                     const Variable& s) { return tanh(0.2 * ct::dot(w, s) + 0.3 * a + b * c); },
                 {.sequences = {{x, {-2, 0, 2}}}, .init = {start}});
    check_within(0.9, {x, w, start}, ct::sum(square(run.last[0])), {x});
}

TEST_CASE("memory limit: what a gradient collects of chunks is not copied where they are all steps")
{
    // 40 chunks of 25; the square root would leave 8 steps over.
    const auto x = ct::input("x", DType::f64, {1000, 16});
    const auto w = ct::input("w", DType::f64, {16, 16});
    const auto start = ct::input("start", DType::f64, {16});
    const auto run = ct::scan(
        [&](const Variable& row, const Variable& s) { return tanh(0.2 * ct::dot(w, s) + row); },
        {.sequences = {x}, .init = {start}});
    check_within(0.25, {x, w, start}, ct::sum(square(run.last[0])), {x});
}

TEST_CASE("memory limit: a loop that reads what a smaller one collects")
{
    const auto x = ct::input("x", DType::f64, {400, 16});
    const auto w = ct::input("w", DType::f64, {16, 16});
    const auto start = ct::input("start", DType::f64, {16});
    const auto rate = ct::scalar<double>("rate");
    const auto rates = ct::scan(
        [&](const Variable& r) { return ct::Step{{0.9 * r + 0.1 * sin(r)}, {cos(r)}, {}}; },
        {.init = {rate}, .steps = 400});
    const auto run =
        ct::scan([&](const Variable& r, const Variable& row,
                     const Variable& s) { return tanh(0.2 * ct::dot(w, s) + row * r); },
                 {.sequences = {rates.out[0], x}, .init = {start}});
    check_within(0.25, {x, w, start, rate}, ct::sum(square(run.last[0])), {w, start, rate});
}

TEST_CASE("memory limit: where sizes are known at the call, a refusal says what would help")
{
    const auto steps = ct::dim("steps");
    const auto x = ct::input("x", DType::f64, {steps, 16});
    const auto w = ct::input("w", DType::f64, {16, 16});
    const auto value_of = [&](const ct::Checkpoints& checkpoint) {
        const auto run = ct::scan(
            [&](const Variable& row, const Variable& s) { return tanh(0.2 * ct::dot(w, s) + row); },
            {.sequences = {x}, .init = {x(0)}, .checkpoint = checkpoint});
        return ct::sum(square(run.last[0]));
    };
    const ct::Options options{.name = "fit", .memory_limit_bytes = 60'000};
    const Array many = Array::normal(1, {400, 16}, DType::f64),
                few = Array::normal(1, {40, 16}, DType::f64),
                weights = Array::normal(2, {16, 16}, DType::f64);
    const auto plain = ct::function({x, w}, ct::grad(value_of(0), w), options);
    const auto again = ct::function({x, w}, ct::grad(value_of(ct::square_root), w), options);
    CHECK(croton::test::first_difference(again(few, weights)[0], plain(few, weights)[0],
                                         {1e5, 1e-9}) == "");
    CHECK_NOTHROW(again(many, weights));
    const std::string help = "allowed are 60000; gradients of loops hold less with "
                             "ScanArgs::checkpoint";
    CHECK_THROWS_WITH(plain(many, weights), Contains(help));
    CHECK_THROWS_WITH(ct::function({x, w}, value_of(0), {.memory_limit_bytes = 1})(many, weights),
                      !Contains("checkpoint"));
}
