#include <croton/croton.hpp>

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "support/catch.hpp"

namespace ct = croton;
using ct::Variable;

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
