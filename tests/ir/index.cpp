// Indexing, against what NumPy gives for the same expressions.
#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/reference.hpp>

#include "support/catch.hpp"

namespace ct = croton;
using ct::_, ct::newaxis, ct::ellipsis, ct::slice, ct::Variable;

namespace {

ct::Array value(const Variable& y) { return ct::evaluate_reference({}, {}, std::span(&y, 1))[0]; }

std::vector<std::int64_t> numbers(const ct::Array& a)
{
    std::vector<std::int64_t> all;
    for (std::int64_t i = 0; i < a.size(); ++i)
        all.push_back(a.as_int(i));
    return all;
}

Variable array(std::vector<std::int64_t> values)
{
    return ct::Array::copy(ct::View<std::int64_t>(values));
}

const Variable x = ct::arange(24).reshape({2, 3, 4});
const Variable r = array({1, 0, -1});
const Variable c = array({3, 1, 0});
const Variable m = array({0, 1, 1, 0}).reshape({2, 2});

using Numbers = std::vector<std::int64_t>;

void check(const Variable& y, const Numbers& shape, const Numbers& elements)
{
    const ct::Array a = value(y);
    CHECK(Numbers(a.shape().begin(), a.shape().end()) == shape);
    CHECK(numbers(a) == elements);
}

} // namespace

TEST_CASE("indices mean what NumPy's mean")
{
    check(x(0), {3, 4}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
    check(x(-1, _, 2), {3}, {14, 18, 22});
    check(x(_, slice(1, _), slice(_, _, 2)), {2, 2, 2}, {4, 6, 8, 10, 16, 18, 20, 22});
    check(x(ellipsis, 0), {2, 3}, {0, 4, 8, 12, 16, 20});
    check(x(newaxis, 1, ellipsis, newaxis), {1, 3, 4, 1},
          {12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23});
    check(x(_, 1, slice(_, _, -1)), {2, 4}, {7, 6, 5, 4, 19, 18, 17, 16});
    check(x(_, slice(5, 9)), {2, 0, 4}, {});
    check(x(_, slice(-2, -1)), {2, 1, 4}, {4, 5, 6, 7, 16, 17, 18, 19});
    check(x(_, _, slice(2, 0, -1)), {2, 3, 2}, {2, 1, 6, 5, 10, 9, 14, 13, 18, 17, 22, 21});
    check(x(_, _, slice(_, 0, -2)), {2, 3, 2}, {3, 1, 7, 5, 11, 9, 15, 13, 19, 17, 23, 21});
    check(x(_, _, slice(3, 1)), {2, 3, 0}, {});
    check(x(m, 0), {2, 2, 4}, {0, 1, 2, 3, 12, 13, 14, 15, 12, 13, 14, 15, 0, 1, 2, 3});
    check(x(1, r), {3, 4}, {16, 17, 18, 19, 12, 13, 14, 15, 20, 21, 22, 23});
    check(x(_, r, c), {2, 3}, {7, 1, 8, 19, 13, 20});
    check(x(0, _, c), {3, 3}, {3, 7, 11, 1, 5, 9, 0, 4, 8});
    check(x(m, _, c(slice(_, 2))), {2, 2, 3}, {3, 7, 11, 13, 17, 21, 15, 19, 23, 1, 5, 9});
    check(x(m(0), newaxis, r(slice(_, 2))), {2, 1, 4}, {4, 5, 6, 7, 12, 13, 14, 15});
    check(x(_, slice(_, 2), c), {2, 2, 3}, {3, 1, 0, 7, 5, 4, 15, 13, 12, 19, 17, 16});
    check(x(newaxis, _, r, c), {1, 2, 3}, {7, 1, 8, 19, 13, 20});
    check(x(_, r, newaxis, slice(1, 3)), {2, 3, 1, 2}, {5, 6, 1, 2, 9, 10, 17, 18, 13, 14, 21, 22});
}

TEST_CASE("set and add change what the index names, as NumPy's assignment does")
{
    const Variable y = ct::arange(6).reshape({2, 3});
    check(y.set({0}, 9), {2, 3}, {9, 9, 9, 3, 4, 5});
    check(y.set({_, slice(1, _)}, array({7, 8})), {2, 3}, {0, 7, 8, 3, 7, 8});
    check(y.set({_, slice(_, _, -2)}, array({1, 2}).reshape({2, 1})), {2, 3}, {1, 1, 1, 2, 4, 2});
    check(y.add({1, 2}, 10), {2, 3}, {0, 1, 2, 3, 4, 15});
    check(y.add({array({0, 0, 1}), array({1, 1, -1})}, 5), {2, 3}, {0, 11, 2, 3, 4, 10});
    check(y.set({array({1, 1})}, array({1, 2, 3, 4, 5, 6}).reshape({2, 3})), {2, 3},
          {0, 1, 2, 4, 5, 6});
    check(y.set({slice(1, _), array({0, 2})}, array({8, 9})), {2, 3}, {0, 1, 2, 8, 4, 9});
}

TEST_CASE("a 0-d integer expression takes one element and drops the axis")
{
    const Variable i = ct::scalar<std::int64_t>("i");
    const Variable y = x(i + 1);
    CHECK(to_string(y.shape()) == "(3, 4)");
    const ct::Array zero = ct::Array::scalar(std::int64_t{-1});
    CHECK(value(x(0)).as_int(5) ==
          ct::evaluate_reference(std::span(&i, 1), std::span(&zero, 1), std::span(&y, 1))[0].as_int(
              5));
}

TEST_CASE("slices of symbolic extents stay affine, and what they assume is required")
{
    const ct::Extent n = ct::dim("n");
    const Variable v = ct::vector<double>("v", {n});
    const auto shape = [](const Variable& y) { return to_string(y.shape()); };
    CHECK(shape(v(slice(1, _))) == "(n - 1)");
    CHECK(shape(v(slice(0, -1))) == "(n - 1)");
    CHECK(shape(v(slice(_, _, -1))) == "(n)");
    CHECK(shape(v(slice(_, _, 2))) == "(floor_div(n + 1, 2))");
    CHECK(shape(v(slice(n - 2, n))) == "(2)");
    CHECK(shape(v(-1)) == "()");
    CHECK(v(slice(1, _)).owner().requirements().size() == 1);
    CHECK(failure_text(v(slice(1, _)).owner().requirements()[0], 1, 0) ==
          "index on axis 0 of (n) needs n >= 1, n is 0");
    CHECK(v(slice(2, _, 2)).owner().requirements().size() == 1);
    CHECK(v(slice(_, _, 2)).owner().requirements().empty());
    const Variable longer = ct::vector<double>("w", {n + 1});
    CHECK(longer(slice(1, _)).owner().requirements().empty());
    CHECK(longer(-1).owner().requirements().empty());
    CHECK(same(v(_), v));
    CHECK(shape(longer(slice(1, _)) - v) == "(n)");
}
