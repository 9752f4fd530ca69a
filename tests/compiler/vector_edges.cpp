// Where guards choose near the ends of a long row, whole vectors beside its middle do; and rows of
// a loop's members, copied into strips side by side.
#include <croton/croton.hpp>

#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/compare.hpp"

namespace ct = croton;
using ct::_;
using ct::Array;
using ct::DType;
using ct::slice;
using ct::Variable;
using ct::Variables;

namespace {

void check(const Variables& inputs, const Variables& outputs, const std::vector<Array>& at)
{
    const std::vector<ct::Any> arguments(at.begin(), at.end());
    const ct::Inputs named(inputs);
    const ct::Results expected = ct::function(named, outputs, {.reference = true}).call(arguments);
    for (const int threads : {1, 2}) {
        const ct::Results got = ct::function(named, outputs, {.threads = threads}).call(arguments);
        for (std::size_t k = 0; k < outputs.size(); ++k)
            CHECK(croton::test::first_difference(got[k], expected[k], {32, 0}) == "");
    }
}

} // namespace

TEST_CASE("vector edges: rows of every length, shifted and padded")
{
    for (const DType t : {DType::f64, DType::f32, DType::f16, DType::i32})
        for (const std::int64_t n : {15, 63, 66, 67, 72, 79, 80, 130, 146, 200, 257}) {
            INFO(ct::name(t) << " of " << n);
            const auto x = ct::input("x", t, {n});
            const Variable near = x(slice(1, _)) + x(slice(_, -1));
            Variables outputs{x + ct::pad(near, {1}, {0}), x + ct::pad(near, {0}, {1}),
                              x + ct::pad(x(slice(3, -9)), {3}, {9}),
                              ct::concatenate({near(slice(_, 2)), x, near(slice(-3, _))})};
            check({x}, outputs, {Array::normal(n, {n}, DType::f64, 3).cast(t)});
        }
}

TEST_CASE("vector edges: rows of a field, the first and last of which differ")
{
    for (const std::int64_t n : {70, 96, 131}) {
        const auto f = ct::input("f", DType::f64, {9, n});
        const auto inside = slice(1, -1), before = slice(_, -2), behind = slice(2, _);
        const Variable around =
            f(before, inside) + f(behind, inside) + f(inside, before) + f(inside, behind);
        const Variable next = f + ct::pad(0.2 * (around - 4.0 * f(inside, inside)), {1, 1}, {1, 1});
        check({f}, {next, ct::grad(ct::sum(square(next)), f)},
              {Array::normal(n, {9, n}, DType::f64)});
    }
}

TEST_CASE("vector edges: a middle that is a line of single elements is left alone")
{
    const auto x = ct::vector<double>("x", {64});
    const auto f = ct::function({x}, {x + ct::pad(x(slice(1, -1)), {1}, {1})});
    CHECK(f.source().find("CT_LANES_8") == std::string_view::npos);
    const auto y = ct::vector<double>("y", {100});
    const auto g = ct::function({y}, {y + ct::pad(y(slice(1, -1)), {1}, {1})});
    CHECK(g.source().find("CT_LANES_8") != std::string_view::npos);
}

TEST_CASE("rows of members side by side: all numbers of rows and columns")
{
    for (const DType t : {DType::f64, DType::f32})
        for (const std::int64_t members : {17, 32, 45, 100})
            for (const std::int64_t steps : {3, 8, 13, 24}) {
                INFO(ct::name(t) << ": " << members << " members of " << steps);
                const auto z = ct::input("z", t, {members, steps});
                const auto run = ct::scan(
                    [](const Variable& now, const Variable& s) { return 0.9 * s + tanh(now * s); },
                    {.sequences = {ct::transpose(z)}, .init = {ct::zeros(t, {members}) + 1.0}});
                const Variable value = ct::sum(ct::square(run.last[0]));
                const auto f = ct::function({z}, {run.last[0], ct::grad(value, z)});
                CHECK(f.source().find("transpose_f") != std::string_view::npos);
                const Array at = Array::normal(steps, {members, steps}, DType::f64).cast(t);
                const ct::Results got = f(at);
                const ct::Results expected =
                    ct::function({z}, {run.last[0], ct::grad(value, z)}, {.reference = true})(at);
                for (std::size_t k = 0; k < 2; ++k)
                    CHECK(croton::test::first_difference(got[k], expected[k], {1e3, 1e-5}) == "");
            }
}
