#include <croton/croton.hpp>

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include "support/catch.hpp"

namespace ct = croton;
using ct::Variable, ct::slice, ct::_;

namespace {

struct Case {
    std::int64_t n0, n1, n2;
    ct::Axis reduced;
};

ct::Options by_references()
{
    ct::Options options;
    options.reference = true;
    return options;
}

/// Sums, extrema and what follows from them, of elements of which each has an operand that is
/// broadcast along some of the reduced axes.
void check(const Case& c, bool known)
{
    CAPTURE(c.n0, c.n1, c.n2, known);
    const auto extent = [&](std::int64_t n, const char* name) {
        return known ? ct::Extent(n) : ct::dim(name);
    };
    const ct::Extent n0 = extent(c.n0, "n"), n1 = extent(c.n1, "c"), n2 = extent(c.n2, "w");
    const auto x = ct::input("x", ct::DType::f64, {n0, n1, n2});
    const auto b = ct::input("b", ct::DType::f64, {n1, 1});
    const Variable low = ct::min(x - b, c.reduced, true);
    const std::vector<Variable> outputs{ct::sum(square(x + b), c.reduced), (x - low) * b};
    const ct::Function f = ct::function({x, b}, outputs, {.cache = false});
    const ct::Function expected = ct::function({x, b}, outputs, by_references());
    const std::string source(f.source());
    CAPTURE(source);
    // A row's place may need one, an element's, which lies in a row or a block, does not.
    for (const char* element : {"mod_i64(j", "mod_i64(i * 16384", " + k, "})
        CHECK(source.find(element) == source.npos);
    const auto xs = ct::Array::normal(1, {c.n0, c.n1, c.n2}, ct::DType::f64);
    const auto bs = ct::Array::normal(2, {c.n1, 1}, ct::DType::f64);
    const auto got = f(xs, bs), wanted = expected(xs, bs);
    for (std::size_t k = 0; k < got.size(); ++k)
        for (std::int64_t i = 0; i < wanted[k].size(); ++i)
            if (got[k].as_double(i) != Approx(wanted[k].as_double(i)).epsilon(1e-13))
                FAIL_CHECK("output " << k << ", element " << i);
}

} // namespace

TEST_CASE("a reduction of several axes divides for no element of a broadcast operand")
{
    const ct::Axis behind{1, 2};
    for (const bool known : {false, true}) {
        for (const auto& [n0, n1, n2] : std::vector<std::tuple<int, int, int>>{
                 {5, 7, 100}, {20, 3, 10}, {1, 1, 1}, {0, 3, 4}, {3, 5, 1}, {2, 40, 33}})
            check({n0, n1, n2, behind}, known);
    }
}

TEST_CASE("so does one of all axes, which is made in blocks")
{
    for (const bool known : {false, true})
        for (const auto& [n0, n1, n2] : std::vector<std::tuple<int, int, int>>{
                 {40, 7, 100}, {3000, 3, 4}, {2, 9, 5000}, {17, 30, 64}, {33, 2, 2}})
            check({n0, n1, n2, {0, 1, 2}}, known);
}

TEST_CASE("lanes inside a fourth loop have an index of their own")
{
    const auto dims = [](const char* a, const char* b, const char* c) {
        return ct::Shape{ct::dim(a), ct::dim(b), ct::dim(c)};
    };
    const ct::Shape xs = dims("a", "c", "e"), ys = dims("b", "d", "e");
    const auto x = ct::input("x", ct::DType::f64, xs);
    const auto y = ct::input("y", ct::DType::f64, {ys[0], ys[1], xs[2]});
    const auto product = expand_dims(x, ct::Axis({1, 3})) * expand_dims(y, ct::Axis({0, 2}));
    const ct::Variable z = sum(product, ct::Axis(4)); // (a, b, c, d): no two loops are one
    const ct::Array at_x = ct::Array::uniform(1, {2, 3, 20}, ct::DType::f64);
    const ct::Array at_y = ct::Array::uniform(2, {4, 5, 20}, ct::DType::f64);
    const ct::Function f = ct::function({x, y}, {z});
    const ct::Array got = f(at_x, at_y)[0];
    const ct::Array wanted = ct::function({x, y}, {z}, by_references())(at_x, at_y)[0];
    for (std::int64_t i = 0; i < wanted.size(); ++i)
        CHECK(got.as_double(i) == Approx(wanted.as_double(i)).epsilon(1e-13));
}

TEST_CASE("a chain of reductions over rows computes nothing dear twice")
{
    const auto x = ct::input("x", ct::DType::f64, {ct::dim("n"), 33});
    const auto chain = [&](int length) {
        Variable y = x;
        for (int i = 0; i < length; ++i) {
            const Variable z = sin(y * 0.9 + 0.01 * i);
            y = z - ct::mean(z, -1, true);
        }
        return y;
    };
    const auto flops_of = [](const ct::Function& f) {
        const std::string text = f.explain();
        const std::size_t at = text.find("*n flops");
        REQUIRE(at != std::string::npos);
        return std::stol(text.substr(text.rfind(' ', at) + 1));
    };
    const ct::Array at = ct::Array::normal(1, {5, 33}, ct::DType::f64);
    for (const bool summed : {false, true}) { // into an output of its own, or an array made for it
        CAPTURE(summed);
        std::vector<long> flops;
        for (const int length : {4, 8, 16}) {
            const Variable y = summed ? ct::sum(square(chain(length)), -1) : chain(length);
            const ct::Function f = ct::function({x}, {y}, {.cache = false});
            flops.push_back(flops_of(f));
            CHECK((f.explain().find("operations to compute each") != std::string::npos) == summed);
            const ct::Array got = f(at)[0];
            const ct::Array wanted = ct::function({x}, {y}, by_references())(at)[0];
            for (std::int64_t i = 0; i < wanted.size(); ++i)
                CHECK(got.as_double(i) == Approx(wanted.as_double(i)).epsilon(1e-12));
        }
        CHECK(static_cast<double>(flops[1]) < 2.1 * static_cast<double>(flops[0]));
        CHECK(static_cast<double>(flops[2]) < 2.1 * static_cast<double>(flops[1]));
    }
}

TEST_CASE("an array carries a value while another root that reads it may be computed again")
{
    // z is read in three passes; w, which has no array, is computed from it in the last one.
    const auto x = ct::input("x", ct::DType::f32, {ct::dim("n"), 40});
    const Variable z = exp(sin(x));
    const Variable a = ct::sum(z, -1, true), w = exp(z / a), b = ct::sum(w, -1, true);
    const Variable y = w / b, c = ct::max(y, -1, true);
    const std::vector<Variable> outputs{y, ct::sum(w / c, -1), (z - c).named("late")};
    const ct::Array at = ct::Array::normal(1, {6, 40}, ct::DType::f32);
    const ct::Function f = ct::function({x}, outputs, {.cache = false});
    const auto got = f(at), wanted = ct::function({x}, outputs, by_references())(at);
    for (std::size_t k = 0; k < outputs.size(); ++k)
        for (std::int64_t i = 0; i < wanted[k].size(); ++i)
            CHECK(got[k].as_double(i) == Approx(wanted[k].as_double(i)).epsilon(1e-5));
}

TEST_CASE("extents and arrays may be called as what a kernel names by itself")
{
    for (const char* name : {"t0", "t7", "s0", "s1", "end0", "full", "stop", "hard", "l", "j0"}) {
        CAPTURE(name);
        const ct::Extent n = ct::dim(name);
        const auto x = ct::input("x", ct::DType::f32, {n, n});
        const auto b = ct::input(name, ct::DType::f32, {n});
        const std::vector<Variable> outputs{ct::logsumexp(x, 0), ct::sum(x * b), exp(x + b)};
        const ct::Array at = ct::Array::normal(1, {19, 19}, ct::DType::f32);
        const ct::Array bs = ct::Array::normal(2, {19}, ct::DType::f32);
        const ct::Function f = ct::function({x, b}, outputs);
        const auto got = f(at, bs), wanted = ct::function({x, b}, outputs, by_references())(at, bs);
        for (std::size_t k = 0; k < outputs.size(); ++k)
            for (std::int64_t i = 0; i < wanted[k].size(); ++i)
                CHECK(got[k].as_double(i) == Approx(wanted[k].as_double(i)).epsilon(1e-4));
    }
}

TEST_CASE("an op that is computed twice for large arguments takes the same sum both times")
{
    for (const bool known : {true, false}) {
        const auto x = ct::input("x", ct::DType::f32, {3, known ? ct::Extent(50) : ct::dim("n")});
        const Variable s = ct::sum(x, 1), m = ct::mean(x, 1);
        const std::vector<Variable> outputs{sin(s), cos(m),      tan(s),
                                            s % 3,  s % (m + 3), sin(s) * cos(s)};
        const auto xs = ct::Array::normal(3, {3, 50});
        for (const Variable& y : outputs) { // each in a kernel of its own
            const auto got = ct::function({x}, y, {.cache = false})(xs)[0];
            const auto wanted = ct::function({x}, y, by_references())(xs)[0];
            for (std::int64_t i = 0; i < 3; ++i)
                CHECK(got.as_double(i) == Approx(wanted.as_double(i)).epsilon(1e-4));
        }
    }
}

TEST_CASE("reductions of several dtypes over an axis that is not the last, in one kernel")
{
    for (const ct::DType t : {ct::DType::bf16, ct::DType::f16, ct::DType::i16, ct::DType::f64}) {
        const auto x = ct::input("x", t, {19, 5});
        const std::vector<Variable> outputs{ct::any(x, 0), ct::min(x, ct::Axis(0)),
                                            ct::argmax(x, 0), ct::max(x, ct::Axis(0), true)};
        const auto xs = (ct::Array::normal(4, {19, 5}, ct::DType::f32)).cast(t);
        const auto got = ct::function({x}, outputs, {.cache = false})(xs);
        const auto wanted = ct::function({x}, outputs, by_references())(xs);
        for (std::size_t k = 0; k < outputs.size(); ++k)
            for (std::int64_t i = 0; i < 5; ++i)
                CHECK(got[k].as_double(i) == wanted[k].as_double(i));
    }
}

TEST_CASE(
    "16-bit sums over columns, each in loops of its own, write over nothing that a later one reads")
{
    const auto x = ct::input("x", ct::DType::bf16, {ct::dim("n"), ct::dim("n")});
    const Variable top = ct::max(x, ct::Axis{0}) - 1;
    const Variable below = sum((top < x).as(ct::DType::bf16), ct::Axis{0});
    const Variable y = below - 100 * sum((top >= x).as(ct::DType::bf16), ct::Axis{0});
    const ct::Function f = ct::function({x}, {y}, {.cache = false});
    const ct::Function expected = ct::function({x}, {y}, by_references());
    const auto xs = ct::Array::normal(3, {7, 7}, ct::DType::f64).cast(ct::DType::bf16);
    const ct::Array got = f(xs)[0], wanted = expected(xs)[0];
    for (std::int64_t i = 0; i < 7; ++i)
        CHECK(got.as_double(i) == wanted.as_double(i));
}

TEST_CASE("a long sum that is converted does not lie in the memory of another type")
{
    const auto x = ct::input("x", ct::DType::i64, {ct::dim("n"), ct::dim("m")});
    const Variable y = ct::one_hot(ct::stddev(x).as(ct::DType::i64) % 2, 2);
    ct::Array xs = ct::Array::zeros(ct::DType::i64, {3, 4});
    for (int i = 0; i < 12; ++i)
        static_cast<std::int64_t*>(xs.data())[i] = 100 * i;
    const auto got = ct::function({x}, y, {.cache = false})(xs)[0];
    const auto wanted = ct::function({x}, y, by_references())(xs)[0];
    for (std::int64_t i = 0; i < 2; ++i)
        CHECK(got.as_double(i) == wanted.as_double(i));
}

TEST_CASE("rows below axes whose extents are sums know what was reduced")
{
    const auto n = ct::dim("n");
    for (int rank = 2; rank <= 4; ++rank) {
        const auto axes = static_cast<std::size_t>(rank);
        const auto x = ct::input("x", ct::DType::f64, ct::Shape(axes, n));
        const Variable padded = ct::pad(x, ct::Shape(axes, 1), ct::Shape(axes, 2));
        for (const Variable& y : {x(ct::slice(1, ct::_)), padded,
                                  ct::tile(x(ct::slice(1, ct::_)), ct::Shape(axes, 2))}) {
            const Variable out = ct::log_softmax(y, rank - 1);
            const auto xs =
                ct::Array::normal(5, std::vector<std::int64_t>(axes, 4), ct::DType::f64);
            const auto got = ct::function({x}, out, {.cache = false})(xs)[0];
            const auto wanted = ct::function({x}, out, by_references())(xs)[0];
            for (std::int64_t i = 0; i < wanted.size(); ++i)
                CHECK(got.as_double(i) == Approx(wanted.as_double(i)).epsilon(1e-10));
        }
    }
}

TEST_CASE("columns, inside a loop or not, look at each argument of a fast form")
{
    for (const ct::DType t : {ct::DType::f32, ct::DType::f64})
        for (const std::int64_t rows : {3, 19, 2060})
            for (const std::int64_t blocks : {1, 3}) {
                CAPTURE(name(t), rows, blocks);
                const auto x = ct::input("x", t, {blocks, ct::dim("n"), 5});
                const std::vector<Variable> outputs{
                    ct::sum(sin(x), ct::Axis{1}), ct::sum(cos(x * x) + tan(x), ct::Axis{1}),
                    ct::max(sin(x * x) % 0.3 % (x + 2), ct::Axis{1})};
                ct::Array xs = ct::Array::uniform(6, {blocks, rows, 5}, ct::DType::f64).clone();
                for (std::int64_t at = 3; at < xs.size(); at += 31) // in few lanes
                    static_cast<double*>(xs.data())[at] = 0x1p40;
                const ct::Array at = xs.cast(t);
                const auto got = ct::function({x}, outputs, {.cache = false})(at);
                const auto wanted = ct::function({x}, outputs, by_references())(at);
                for (std::size_t k = 0; k < outputs.size(); ++k)
                    for (std::int64_t i = 0; i < wanted[k].size(); ++i)
                        CHECK(got[k].as_double(i) == Approx(wanted[k].as_double(i)).epsilon(1e-4));
            }
}

TEST_CASE("a long literal is in the shorter last block of a row what it is in the others")
{
    const ct::Extent n = ct::dim("n"), m = ct::dim("m");
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const auto check = [&](ct::DType t, const std::function<Variable(const Variable&)>& make) {
        const auto x = ct::input("x", t, {n, m});
        const std::vector<Variable> outputs{ct::sum(exp(make(x)), 1), ct::max(make(x), ct::Axis{1}),
                                            ct::softmax(make(x), 1)};
        const auto xs = ct::Array::normal(1, {2, 70}, t);
        const auto got = ct::function({x}, outputs, {.cache = false})(xs);
        const auto wanted = ct::function({x}, outputs, by_references())(xs);
        for (std::size_t k = 0; k < got.size(); ++k)
            for (std::int64_t i = 0; i < wanted[k].size(); ++i)
                CHECK(got[k].as_double(i) == Approx(wanted[k].as_double(i)).epsilon(0.02));
    };
    for (const ct::DType t : {ct::DType::f16, ct::DType::bf16, ct::DType::f32, ct::DType::f64}) {
        CAPTURE(name(t));
        check(t, [&](const Variable& x) { return where(x > 0, x, -infinity); });
        check(t, [&](const Variable& x) {
            return ct::clip(x * 0.12345678901234567, -0.98765432109876543, 0.65432109876543219) /
                   1.2345678901234567;
        });
    }
}

namespace {

/// The element that is sought stands at each place of a row, or of a column, in turn; one behind it
/// is as good.
void check_positions(ct::DType dtype, double least, double sought, bool largest, std::int64_t n)
{
    CAPTURE(name(dtype), least, sought, largest, n);
    const auto x = ct::input("x", dtype, {ct::dim("rows"), ct::dim("n")});
    const auto position = [&](int axis) {
        return largest ? ct::argmax(x, axis) : ct::argmin(x, axis);
    };
    const ct::Function f = ct::function({x}, {position(1)}), g = ct::function({x}, {position(0)});
    std::vector<double> rows, columns;
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j < n; ++j) {
            const auto element = [&](std::int64_t at) { return at >= 0 && at % 7 == 0; };
            rows.push_back(element(j - i) ? sought : least);
            columns.push_back(element(i - j) ? sought : least);
        }
    const ct::Array of_rows = f(ct::Array::copy(rows).reshape({n, n}).cast(dtype))[0];
    const ct::Array of_columns = g(ct::Array::copy(columns).reshape({n, n}).cast(dtype))[0];
    for (std::int64_t i = 0; i < n; ++i) {
        if (of_rows.as_int(i) != i) FAIL_CHECK("row " << i);
        if (of_columns.as_int(i) != i) FAIL_CHECK("column " << i);
    }
}

} // namespace

TEST_CASE("the position of an extremum is its first, wherever in the lanes or rows that is")
{
    constexpr double infinity = std::numeric_limits<double>::infinity();
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    using enum ct::DType;
    for (const ct::DType t : {f16, bf16, f32, f64, i8, i16, i32, i64, u8, u16, u32, u64, boolean})
        for (const std::int64_t n : {1, 3, 15, 16, 17, 32, 33, 100}) {
            check_positions(t, 0, 1, true, n);
            check_positions(t, 1, 0, false, n);
            if (t == u64) { // also from 2^63 on
                check_positions(t, 1, 0x1p+63, true, n);
                check_positions(t, 0x1p+63, 0x1p+62, false, n);
            }
            if (ct::is_unsigned(t) || t == boolean) continue;
            check_positions(t, -1, 1, true, n);
            check_positions(t, 1, -1, false, n);
            if (!ct::is_float(t)) continue;
            check_positions(t, -infinity, -1e4, true, n);
            check_positions(t, infinity, 1e4, false, n);
            for (const double other : {infinity, -infinity, 0.0}) {
                check_positions(t, other, nan, true, n);
                check_positions(t, other, nan, false, n);
            }
        }
    const auto x = ct::input("x", ct::DType::f32, {ct::dim("rows"), ct::dim("n")});
    const ct::Function f = ct::function({x}, {ct::argmax(x, 1), ct::argmin(x, 1)});
    for (const double same : {-infinity, infinity, nan, 0.0}) {
        const auto positions =
            f(ct::Array::copy(std::vector<double>(50, same)).reshape({1, 50}).cast(ct::DType::f32));
        CHECK(positions[0].as_double(0) == 0);
        CHECK(positions[1].as_double(0) == 0);
    }
}

TEST_CASE("prefixes along any axis, from either end, of every dtype")
{
    // Small whole numbers, whose sums and products every float here holds.
    std::vector<double> numbers;
    for (int i = 0; i < 5 * 7 * 9; ++i)
        numbers.push_back(i % 11 == 3 ? 2 : i % 13 == 5 ? -1 : 1);
    const std::vector<std::vector<std::int64_t>> shapes = {{5, 7, 9}, {1, 1, 1}, {0, 3, 2},
                                                           {3, 0, 2}, {3, 2, 0}, {2, 1, 40}};
    using enum ct::DType;
    for (const ct::DType t : {f16, bf16, f32, f64, i8, i16, i32, i64, u8, u16, u32, u64, boolean})
        for (const int axis : {0, 1, 2})
            for (const bool reverse : {false, true}) {
                CAPTURE(name(t), axis, reverse);
                const auto x = ct::input("x", t, {ct::dim("n"), ct::dim("c"), ct::dim("w")});
                const std::vector<Variable> outputs{ct::cumsum(x, axis, reverse),
                                                    ct::cumprod(x, axis, reverse)};
                const ct::Function f = ct::function({x}, outputs);
                const ct::Function expected = ct::function({x}, outputs, by_references());
                for (const auto& shape : shapes) {
                    const std::int64_t n = shape[0] * shape[1] * shape[2];
                    const std::vector<double> part(numbers.begin(), numbers.begin() + n);
                    const ct::Array at = ct::Array::copy(part).reshape(shape).cast(t);
                    const auto got = f(at), wanted = expected(at);
                    for (std::size_t k = 0; k < got.size(); ++k)
                        for (std::int64_t i = 0; i < wanted[k].size(); ++i)
                            if (got[k].as_double(i) != wanted[k].as_double(i))
                                FAIL_CHECK("output " << k << ", element " << i);
                }
            }
}

TEST_CASE("a prefix goes where its operand lay")
{
    const auto x = ct::input("x", ct::DType::f64, {ct::dim("n"), 20});
    const Variable across = ct::cumsum(x, 1); // stored, as is its sum downwards
    const Variable y = ct::cumprod(ct::cumsum(across, 0), 1).named("y");
    const ct::Function f = ct::function({x}, {y}, {.cache = false});
    CHECK(f.source().find("running_1(n, y);") != std::string::npos); // one pointer for both
    const auto at = ct::Array::normal(1, {30, 20}, ct::DType::f64);
    const ct::Array got = f(at)[0], wanted = ct::function({x}, {y}, by_references())(at)[0];
    for (std::int64_t i = 0; i < wanted.size(); ++i)
        CHECK(got.as_double(i) == Approx(wanted.as_double(i)).epsilon(1e-12));
}

TEST_CASE("extrema of rows of any length, an element of which is taken twice or not")
{
    using enum ct::DType;
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    for (const ct::DType t : {f16, f32, f64, i8, i32, i64, u64})
        for (const bool known : {true, false})
            for (const std::int64_t n : {1, 15, 16, 17, 31, 33, 65}) {
                if (known && n != 15 && n != 33) continue; // each is compiled anew
                CAPTURE(name(t), known, n);
                const auto x =
                    ct::input("x", t, {ct::dim("rows"), known ? ct::Extent(n) : ct::dim("n")});
                const std::vector<Variable> outputs{ct::max(x, ct::Axis{1}),
                                                    ct::min(x, ct::Axis{1}),
                                                    ct::any(x, 1),
                                                    ct::all(x, 1),
                                                    ct::argmax(x, 1),
                                                    ct::argmin(x, 1),
                                                    ct::max(ct::square(x), ct::Axis{1}),
                                                    ct::logsumexp(x, 1),
                                                    ct::max(sin(x * 100), ct::Axis{1})};
                std::vector<double> values;
                for (std::int64_t i = 0; i < 5 * n; ++i)
                    values.push_back(static_cast<double>(i * 37 % 23) - 11);
                if (ct::is_float(t)) // in the last block, in the first, and two in a row
                    for (const std::int64_t at : {5 * n - 1, 2 * n, 3 * n, 4 * n - 1})
                        values[static_cast<std::size_t>(at)] = nan;
                const auto xs = ct::Array::copy(values).reshape({5, n}).cast(t);
                for (const Variable& y : outputs) {
                    const ct::Array got = ct::function({x}, y)(xs)[0];
                    const ct::Array wanted = ct::function({x}, y, by_references())(xs)[0];
                    for (std::int64_t i = 0; i < 5; ++i) {
                        const double a = got.as_double(i), b = wanted.as_double(i);
                        if (std::isnan(b) ? !std::isnan(a) : a != Approx(b).epsilon(1e-3))
                            FAIL_CHECK(i << ": " << a << ", not " << b);
                    }
                }
            }
}

TEST_CASE("sums of long f32 rows keep their digits")
{
    // In sequence, the lanes' sums of equal terms would be off by 1.1e-4.
    constexpr std::int64_t count = 3'000'005;
    const ct::Array row = ct::Array::copy(std::vector<float>(count, 0.1f)).reshape({1, count});
    for (const ct::Extent& n : {ct::Extent(count), ct::dim("n")}) {
        CAPTURE(to_string(n));
        const Variable m = ct::input("m", ct::DType::f32, {ct::dim("rows"), n});
        const Variable wide = m.as(ct::DType::f64); // two dtypes' lanes in one loop
        const ct::Results got = ct::function(
            {m}, {sum(m, 1), sum(wide, 1), sum(square(m), 1), max(m, ct::Axis{1})})(row);
        const auto terms = static_cast<double>(count), tenth = static_cast<double>(0.1f);
        CHECK(std::abs(got[0].as_double(0) / (terms * tenth) - 1) < 1e-5);
        CHECK(std::abs(got[1].as_double(0) / (terms * tenth) - 1) < 1e-13);
        CHECK(std::abs(got[2].as_double(0) / (terms * tenth * tenth) - 1) < 1e-5);
        CHECK(got[3].as_double(0) == tenth);
    }
}

TEST_CASE("so do those of many rows, of which each is a loop of its own")
{
    // In sequence, the rows' sums would be off by 4e-3.
    constexpr std::int64_t rows = 2'000'000;
    const ct::Array values =
        ct::Array::copy(std::vector<float>(3 * rows, 0.1f)).reshape({1, rows, 3});
    for (const ct::Extent& n : {ct::Extent(rows), ct::dim("n")}) {
        CAPTURE(to_string(n));
        const Variable x = ct::input("x", ct::DType::f32, {ct::dim("m"), n, 3});
        const Variable b = ct::input("b", ct::DType::f32, {3});
        const ct::Results got =
            ct::function({x, b}, {sum(x + b, ct::Axis{1, 2}), sum(x * b, ct::Axis{1, 2}),
                                  sum(x(_, _, slice(_, _, -1)), ct::Axis{1, 2})})(
                values, ct::Array::full<float>({3}, 1));
        const double exact = 3 * static_cast<double>(rows) * static_cast<double>(0.1f);
        CHECK(std::abs(got[0].as_double(0) / (exact * 11) - 1) < 5e-5);
        CHECK(std::abs(got[1].as_double(0) / exact - 1) < 5e-5);
        CHECK(std::abs(got[2].as_double(0) / exact - 1) < 5e-5);
    }
}
