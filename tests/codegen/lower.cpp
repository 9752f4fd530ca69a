// What clusters become: the loop nests themselves, before any text. Needs no compiler.
#include <croton/codegen/lower.hpp>
#include <croton/ir/ops.hpp>
#include <croton/passes/grad.hpp>

#include <string>
#include <variant>
#include <vector>

#include "codegen/expanded.hpp"
#include "codegen/nest_outline.hpp"
#include "support/catch.hpp"

namespace ct = croton;
using croton::test::expanded;
using croton::test::nests_of;
using croton::test::outline;
using croton::test::outlines;
using croton::test::problems;
using ct::Variable;
using ct::Variables;
using ct::codegen::Loop;
using ct::codegen::LoopNest;
using ct::codegen::Lowered;

namespace {

const ct::Extent n = ct::dim("n"), m = ct::dim("m");

Variable matrix_x() { return ct::matrix<float>("x", {n, m}); }

} // namespace

TEST_CASE("a map of neighbouring axes is one loop over lanes that threads may share")
{
    const Variable x = matrix_x();
    CHECK(outlines({(exp(x) * 2 + x).named("y")}) == R"(
lanes i < n*m, parallel
  v0 = x[i]
  v1 = exp(v0)
  v2 = mul(v1, 2.0)
  v3 = add(v2, v0)
  y[i] = v3
)");
    const Variable known = ct::input("a", ct::DType::f32, {3, 5});
    CHECK(outlines({(known + 1).named("y")}) == R"(
lanes i < 15, parallel
  v0 = a[i]
  v1 = add(v0, 1.0)
  y[i] = v1
)");
}

TEST_CASE("a scalar program has no loop, and an index is a value")
{
    CHECK(outlines({(exp(ct::scalar<double>("s")) * 2).named("y")}) == R"(
v0 = s[0]
v1 = exp(v0)
v2 = mul(v1, 2.0)
y[0] = v2
)");
    CHECK(outlines({(ct::arange(n) * 2).named("y")}) == R"(
lanes i < n, parallel
  v0 = index i
  v1 = mul(v0, 2)
  y[i] = v1
)");
}

TEST_CASE("what does not depend on an inner index is computed outside its loop")
{
    const Variable x = matrix_x();
    const Variable r = ct::vector<float>("r", {m});
    const Variable c = ct::input("c", ct::DType::f32, {n, 1});
    CHECK(outlines({(x * (r + 1) + exp(c)).named("y")}) == R"(
serial i < n, parallel
  v0 = c[i]
  v1 = exp(v0)
  lanes j < m
    v2 = x[i*m + j]
    v3 = r[j]
    v4 = add(v3, 1.0)
    v5 = mul(v2, v4)
    v6 = add(v5, v1)
    y[i*m + j] = v6
)");
}

TEST_CASE("every scalar has a dtype of its own: conversions, and 16-bit floats in f32")
{
    const Variable h = ct::input("h", ct::DType::f16, {n});
    const Variables y{(h * 2 + ct::vector<double>("d", {n})).named("y")};
    CHECK(outlines(y) == R"(
lanes i < n, parallel
  v0 = h[i]
  v1 = mul(v0, 2.0)
  v2 = cast(v1)
  v3 = d[i]
  v4 = add(v2, v3)
  y[i] = v4
)");
    std::vector<ct::DType> dtypes;
    const LoopNest nest = nests_of(y)[0];
    for (const auto& s : nest.scalars)
        dtypes.push_back(s.dtype);
    using enum ct::DType;
    CHECK(dtypes == std::vector{f32, f32, f32, f64, f64, f64});
}

TEST_CASE(
    "a reduction of rows is a loop over lanes with an accumulator, its result stored after it")
{
    const Variable x = matrix_x();
    const Variables y{sum(x, ct::Axis{1}).named("y")};
    CHECK(outlines(y) == R"(
serial i < n, parallel
  lanes j < m
    v0 = x[i*m + j]
    v1 = sum of v0
  y[i] = v1
)");
    const LoopNest nest = nests_of(y)[0];
    CHECK(nest.buffers[0].access == ct::codegen::Buffer::Access::read);
    CHECK(nest.buffers[1].access == ct::codegen::Buffer::Access::write);
    CHECK(nest.partials.empty());
    CHECK(outlines({argmax(x, 1).named("y")}) == R"(
serial i < n, parallel
  lanes j < m
    v0 = x[i*m + j]
    v1 = argmax of v0
  y[i] = v1
)");
}

TEST_CASE(
    "softmax is three passes over a row inside one loop; exp is kept where the result will be")
{
    CHECK(outlines({softmax(matrix_x()).named("y")}) == R"(
serial i < n, parallel
  lanes j < m
    v0 = x[i*m + j]
    v1 = max_number of v0
  v2 = greater(v1, -inf)
  v3 = where(v2, v1, 0.0)
  lanes j < m
    v4 = x[i*m + j]
    v5 = sub(v4, v3)
    v6 = exp(v5)
    y[i*m + j] = v6
    v7 = sum of v6
  v8 = equal(v7, 0.0)
  v9 = where(v8, 1.0, v7)
  v10 = div(1.0, v9)
  lanes j < m
    v11 = y[i*m + j]
    v12 = mul(v11, v10)
    y[i*m + j] = v12
)");
}

TEST_CASE("lanes go across rows that are short")
{
    const Variable a = ct::input("a", ct::DType::f32, {n, 4});
    CHECK(outlines({(a / sum(a, ct::Axis{1}, true)).named("y")}) == R"(
lanes i < n, parallel
  unrolled j < 4
    v0 = a[4*i + j]
    v1 = sum of v0
  unrolled j < 4
    v2 = a[4*i + j]
    v3 = div(v2, v1)
    y[4*i + j] = v3
)");
}

TEST_CASE("several outputs of different depth share one outer loop and one reading")
{
    const Variable x = matrix_x();
    CHECK(outlines({(x + 1).named("a"), sum(x, ct::Axis{1}).named("b"),
                    (exp(x) / sum(exp(x), 1, true)).named("c")}) == R"(
serial i < n, parallel
  lanes j < m
    v0 = x[i*m + j]
    v1 = add(v0, 1.0)
    a[i*m + j] = v1
    v2 = exp(v0)
    v3 = sum of v0
    v4 = sum of v2
  b[i] = v3
  lanes j < m
    v5 = x[i*m + j]
    v6 = exp(v5)
    v7 = div(v6, v4)
    c[i*m + j] = v7
)");
}

TEST_CASE("reductions of columns read rows in sequence, several of them at once")
{
    const Variable x = ct::input("x", ct::DType::f32, {1024, m});
    CHECK(outlines({sum(x, ct::Axis{0}).named("y"), max(x * x, ct::Axis{0}).named("z")}) == R"(
columns k < m over rows j < 1024
  v0 = x[j*m + k]
  v1 = mul(v0, v0)
  y[k] = sum of v0
  z[k] = max of v1
)");
    const Variable a = ct::input("a", ct::DType::f32, {n, 3, m});
    CHECK(outlines({sum(a, ct::Axis{1}).named("y")}) == R"(
serial i < n, parallel
  columns k < m over rows j < 3
    v0 = a[3*i*m + j*m + k]
    y[i*m + k] = sum of v0
)");
    const Variable s = ct::input("s", ct::DType::i16, {1024, m});
    CHECK(outlines({min(s, ct::Axis{0}).named("y")}) == R"(
columns k < m over rows j < 1024
  v0 = s[j*m + k]
  y[k] = min of v0
)");
    CHECK(outlines({argmax(x, 0).named("y")}) == R"(
columns k < m over rows j < 1024
  v0 = x[j*m + k]
  y[k] = argmax of v0, largest[k]
)");
}

TEST_CASE(
    "many rows of columns are reduced in blocks, the first of which leaves its results in place")
{
    const Variable x = matrix_x();
    CHECK(outlines({sum(x, ct::Axis{0}).named("y"), max(x * x, ct::Axis{0}).named("z")}) == R"(
serial i < floor_div(max(n, 1) - 1, 1024) + 1, parallel
  columns k < m over rows j < min(1024*i + 1024, n) from 1024*i
    v0 = x[j*m + k]
    v1 = mul(v0, v0)
    y[k] or partial = sum of v0
    z[k] or partial = max of v1

columns k < m over rows j < floor_div(max(n, 1) - 1, 1024)
  v0 = partial[j*m + k]
  v1 = partial[j*m + k]
  y[k] = y[k] and sum of v0
  z[k] = z[k] and max of v1
)");
    const Variable a = ct::input("a", ct::DType::f32, {n, 4096, 3});
    const Variables y{sum(a, ct::Axis{1}).named("y")};
    CHECK(outlines(y) == R"(
serial i < n, parallel
  serial l < 4
    columns k < 3 over rows j < 1024*l + 1024 from 1024*l
      v0 = a[12288*i + 3*j + k]
      y[3*i + k] or partial = sum of v0

serial i < n, parallel
  columns k < 3 over rows j < 3
    v0 = partial[3*j*n + 3*i + k]
    y[3*i + k] = y[3*i + k] and sum of v0
)");
    CHECK(outlines({argmin(a, 1).named("y")}) == R"(
serial i < n, parallel
  serial l < 4
    columns k < 3 over rows j < 1024*l + 1024 from 1024*l
      v0 = a[12288*i + 3*j + k]
      y[3*i + k] or partial = argmin of v0, smallest[3*l*n + 3*i + k]

serial i < n, parallel
  columns k < 3 over rows j < 3
    v0 = partial[3*j*n + 3*i + k]
    v1 = smallest[3*j*n + 3*i + k + 3*n]
    y[3*i + k] = y[3*i + k] and argmin of v1 at v0, smallest[3*i + k]
)");
    const auto nests = nests_of(y);
    CHECK(to_string(nests[0].blocked) == "4096");
    CHECK(nests[0].partials.size() == 1);
    CHECK(same(nests[1].blocked, 0));
}

TEST_CASE("a reduction of everything is made of blocks of one length, and of their results")
{
    const Variables y{sum(matrix_x()).named("y")};
    CHECK(outlines(y) == R"(
serial i < floor_div(n*m + 16383, 16384), parallel
  lanes j < min(16384, n*m - 16384*i)
    v0 = x[16384*i + j]
    v1 = sum of v0
  partial[i] = v1

lanes i < floor_div(n*m + 16383, 16384)
  v0 = partial[i]
  v1 = sum of v0
y[0] = v1
)");
    const auto nests = nests_of(y);
    CHECK(to_string(nests[0].blocked) == "n*m");
    CHECK(nests[0].partials.size() == 1);
    CHECK(same(nests[1].blocked, 0));
}

TEST_CASE("moves are index expressions: transposed, sliced, reversed")
{
    const Variable x = matrix_x();
    CHECK(outlines({(x.T() * 2).named("y")}) == R"(
serial i < m, parallel, in squares
  lanes j < n
    v0 = x[j*m + i]
    v1 = mul(v0, 2.0)
    y[i*n + j] = v1
)");
    CHECK(outlines({sum(x.T(), ct::Axis{1}).named("y")}) == R"(
serial i < m, parallel
  lanes j < n
    v0 = x[j*m + i]
    v1 = sum of v0
  y[i] = v1
)");
    CHECK(outlines({x(ct::_, ct::slice(1, ct::_)).named("y")}) == R"(
serial i < n, parallel
  lanes j < m - 1
    v0 = x[i*m + j + 1]
    y[i*m - i + j] = v0
)");
    CHECK(outlines({flip(x, 1).named("y")}) == R"(
serial i < n, parallel
  lanes j < m
    v0 = x[i*m - j + m - 1]
    y[i*m + j] = v0
)");
}

TEST_CASE("an index that is read is checked once, in the loop that it depends on")
{
    const Variable x = matrix_x();
    const Variable index = ct::vector<std::int64_t>("at", {ct::dim("k")});
    const Variables taken{(take(x, index, 0) * 2).named("y")};
    CHECK(outlines(taken) == R"(
serial i < k, parallel
  v0 = at[i]
  g0 = checked v0 < n
  lanes j < m
    v1 = x[g0*m + j]
    v2 = mul(v1, 2.0)
    y[i*m + j] = v2
)");
    CHECK(nests_of(taken)[0].checks_index);
    CHECK_FALSE(nests_of({(x * 2).named("y")})[0].checks_index);
}

TEST_CASE("a scatter copies its base, then adds in order, on one thread")
{
    const Variable x = matrix_x();
    const Variable index = ct::vector<std::int64_t>("at", {ct::dim("k")});
    const Variable u = ct::matrix<float>("u", {index.shape()[0], m});
    CHECK(outlines({x.add({index}, u).named("y")}) == R"(
lanes i < n*m
  v0 = x[i]
  y[i] = v0
serial j < k
  v1 = at[j]
  g0 = checked v1 < n
  serial k < m
    v2 = u[j*m + k]
    y[g0*m + k] += v2
)");
}

TEST_CASE("running sums go along their axis in sequence, forwards or backwards")
{
    const Variable x = matrix_x();
    CHECK(outlines({cumsum(x, 1).named("y")}) == R"(
serial i < n, parallel
  serial j < m
    v1 = x[i*m + j]
    v0 = sum so far of v1
    y[i*m + j] = v0
)");
    CHECK(outlines({cumsum(x, 0, true).named("y")}) == R"(
backward j < n
  v0 = 0 <= j + 1 < n
  lanes k < m
    v1 = x[j*m + k]
    v2 = y[j*m + k + m] if v0
    v3 = add(v2, v1)
    y[j*m + k] = v3
)");
}

TEST_CASE("a product is a nest of its own kind, with strides, and what follows as its body")
{
    const Variable x = matrix_x();
    const Variable w = ct::matrix<float>("w", {m, 32}), b = ct::vector<float>("b", {32});
    CHECK(outlines({relu(dot(x, w) + b).named("y")}) == R"(
y = product, blocks: batch 1, m n, n 32, k m
  of x strides 0, m, 1, packed
  by w strides 0, 32, 1
serial j < n from i0 to i1
  lanes k < 32 from j0 to j1
    v0 = y[32*j + k]
    v1 = b[k]
    v2 = add(v0, v1)
    v3 = relu(v2)
    y[32*j + k] = v3
)");
    CHECK(outlines({dot(x.T(), ct::matrix<float>("w", {n, 40})).named("y")}) == R"(
y = product, blocks: batch 1, m m, n 40, k n
  of x strides 0, 1, m, packed
  by w strides 0, 40, 1, packed
)");
    const Variable batch = ct::input("a", ct::DType::f32, {5, n, m});
    CHECK(outlines({matmul(batch, ct::input("w", ct::DType::f32, {5, m, 64})).named("y")}) == R"(
y = product, blocks: batch 5, m n, n 64, k m
  of a strides n*m, m, 1, packed
  by w strides 64*m, 64, 1
)");
}

TEST_CASE("an operand that only a product reads is a strip of it at a time")
{
    const Variable x = matrix_x(), w = ct::matrix<float>("w", {32, m});
    CHECK(outlines({dot(exp(x), (w + 1).T()).named("y")}) == R"(
y = product, blocks: batch 1, m n, n 32, k m
  of a strip
  by a strip, packed
strip of a
  serial j < n
    lanes l < m
      v0 = x[j*m + loop4*m + l + loop5]
      v1 = exp(v0)
      strip[384*j + l] = v1
strip of b
  serial k < 32
    lanes l < m
      v2 = w[k*m + loop4*m + l + loop5]
      v3 = add(v2, 1.0)
      strip[32*k + l] = v3
)");
}

TEST_CASE("products of few terms and of vectors have forms of their own")
{
    const Variable x = matrix_x();
    const Variable a = ct::input("a", ct::DType::f32, {3, 4}),
                   b = ct::input("b", ct::DType::f32, {4, 3});
    CHECK(outlines({dot(a, b).named("y")}) == R"(
y = product, small: batch 1, m 3, n 3, k 4
  of a strides 0, 4, 1
  by b strides 0, 3, 1
)");
    CHECK(outlines({dot(x, ct::vector<float>("v", {m})).named("y")}) == R"(
y = product, dots: batch 1, m n, n 1, k m
  of x strides 0, m, 1
  by v strides 0, 1, 0
)");
    CHECK(outlines({dot(ct::vector<float>("v", {n}), x).named("y")}) == R"(
y = product, row: batch 1, m 1, n m, k n
  of v strides 0, 0, 1
  by x strides 0, m, 1
)");
}

TEST_CASE("no nest of a training step uses what is not there")
{
    const Variable x = matrix_x();
    const Variable y = ct::vector<std::int64_t>("y", {n});
    const Variable w = ct::matrix<float>("w", {m, 10}), b = ct::vector<float>("b", {10});
    const Variable p = softmax(dot(tanh(x), w) + b);
    const Variable loss = -mean(log(take_along_axis(p, ct::expand_dims(y, 1), 1)));
    Variables outputs = ct::grad(loss, Variables{w, b, x});
    outputs.push_back(loss);
    const auto nests = nests_of(outputs);
    CHECK(nests.size() > 3);
    for (const LoopNest& nest : nests) {
        INFO(outline(nest));
        CHECK(problems(nest) == std::vector<std::string>());
    }
}

TEST_CASE("what no nest may have is seen where it is planted")
{
    const Variable x = matrix_x();
    const LoopNest good = nests_of({sum(x * x, ct::Axis{1}).named("y")})[0];
    CHECK(problems(good).empty());
    const auto broken = [&](auto change) {
        LoopNest nest = good;
        change(nest);
        const auto found = problems(nest);
        return found.empty() ? std::string("nothing") : found[0];
    };
    CHECK(broken([](LoopNest& nest) { nest.buffers[1].access = nest.buffers[0].access; }) ==
          "a buffer that is only read is written to");
    CHECK(broken([](LoopNest& nest) { nest.scalars.back().depth = 0; }) ==
          "a scalar says another depth than its statement has");
    CHECK(broken([](LoopNest& nest) { // the sum is stored before its loop
              auto outer = std::get<Loop>(*nest.body.begin());
              ct::codegen::Block turned;
              turned.push_back(*(outer.body.begin() + 1));
              turned.push_back(*outer.body.begin());
              outer.body = turned;
              nest.body = {};
              nest.body.push_back(outer);
          }) == "scalar 0 is used by a store where it is not defined");
    CHECK(broken([](LoopNest& nest) { // only the inner loop
              const auto inner = *std::get<Loop>(*nest.body.begin()).body.begin();
              nest.body = {};
              nest.body.push_back(inner);
          }) == "a load has i, of no loop around it");
}
