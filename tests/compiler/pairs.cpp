// Reductions over pairs: several read what one array of all pairs would hold, and none is stored.
#include <croton/croton.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/compare.hpp"

namespace ct = croton;
using ct::Array;
using ct::DType;
using ct::Variable;
using ct::Variables;

namespace {

ct::Function compiled(const Variables& inputs, const Variables& outputs, bool strict = false)
{
    return ct::function(ct::Inputs(inputs), outputs, {.strict = strict});
}

void check(const Variables& inputs, const Variables& outputs, const std::vector<Array>& at)
{
    const std::vector<ct::Any> arguments(at.begin(), at.end());
    const auto plain = ct::function(ct::Inputs(inputs), outputs, {.reference = true});
    const ct::Results expected = plain.call(arguments);
    for (const bool strict : {false, true}) {
        const ct::Results got = compiled(inputs, outputs, strict).call(arguments);
        for (std::size_t k = 0; k < outputs.size(); ++k) {
            INFO("output " << k << (strict ? ", strict" : ""));
            CHECK(croton::test::first_difference(got[k], expected[k], {1e4, 1e-12}) == "");
        }
    }
}

Variable by_rows(const Variable& x) { return ct::expand_dims(x, 1); }

Variable squared_distances(const Variable& p, int axes)
{
    Variable squares = 0.01;
    for (int k = 0; k < axes; ++k)
        squares = squares + square(by_rows(p(ct::_, k)) - p(ct::_, k));
    return squares;
}

/// Bytes of a call's workspace for each of many elements along a symbol.
double bytes_each(const ct::Function& f, const std::string& symbol)
{
    constexpr std::size_t many = 100000;
    return static_cast<double>(f.workspace_bytes({{symbol, many}})) / many;
}

} // namespace

TEST_CASE("pairs: energy of bodies and the forces on them are one loop over pairs")
{
    const auto n = ct::dim("n");
    const auto p = ct::matrix<double>("p", {n, 3}), m = ct::vector<double>("m", {n});
    const Variable pairs = by_rows(m) * m * rsqrt(squared_distances(p, 3));
    const Variable energy = -0.5 * ct::sum(pairs);
    const Variables outputs{energy, ct::grad(energy, p)};
    for (const std::int64_t bodies : {0, 1, 5, 40})
        check({p, m}, outputs,
              {Array::normal(1, {bodies, 3}, DType::f64), Array::uniform(2, {bodies}, DType::f64)});
    CHECK(bytes_each(compiled({p, m}, outputs), "n") < 100);
    // With the order of additions as it is written, pairs are stored.
    CHECK(bytes_each(compiled({p, m}, outputs, true), "n") > 100);
}

TEST_CASE("pairs: columns of pairs that are not symmetric are made again, turned")
{
    const auto n = ct::dim("n"), k = ct::dim("k");
    const auto x = ct::vector<double>("x", {n}), y = ct::vector<double>("y", {k});
    const Variable kernel = exp(-square(by_rows(x) - y)) * by_rows(x);
    const Variables outputs{ct::sum(kernel, 0), ct::sum(kernel, 1), ct::max(kernel, ct::Axis(0)),
                            ct::sum(kernel)};
    for (const auto& [rows, columns] : {std::pair(3, 70), std::pair(70, 3), std::pair(1, 1)})
        check({x, y}, outputs,
              {Array::normal(1, {rows}, DType::f64), Array::normal(2, {columns}, DType::f64)});
    CHECK(compiled({x, y}, outputs).workspace_bytes({{"n", 10000}, {"k", 10000}}) < 1000000);
    // Few pairs stay in the caches: they are not made twice.
    const auto a = ct::input("a", DType::f64, {40}), b = ct::input("b", DType::f64, {50});
    const Variable few = exp(-square(by_rows(a) - b)) * by_rows(a);
    CHECK(compiled({a, b}, {ct::sum(few, 0), ct::sum(few, 1)}).workspace_bytes() >= 40 * 50 * 8);
}

TEST_CASE("pairs: what is the same, opposite or neither with rows and columns exchanged")
{
    const auto x = ct::vector<double>("x", {ct::dim("n")});
    const auto i = ct::vector<std::int64_t>("i", {ct::dim("n")});
    const std::vector<Array> at{Array::normal(1, {33}, DType::f64)};
    const Variable difference = by_rows(x) - x, product = by_rows(x) * x;
    int number = 0;
    for (const Variable& pairs :
         {difference, difference * product, sin(difference), abs(difference) / product,
          product - difference, difference / square(difference - 0.5), maximum(by_rows(x), x),
          where(by_rows(x) < x, product, difference), -difference * 2.0,
          difference * (1.0 + by_rows(x))}) {
        INFO("pairs number " << number++);
        check({x},
              {ct::sum(pairs, 0), ct::sum(pairs, 1), ct::max(pairs, ct::Axis(0)),
               ct::min(pairs, ct::Axis(1)), ct::prod(pairs, 0), ct::sum(pairs)},
              at);
    }
    // The absolute value of a wrapped difference is that difference.
    const auto u = ct::input("u", DType::u8, {ct::dim("n")});
    const Variable wrapped = abs(by_rows(u) - u), both = square(by_rows(u) - u) * (by_rows(u) + u);
    check({u},
          {ct::sum(wrapped, 0), ct::sum(wrapped, 1), ct::max(wrapped, ct::Axis(0)),
           ct::sum(both, 0), ct::sum(both, 1)},
          {Array::uniform(4, {33}, DType::f64, 0, 250).cast(DType::u8)});
    const Variable steps = by_rows(i) - i;
    check({i}, {ct::sum(steps, 0), ct::sum(steps, 1)},
          {Array::uniform(3, {33}, DType::f64, -9, 9).cast(DType::i64)});
}

TEST_CASE("pairs: a matrix among them, and axes beside rows and columns")
{
    const auto n = ct::dim("n");
    const auto x = ct::vector<double>("x", {n}), a = ct::matrix<double>("a", {n, n});
    const Variable weighted = a * exp(by_rows(x) - x);
    check({x, a}, {ct::sum(weighted, 0), ct::sum(weighted, 1), ct::sum(weighted)},
          {Array::normal(1, {20}, DType::f64), Array::normal(2, {20, 20}, DType::f64)});
    // An axis of one element, over which a reduction combines nothing.
    const Variable thin = exp(ct::expand_dims(by_rows(x), 2) - ct::expand_dims(by_rows(x), 0));
    check({x}, {ct::sum(thin), ct::sum(thin, 2), ct::sum(thin, {1, 2})},
          {Array::normal(1, {9}, DType::f64)});
    // Three axes: rows, columns and those of space, which none reduces.
    const auto p = ct::matrix<double>("p", {n, 3});
    const Variable between = ct::expand_dims(p, 1) - p;
    const Variable cubes = between * square(between);
    check({p},
          {ct::sum(cubes, 0), ct::sum(cubes, 1), ct::sum(cubes, {0, 1}), ct::sum(cubes, {0, 2}),
           ct::sum(cubes)},
          {Array::normal(1, {20, 3}, DType::f64)});
}

TEST_CASE("pairs: rows and all of them are reduced in one kernel")
{
    const auto x = ct::input("x", DType::f64, {64});
    const Variable e = exp(by_rows(x) - square(x));
    const Variables outputs{ct::sum(e), ct::max(e, ct::Axis(1)), ct::max(e)};
    check({x}, outputs, {Array::normal(1, {64}, DType::f64)});
    const std::string source(compiled({x}, outputs).source());
    const std::string once = "exp_f64(x";
    const std::size_t at = source.find(once);
    REQUIRE(at != std::string::npos);
    CHECK(source.find(once, at + 1) == std::string::npos);
    CHECK(source.find("max2") == std::string::npos); // rows' maxima serve for all
    // What is no pairs is reduced in its own order, whatever else is.
    const auto m = ct::matrix<double>("m", {ct::dim("n"), ct::dim("k")});
    const std::vector<ct::Any> values{Array::normal(2, {300, 170}, DType::f64)};
    const Variable f = exp(m), total = ct::sum(f);
    const Array alone = compiled({m}, {total}).call(values)[0];
    const Array beside = compiled({m}, {total, ct::sum(f, 1)}).call(values)[0];
    CHECK(croton::test::first_difference(alone, beside, {}) == "");
}
