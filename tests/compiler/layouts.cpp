#include <croton/croton.hpp>

#include <Eigen/Dense>

#include <array>
#include <cstring>
#include <numeric>
#include <span>
#include <vector>

#include "support/catch.hpp"

namespace ct = croton;
using croton::test::Approx;
using ct::Layout;
using ct::Variable;

namespace {

using Matrix = Eigen::MatrixXd; // column-major
using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using In = ct::View<const double, 2>;
using Out = ct::View<double, 2>;

Matrix numbers(Eigen::Index rows, Eigen::Index columns)
{
    Matrix m(rows, columns);
    for (Eigen::Index i = 0; i < rows; ++i)
        for (Eigen::Index j = 0; j < columns; ++j)
            m(i, j) = static_cast<double>(10 * i + j);
    return m;
}

ct::Array array_of(const Matrix& m) { return ct::Array::copy(In(m)); }

bool equal(const ct::Array& a, const Matrix& m)
{
    for (Eigen::Index i = 0; i < m.rows(); ++i)
        for (Eigen::Index j = 0; j < m.cols(); ++j)
            if (a.as_double(i * m.cols() + j) != m(i, j)) return false;
    return a.shape()[0] == m.rows() && a.shape()[1] == m.cols();
}

} // namespace

TEST_CASE("an Eigen vector is a vector, a matrix of one column a matrix")
{
    const auto m = ct::input("m", ct::DType::f64, {ct::dim("n"), ct::dim("k")});
    const auto v = ct::vector<double>("v", {m.shape()[1]});
    const auto f = ct::function({m, v}, dot(m, v));
    const Matrix matrix = numbers(3, 2);
    const Eigen::VectorXd vector = Eigen::VectorXd::LinSpaced(2, 1, 2);
    const Eigen::RowVectorXd row = vector.transpose();
    const Matrix wanted = matrix * vector;
    CHECK(equal(f(matrix, vector)[0].reshape({3, 1}), wanted));
    CHECK(equal(f(matrix, row)[0].reshape({3, 1}), wanted));
    const Matrix column = vector;
    CHECK_THROWS_AS(f(matrix, column), ct::UserError);
}

TEST_CASE("views take containers and Eigen objects as they lie")
{
    std::vector<double> v{1, 2, 3};
    std::array<double, 3> a{4, 5, 6};
    CHECK(ct::View<double>(v).data == v.data());
    CHECK(ct::View<const double>(a).extents[0] == 3);
    CHECK(ct::View<const double>(std::span<const double>(v)).data == v.data());
    Matrix m = numbers(3, 4);
    const In columns(m);
    CHECK(columns.data == m.data());
    CHECK(columns.extents == std::array<std::int64_t, 2>{3, 4});
    CHECK(columns.strides == std::array<std::int64_t, 2>{1, 3});
    RowMatrix r = m;
    CHECK(In(r).strides == std::array<std::int64_t, 2>{4, 1});
    CHECK(In(m.block(1, 1, 2, 2)).strides == std::array<std::int64_t, 2>{1, 3});
    CHECK(In(m.block(1, 1, 2, 2)).data == m.data() + 4);
    Eigen::VectorXd x = Eigen::VectorXd::LinSpaced(4, 0, 3);
    CHECK(ct::View<const double>(x).extents[0] == 4);
    CHECK(ct::View<const double>(m.row(1)).strides[0] == 3);
    CHECK(array_of(m).as_double(1) == 1);
}

TEST_CASE("a column-major input is read where it lies")
{
    const auto x = ct::matrix<double>("x", {ct::dim("n"), ct::dim("m")});
    const auto f = ct::function({{x, Layout::column_major}}, {x * 2 + 1, ct::sum(x, ct::Axis{1})},
                                {.name = "f"});
    CHECK(f.signature() == "f(x: f64 (n, m)) -> (f64 (n, m), f64 (n))");
    const Matrix m = numbers(5, 3);
    const auto y = f(m);
    CHECK(equal(y[0], m * 2 + Matrix::Ones(5, 3)));
    CHECK(y[1].as_double(4) == 40 + 41 + 42);
    CHECK_THAT(f.explain(), croton::test::contains("input 0 x:  column-major\n"));
    // A row-major array is packed first, and explain() says so.
    CHECK(equal(f(array_of(m))[0], m * 2 + Matrix::Ones(5, 3)));
    CHECK_THAT(f.explain(), croton::test::contains("input 0 x:  column-major; 1 call gave it in "
                                                   "another layout or not aligned"));
}

TEST_CASE("a call that may not allocate refuses a layout that was not declared")
{
    const auto x = ct::matrix<double>("x", {ct::dim("n"), ct::dim("m")});
    const auto rows = ct::function({x}, {x + 1}, {.name = "rows"});
    const auto columns =
        ct::function({{x, Layout::column_major}}, ct::Output("y", x + 1, Layout::column_major));
    Matrix m = numbers(4, 3), out = Matrix::Zero(4, 3);
    auto w = rows.workspace({{"n", 4}, {"m", 3}});
    const ct::Status refused = rows.typed<void(In, Out)>()(w, m, out);
    CHECK(refused.code == ct::Code::shape);
    CHECK(refused.text() ==
          "rows: input 0 'x' does not lie as declared: row-major; its stride along axis 1 is 4; "
          "declared as Layout::any it is taken so, and a call without a Workspace copies it");
    CHECK(columns.typed<void(In, Out)>()(w, m, out));
    CHECK(out == m + Matrix::Ones(4, 3));
    RowMatrix r = m, r_out = m;
    CHECK_FALSE(columns.typed<void(In, Out)>()(w, r, r_out));
    // The checked call packs what it must.
    rows.typed<void(In, Out)>()(m, r_out);
    CHECK(r_out == m + Matrix::Ones(4, 3));
    columns.typed<void(In, Out)>()(r, r_out);
    CHECK(r_out == m + Matrix::Ones(4, 3));
}

TEST_CASE("guards count the axes of column-major arguments as the user does")
{
    const auto x = ct::matrix<double>("x", {3, ct::dim("m")});
    const auto f = ct::function({{x, Layout::column_major}}, {x + 1}, {.name = "f"});
    CHECK_THROWS_WITH(f(numbers(4, 2)), "f: axis 0 of input 'x' is 4, it must be 3");
}

TEST_CASE("products read column-major operands and write column-major results")
{
    const auto a = ct::matrix<double>("a", {ct::dim("n"), ct::dim("k")}),
               b = ct::matrix<double>("b", {a.shape()[1], ct::dim("m")});
    const auto y = ct::dot(a, b) + 0.5;
    const auto f = ct::function({{a, Layout::column_major}, {b, Layout::column_major}},
                                ct::Output("y", y, Layout::column_major));
    for (const auto& [n, k, m] :
         {std::array{3, 4, 2}, std::array{70, 33, 65}, std::array{1, 5, 1}}) {
        const Matrix A = numbers(n, k), B = numbers(k, m);
        Matrix out(n, m);
        f.typed<void(In, In, Out)>()(A, B, out);
        CHECK(out.isApprox(A * B + 0.5 * Matrix::Ones(n, m), 1e-14));
        const ct::Array made = f(A, B)[0];
        CHECK(made.strides()[0] == 1);
        CHECK(array_of(out).as_double(n * m - 1) == made.as_double(n * m - 1));
    }
}

TEST_CASE("layout any reads strides at each call, negative ones too")
{
    const auto x = ct::matrix<double>("x", {ct::dim("n"), ct::dim("m")}),
               w = ct::matrix<double>("w", {x.shape()[1], 3});
    const auto f = ct::function({{x, Layout::any}, {w, Layout::any}},
                                {ct::Output("y", ct::dot(x * 2, w), Layout::any),
                                 ct::Output("r", ct::sum(x, ct::Axis{0})),
                                 ct::Output("e", ct::exp(x * 0.01), Layout::any)});
    const Matrix m = numbers(6, 5);
    const Matrix weights = numbers(5, 3);
    const Matrix expected = m * 2 * weights;
    std::vector<double> sums(5);
    RowMatrix exps(6, 5);
    Matrix y(6, 3);
    const auto call = f.typed<void(In, In, Out, ct::View<double>, Out)>();
    auto workspace = f.workspace({{"n", 6}, {"m", 5}});
    REQUIRE(call(workspace, m, weights, y, sums, exps));
    CHECK(y == expected);
    CHECK(sums[1] == 1 + 11 + 21 + 31 + 41 + 51);
    CHECK(exps(2, 3) == Approx(std::exp(0.23)).epsilon(1e-15));
    // Rows backwards, every other column of a wider matrix.
    Matrix wide = Matrix::Zero(6, 10);
    for (int j = 0; j < 5; ++j)
        wide.col(2 * j) = m.col(j);
    In turned(wide);
    turned.data = &wide(5, 0);
    turned.extents = {6, 5};
    turned.strides = {-1, 12};
    Matrix upside = Matrix::Zero(6, 3);
    Out out(upside);
    out.data = &upside(5, 0);
    out.strides[0] = -1;
    REQUIRE(call(workspace, turned, weights, out, sums, exps));
    CHECK(upside == expected);
    CHECK(sums[4] == m.col(4).sum());
    CHECK(exps(0, 1) == Approx(std::exp(0.51)).epsilon(1e-15));
    const auto result = f(turned, weights);
    CHECK(result["y"].as_double(0) == expected(5, 0));
}

TEST_CASE("three axes in column-major and in any order")
{
    const auto x = ct::tensor<double>("x", {2, 3, 4});
    std::vector<double> memory(24);
    std::iota(memory.begin(), memory.end(), 0.0);
    ct::View<const double, 3> v(memory.data(), {2, 3, 4});
    v.strides = {1, 2, 6};
    const auto reference = ct::function({x}, {ct::sum(x, ct::Axis{1}) * 3});
    for (const Layout layout : {Layout::column_major, Layout::any}) {
        const auto f = ct::function({{x, layout}}, {ct::sum(x, ct::Axis{1}) * 3});
        CHECK(ct::identical(f(v)[0], reference(v)[0]));
    }
}

TEST_CASE("reference mode takes any layout")
{
    const auto x = ct::matrix<double>("x");
    const auto f = ct::function({{x, Layout::column_major}},
                                ct::Output("y", x * 2, Layout::column_major), {.reference = true});
    const Matrix m = numbers(2, 3);
    Matrix out(2, 3);
    f.typed<void(In, Out)>()(m, out);
    CHECK(out == m * 2);
    CHECK(equal(f(m)[0], m * 2));
}

TEST_CASE("an input with a default may be left out")
{
    const auto x = ct::vector<double>("x", {ct::dim("n")}), rate = ct::scalar<double>("rate");
    const auto f = ct::function({x, {rate, ct::Array::scalar(0.5)}}, {x * rate}, {.name = "f"});
    const ct::Array at = ct::Array::full<double>({2}, 3.0);
    CHECK(f(at)[0].as_double(0) == 1.5);
    CHECK(f(at, 2.0)[0].as_double(0) == 6);
    CHECK(f.call_named({{"x", at}})[0].as_double(1) == 1.5);
    CHECK(f.call_named({{"rate", 1.0}, {"x", at}})[0].as_double(1) == 3);
    CHECK_THROWS_WITH(f(),
                      "f: takes 2 inputs, given 0; it is f(x: f64 (n), rate: f64 ()) -> (f64 (n))");
    CHECK_THROWS_WITH(ct::function({x, {rate, ct::Array::scalar(1)}}, {x * rate}),
                      "function: the default of 'rate' is i32 (), the input f64 ()");
}
