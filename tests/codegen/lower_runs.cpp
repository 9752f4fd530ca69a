// Joined, padded and transposed arrays as loop nests. Needs no compiler.
#include <croton/ir/ops.hpp>

#include <string>

#include "codegen/nest_outline.hpp"
#include "support/catch.hpp"

namespace ct = croton;
using croton::test::outlines;
using ct::Variable;

namespace {

const ct::Extent n = ct::dim("n"), m = ct::dim("m");

Variable matrix_x() { return ct::matrix<float>("x", {n, m}); }

} // namespace

TEST_CASE("of padded and joined arrays each run of indices is a loop of its own")
{
    const Variable a = ct::vector<float>("a", {n}), b = ct::vector<float>("b", {m});
    CHECK(outlines({pad(a, {1}, {2}, 0.5f).named("y")}) == R"(
y[0] = 0.5

lanes i < n, parallel
  v0 = a[i]
  y[i + 1] = v0

serial i < 2, parallel
  y[i + n + 1] = 0.5
)");
    CHECK(outlines({ct::concatenate({a, b * b}, 0).named("y")}) == R"(
lanes i < n, parallel
  v0 = a[i]
  y[i] = v0

lanes i < m, parallel
  v0 = b[i]
  v1 = mul(v0, v0)
  y[i + n] = v1
)");
    // Few known elements are one kernel.
    const Variable few = ct::vector<float>("few", {3});
    CHECK(outlines({ct::concatenate({few, few * few}, 0).named("y")}) == R"(
serial i < 3, parallel
  v0 = few[i]
  y[i] = v0
serial i < 3, parallel
  v1 = few[i]
  v2 = mul(v1, v1)
  y[i + 3] = v2
)");
    const Variable p = ct::scalar<float>("p"), q = ct::scalar<float>("q");
    CHECK(outlines({ct::stack({p, q, p * q}).named("y")}) == R"(
v0 = p[0]
y[0] = v0
v1 = q[0]
y[1] = v1
v2 = mul(v0, v1)
y[2] = v2
)");
    // Columns: the rows are shared.
    const Variable rows = ct::matrix<float>("rows", {n, m});
    CHECK(outlines({ct::concatenate({rows, ct::sin(a)(ct::_, ct::newaxis)}, 1).named("y")}) == R"(
serial i < n, parallel
  lanes j < m
    v0 = rows[i*m + j]
    y[i*m + i + j] = v0
  v1 = a[i]
  v2 = sin(v1)
  y[i*m + i + m] = v2
)");
    // A place behind many parts stands as it is: its text has a name for it (long_sums.cpp).
    ct::Variables parts;
    for (const char* name : {"x0", "x1", "x2", "x3", "x4"})
        parts.push_back(ct::vector<float>(name, {ct::dim(name)}));
    const std::string many = outlines({ct::concatenate(parts).named("y")});
    CHECK(many.ends_with(R"(
lanes i < x3, parallel
  v0 = x3[i]
  y[i + x0 + x1 + x2] = v0

lanes i < x4, parallel
  v0 = x4[i]
  y[i + x0 + x1 + x2 + x3] = v0
)"));
    // What is long beside the choice is not written three times.
    const Variable whole = ct::vector<float>("whole", {n + m + n});
    Variable y = ct::concatenate({a, b, a}, 0);
    for (int k = 0; k < 30; ++k)
        y = y * whole + ct::sin(whole + k);
    CHECK(outlines({y}).find("lanes i < 2*n + m, parallel") != std::string::npos);
}

TEST_CASE("padded and joined arrays that are reduced are read only where they have an element")
{
    const Variable a = ct::vector<float>("a", {n}), b = ct::vector<float>("b", {m});
    CHECK(outlines({ct::sum(ct::concatenate({a, b * b}, 0)).named("y")}) == R"(
serial i < floor_div(n + m + 16383, 16384), parallel
  lanes j < min(16384, -16384*i + n + m)
    v0 = 0 <= 16384*i + j < n
    v1 = a[16384*i + j] if v0
    v2 = 0 <= 16384*i + j - n < m
    v3 = b[16384*i + j - n] if v2
    v4 = mul(v3, v3)
    v5 = v0 ? v1 : v4
    v6 = sum of v5
  partial[i] = v6

lanes i < floor_div(n + m + 16383, 16384)
  v0 = partial[i]
  v1 = sum of v0
y[0] = v1
)");
    const Variable x = matrix_x();
    const Variable u = ct::input("u", ct::DType::f32, {n, 2});
    CHECK(outlines({x.set({ct::_, ct::slice(0, 2)}, u).named("y")}) == R"(
serial i < n, parallel
  lanes j < m
    v0 = 0 <= j < 2
    v1 = u[2*i + j] if v0
    v2 = x[i*m + j]
    v3 = v0 ? v1 : v2
    y[i*m + j] = v3
)");
}

TEST_CASE("a transposed array is read in squares, with the loops over them side by side")
{
    const Variable t = ct::tensor<float>("t", {n, 5, m});
    CHECK(outlines({ct::transpose(t, {2, 1, 0}).named("y")}) == R"(
serial j < 5, parallel
  serial i < m, in squares
    lanes k < n
      v0 = t[j*m + 5*k*m + i]
      y[5*i*n + j*n + k] = v0
)");
    const Variable small = ct::matrix<float>("small", {30, 40});
    CHECK(outlines({small.T().named("y")}).find("squares") == std::string::npos);
    const Variable narrow = ct::matrix<float>("narrow", {n, 3});
    CHECK(outlines({narrow.T().named("y")}).find("squares") == std::string::npos);
}

TEST_CASE("columns that are read as one axis are written in turns, a row in each step")
{
    const Variable a = ct::vector<float>("a", {n}), b = ct::vector<float>("b", {n});
    CHECK(outlines({ct::stack({a, a * b, b}, 1).reshape({3 * n}).named("y")}) == R"(
lanes i < n, parallel
  v0 = a[i]
  y[3*i] = v0
  v1 = b[i]
  v2 = mul(v0, v1)
  y[3*i + 1] = v2
  y[3*i + 2] = v1
)");
    // Known rows, of which the first and the last are cut off in part.
    const Variable c = ct::vector<float>("c", {50}), d = ct::vector<float>("d", {50});
    CHECK(outlines({ct::stack({c, d}, 1).reshape({100})(ct::slice(1, 98)).named("y")}) == R"(
lanes i < 48, parallel
  v0 = d[i]
  y[2*i] = v0
  v1 = c[i + 1]
  y[2*i + 1] = v1
v2 = d[48]
y[96] = v2
)");
    // The columns are padded, so that the first and the last row have less to read.
    CHECK(
        outlines({ct::stack({pad(c, {1}, {0}), pad(d, {0}, {1})}, 1).reshape({102}).named("y")}) ==
        R"(
y[0] = 0.0
v0 = d[0]
y[1] = v0
lanes i < 49, parallel
  v1 = c[i]
  y[2*i + 2] = v1
  v2 = d[i + 1]
  y[2*i + 3] = v2
v3 = c[49]
y[100] = v3
y[101] = 0.0
)");
}
