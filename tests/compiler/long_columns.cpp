// Reductions of columns of many rows, which are taken in blocks: what they lose, what threads may
// change (nothing), and what lies between the blocks and their result.
#include <croton/croton.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace ct = croton;
using croton::test::contains;
using ct::Array;
using ct::DType;
using ct::Variable;

namespace {

constexpr std::int64_t block = 1024;

using Extents = std::vector<std::int64_t>;

Variable rows_input(DType dtype, const Extents& extents, bool known)
{
    static constexpr const char* names[] = {"n", "m", "k"};
    ct::Shape shape;
    for (std::size_t i = 0; i < extents.size(); ++i)
        shape.push_back(known ? ct::Extent(extents[i]) : ct::dim(names[i]));
    return ct::input("x", dtype, shape);
}

/// How far the first column's sum and mean, and the sum of all, are off, as parts of what they are.
std::vector<double> errors_of_constant(float value, std::int64_t rows, bool known)
{
    const Variable x = rows_input(DType::f32, {rows, 2}, known);
    const auto f = ct::function({x}, {ct::sum(x, 0), ct::mean(x, ct::Axis{0}), ct::sum(x)});
    const ct::Results r = f(Array::full<float>({rows, 2}, value));
    const double n = static_cast<double>(rows);
    return {r[0].as_double(1) / (n * value) - 1, r[1].as_double(1) / value - 1,
            r[2].as_double(0) / (2 * n * value) - 1};
}

void check_as_reference(const Variable& x, const ct::Variables& y, const Array& at, double room)
{
    const ct::Function f = ct::function({x}, y, {.cache = false});
    const auto got = f(at), wanted = ct::function({x}, y, {.reference = true})(at);
    for (std::size_t k = 0; k < y.size(); ++k) {
        INFO("output " << k);
        REQUIRE(got[k].extents() == wanted[k].extents());
        for (std::int64_t i = 0; i < wanted[k].size(); ++i) {
            const double a = got[k].as_double(i), b = wanted[k].as_double(i);
            const bool near = std::fabs(a - b) <= room * std::fabs(b);
            CHECK((a == b || (std::isnan(a) && std::isnan(b)) || near));
        }
    }
}

} // namespace

TEST_CASE("f32 sums of a million rows lose about what the sum of a vector loses")
{
    for (const bool known : {true, false})
        for (const std::int64_t rows : {1'000'000, 999'983}) {
            CAPTURE(known, rows);
            for (const float value : {3.1F, 0.1F, 1.7F})
                for (const double error : errors_of_constant(value, rows, known))
                    CHECK(std::fabs(error) < 1e-5);
        }
}

TEST_CASE("so do sums of all elements of one long column, and of rows that an operand is along")
{
    const auto x = ct::matrix<float>("x");
    const auto f = ct::function({ct::Input(x, ct::Layout::any)},
                                {ct::sum(x), ct::sum(x, 0), ct::var(x, ct::Axis{0})});
    const float value = 3.1F;
    ct::View<const float, 2> view;
    view.data = &value;
    view.extents = {1'000'000, 1};
    view.strides = {0, 0};
    const ct::Results r = f(view);
    for (const std::size_t k : {0, 1})
        CHECK(std::fabs(r[k].as_double(0) / (1e6 * value) - 1) < 1e-5);
    CHECK(r[2].as_double(0) < 1e-9);
}

TEST_CASE("reductions of columns in blocks have the same bits for any number of threads")
{
    const Extents shapes[] = {
        {5 * block + 3, 257}, {40'001, 1}, {40'001, 3}, {3, 70'001}, {3, 4100, 33}};
    for (const Extents& shape : shapes)
        for (const bool known : {true, false}) {
            CAPTURE(shape[0], shape[1], known);
            const Variable x = rows_input(DType::f32, shape, known);
            const ct::Axis axis{static_cast<int>(shape.size()) - 2};
            const ct::Variables y{ct::sum(exp(x), axis), ct::max(x, axis), ct::prod(x, axis),
                                  ct::var(x, axis), ct::any(x > 3, axis)};
            const Array at = Array::normal(1, shape, DType::f32);
            const ct::Results alone = ct::function({x}, y, {.threads = 1})(at);
            for (const int threads : {2, 3, 7}) {
                const ct::Results several = ct::function({x}, y, {.threads = threads})(at);
                for (std::size_t k = 0; k < y.size(); ++k)
                    CHECK(ct::identical(several[k], alone[k]));
            }
            if (shape[1] == 1) continue; // if known, that is a row, and has lanes
            // Known and unknown extents: one order.
            const Variable z = rows_input(DType::f32, shape, !known);
            CHECK(ct::identical(ct::function({z}, ct::sum(exp(z), axis))(at)[0], alone[0]));
        }
}

TEST_CASE("few rows, whole blocks and rests of blocks are reduced as the references do")
{
    for (const std::int64_t rows : {0L, 1L, 7L, 8L, 9L, block - 1, block, block + 1, 2 * block,
                                    8 * block + 5, 9 * block, 10 * block - 1})
        for (const bool known : {true, false}) {
            CAPTURE(rows, known);
            const ct::Axis axis{0};
            const Variable x = rows_input(DType::f64, {rows, 5}, known);
            const Array at = Array::normal(2, {rows, 5}, DType::f64);
            check_as_reference(x, {ct::sum(x, 0), ct::prod(x, axis), ct::all(x > -9, axis)}, at,
                               1e-12);
            if (rows > 0)
                check_as_reference(
                    x, {ct::mean(x, axis), ct::max(x, axis), ct::argmax(x, 0), ct::min(x, axis)},
                    at, 1e-9);
            if (rows > 0) // many are as good
                check_as_reference(
                    x, {ct::argmin(ct::round(x), 0), ct::argmax(ct::round(x).as(DType::i8), 0)}, at,
                    0);
            const Variable z = rows_input(DType::f64, {2, rows, 3}, known);
            ct::Variables of_batch{ct::sum(z * z, 1), ct::any(z > 3, ct::Axis{1})};
            if (rows > 0) of_batch.push_back(ct::argmax(ct::round(z), 1));
            check_as_reference(z, of_batch, Array::normal(3, {2, rows, 3}, DType::f64), 1e-12);
        }
}

TEST_CASE("a NaN and infinities of any block reach the result")
{
    constexpr double inf = std::numeric_limits<double>::infinity();
    const Variable x = rows_input(DType::f64, {1, 4}, false);
    for (const std::int64_t row : {std::int64_t{3}, block + 3, 3 * block - 1, 3 * block + 6}) {
        Array at = Array::normal(4, {3 * block + 7, 4}, DType::f64).clone();
        auto* values = static_cast<double*>(at.data());
        values[4 * row] = std::nan("");
        values[4 * row + 1] = inf;
        values[4 * row + 2] = -inf;
        check_as_reference(x,
                           {ct::sum(x, 0), ct::max(x, ct::Axis{0}), ct::min(x, ct::Axis{0}),
                            ct::argmax(x, 0), ct::argmin(x, 0)},
                           at, 1e-11);
    }
}

TEST_CASE("integer sums and products over blocks wrap, and other dtypes stand beside them")
{
    const std::int64_t rows = 3 * block + 11;
    const Variable x = rows_input(DType::i64, {rows, 3}, false);
    Array at = Array::full<std::int64_t>({rows, 3}, std::int64_t{1} << 61).clone();
    const auto f = ct::function({x}, {ct::sum(x, 0), ct::prod(x * 0 + 3, ct::Axis{0})});
    const ct::Results r = f(at);
    CHECK(r[0].as_int(2) == static_cast<std::int64_t>(static_cast<std::uint64_t>(rows) << 61));
    std::uint64_t power = 1;
    for (std::int64_t i = 0; i < rows; ++i)
        power *= 3;
    CHECK(r[1].as_int(0) == static_cast<std::int64_t>(power));
    // 16-bit floats have loops of their own in the same step.
    const Variable y = rows_input(DType::bf16, {rows, 3}, false);
    check_as_reference(
        y, {ct::max(y, ct::Axis{0}), ct::any(y > 2, ct::Axis{0}), ct::min(y, ct::Axis{0})},
        Array::normal(5, {rows, 3}, DType::f32).cast(DType::bf16), 0);
}

TEST_CASE("an index that is out of range is found in any block")
{
    const auto x = ct::vector<double>("x", {10});
    const auto i = ct::input("i", DType::i64, {ct::dim("n"), 3});
    const auto f = ct::function({x, i}, ct::sum(ct::take(x, i, 0), 0), {.name = "f"});
    Array index = Array::zeros(DType::i64, {4 * block, 3});
    CHECK(f(Array::full<double>({10}, 2), index)[0].as_double(1) == 8 * block);
    static_cast<std::int64_t*>(index.data())[9 * block + 1] = 10;
    CHECK_THROWS_WITH(f(Array::full<double>({10}, 2), index), contains("10"));
}

TEST_CASE("blocks of rows but the first leave partial results in the workspace, few rows none")
{
    const auto x = ct::matrix<float>("x", {ct::dim("n"), ct::dim("m")});
    const auto f = ct::function({x}, ct::Output("total", ct::sum(x, 0)), {.cache = false});
    const auto bytes = [&](std::int64_t n, std::int64_t m) {
        return f.workspace({{"n", n}, {"m", m}}).size_bytes();
    };
    CHECK(bytes(0, 512) == 0);
    CHECK(bytes(block, 512) == 0);
    CHECK(bytes(block + 1, 512) == 512 * 4);
    CHECK(bytes(10 * block, 512) == 9 * 512 * 4);
    CHECK_THAT(f.explain(), contains("a long reduction: each block of it leaves a partial result"));
    // Known to be few: one kernel, as ever.
    const auto few = ct::matrix<float>("x", {block, ct::dim("m")});
    const std::string text(ct::function({few}, ct::sum(few, 0)).source());
    CHECK(text.find("partial") == text.npos);
}

TEST_CASE("several reductions of the same rows go over memory once")
{
    const auto x = ct::matrix<float>("x");
    const auto f = ct::function({x}, {ct::sum(x, 0), ct::sum(x * x, 0), ct::max(x, ct::Axis{0})});
    const std::string text(f.source());
    const std::string rows = "j + 8 <= stop";
    const std::size_t blocks = text.find(rows), combined = text.find(rows, blocks + 1);
    REQUIRE(combined != text.npos);
    CHECK(text.find(rows, combined + 1) == text.npos);
}

TEST_CASE("an update may be a sum of columns, or what follows from one, and go in place")
{
    const auto x = ct::matrix<float>("x", {ct::dim("n"), 300});
    const auto make = [&](ct::Publish publish, int threads) {
        const auto a = ct::shared("a", Array::normal(1, {300}, DType::f32));
        const auto b = ct::shared("b", Array::normal(2, {300}, DType::f32));
        const Variable loss = ct::sum(square(x * a + b));
        const auto g = ct::grad(loss, {a, b});
        return std::tuple(a, b,
                          ct::function({x}, ct::sum(a * b),
                                       {.updates = {{a, a - 1e-6F * g[0]}, {b, g[1]}},
                                        .threads = threads,
                                        .publish = publish}));
    };
    const auto [a, b, alone] = make(ct::Publish::swap, 1);
    const auto [c, d, step] = make(ct::Publish::in_place, 3);
    CHECK_THAT(step.explain(), contains("  a: in place") && contains("  b: in place"));
    const Array at = Array::normal(3, {3 * block + 5, 300}, DType::f32);
    for (int i = 0; i < 40; ++i)
        CHECK(ct::identical(step(at)[0], alone(at)[0]));
    CHECK(ct::identical(a.value(), c.value()));
    CHECK(ct::identical(b.value(), d.value()));
}

TEST_CASE("checks for NaN and infinities see a column's result when all blocks are in it")
{
    const Variable x = ct::matrix<double>("x", {ct::dim("n"), 3});
    const double infinity = std::numeric_limits<double>::infinity();
    for (const double sign : {1.0, -1.0}) {
        const Variable most = sign > 0 ? ct::max(x, ct::Axis(0)) : ct::min(x, ct::Axis(0));
        const auto f = ct::function({x}, {most}, {.name = "f", .finite_checks = true});
        Array rows = Array::full<double>({5 * block, 3}, 0.5);
        auto view = rows.view<double, 2>();
        for (std::int64_t i = 0; i < 2 * block; ++i)
            view(i, 1) = -sign * infinity;
        CHECK(f(rows)[0].as_double(1) == 0.5);
        for (std::int64_t i = 0; i < 5 * block; ++i)
            view(i, 1) = -sign * infinity;
        CHECK_THROWS_WITH(f(rows), contains("is not finite"));
    }
}
