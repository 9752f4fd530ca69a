// What sparse derivatives refuse, and where.
#include <croton/croton.hpp>

#include <source_location>
#include <string>
#include <string_view>
#include <vector>

#include "errors/expect.hpp"

namespace ct = croton;
using ct::Array;
using ct::Variable;

namespace {

/// A given pattern is refused with this in the message, at this line.
template <class F>
void check_contradicted(const F& f,
                        std::string_view text,
                        const std::source_location& here = std::source_location::current())
{
    try {
        f();
        FAIL("nothing was refused");
    } catch (const ct::UserError& e) {
        INFO(e.message());
        CHECK(e.code() == ct::Code::domain);
        CHECK(std::string(e.message()).find(text) != std::string::npos);
        CHECK(e.where().line() >= here.line());
        CHECK(e.where().line() <= here.line() + 4);
    }
}

} // namespace

TEST_CASE("sparse derivatives: what is no function of x, no float, or no scalar")
{
    const auto x = ct::vector<double>("x", {4});
    const auto y = ct::vector<double>("y", {4});
    const auto k = ct::vector<std::int64_t>("k", {4});
    CHECK_REFUSED(ct::sparse_jacobian(sin(y), x), domain,
                  "sparse_jacobian: the result does not depend on 'x'");
    CHECK_REFUSED(ct::sparse_jacobian(k, x), dtype,
                  "sparse_jacobian: the result must be floating point: 'k' is i64");
    CHECK_REFUSED(ct::sparse_jacobian(x, Variable()), domain,
                  "sparse_jacobian: x is an empty Variable: nothing was assigned to it");
    CHECK_REFUSED(ct::sparse_hessian(x, x), shape,
                  "sparse_hessian: the loss must be a scalar, it has shape (4); sum it, or use "
                  "jacobian or vjp");
    CHECK_REFUSED(ct::sparse_hessian(ct::sum(y), x), domain,
                  "sparse_hessian: the loss does not depend on 'x'");
}

TEST_CASE("sparse derivatives: lists where extents are only known at the call")
{
    const auto n = ct::dim("n");
    const auto x = ct::vector<double>("x", {n});
    CHECK_REFUSED(ct::sparse_jacobian(sin(x), x), shape,
                  "sparse_jacobian: 'x' has shape (n): rows and columns are listed where all "
                  "extents are known before the call; Compressed::bands has loops over symbols");
    CHECK_REFUSED(ct::sparse_hessian(ct::sum(x * x), x), shape,
                  "sparse_hessian: 'x' has shape (n): rows and columns are listed where all "
                  "extents are known before the call; Compressed::bands has loops over symbols");
    const auto wide = ct::matrix<double>("wide", {65536, 65536});
    CHECK_REFUSED(ct::sparse_jacobian(wide(0), wide), shape,
                  "sparse_jacobian: 'wide' has shape (65536, 65536): the indices of a pattern are "
                  "32-bit integers");
}

TEST_CASE("sparse derivatives: bands of what is none, with its line")
{
    const auto x = ct::vector<double>("x", {ct::dim("n")});
    const auto k = ct::vector<std::int64_t>("k", {3});
    const ct::SparseOptions bands{.format = ct::Compressed::bands};
    const std::string none = "so the derivative is none of bands; rows and columns are listed "
                             "where all extents are known before the call";
    const std::string not_affine =
        "is none of the ops of which each element depends on others at affine places, " + none;
    const Variable sums = ct::cumprod(x, 0);
    const std::string sums_line = std::to_string(__LINE__ - 1);
    CHECK_REFUSED(ct::sparse_jacobian(sums * x, x, bands), domain,
                  "sparse_jacobian: cumprod (sparse.cpp:" + sums_line + ") " + not_affine);
    const Variable taken = ct::take(x, k);
    const std::string taken_line = std::to_string(__LINE__ - 1);
    CHECK_REFUSED(ct::sparse_jacobian(taken, x, bands), domain,
                  "sparse_jacobian: take (sparse.cpp:" + taken_line +
                      ") has an index that is not known before the call, " + none);
    const Variable named = ct::take(x, Array::copy(std::vector<std::int64_t>{0, 2}));
    const std::string named_line = std::to_string(__LINE__ - 1);
    CHECK_REFUSED(ct::sparse_jacobian(named, x, bands), domain,
                  "sparse_jacobian: take (sparse.cpp:" + named_line +
                      ") names elements of an axis whose extent is not known before the call, " +
                      none);
    const auto twice = ct::custom_vjp([](const Variable& v) { return 2.0 * v; },
                                      [](const Variable&, const Variable&, const Variable& bar) {
                                          return ct::Variables{3.0 * bar};
                                      });
    const std::string custom_line = std::to_string(__LINE__ - 4);
    CHECK_REFUSED(ct::sparse_jacobian(twice(x), x, bands), domain,
                  "sparse_jacobian: custom_vjp (sparse.cpp:" + custom_line +
                      ") has a derivative of its own, which bands do not follow, " + none);
    const auto m = ct::matrix<double>("m", {ct::dim("rows"), ct::dim("columns")});
    const Variable flat = sin(m).reshape({-1});
    const std::string flat_line = std::to_string(__LINE__ - 1);
    CHECK_REFUSED(ct::sparse_jacobian(flat, m, bands), domain,
                  "sparse_jacobian: the result of reshape (sparse.cpp:" + flat_line +
                      ") has a derivative by 'm' of which a band is no loops whose places and ends "
                      "are expressions of extents; rows and columns are listed where all extents "
                      "are known before the call");
    CHECK_REFUSED(
        ct::sparse_hessian(square(ct::sum(x)), x,
                           {.format = ct::Compressed::bands, .triangle = ct::Triangle::lower}),
        domain,
        "sparse_hessian: a band has elements on both sides of the diagonal, so that a triangle has "
        "a part of it: ask for all of it, or for rows or columns");
}

TEST_CASE("sparse derivatives: an op without a derivative, as by grad")
{
    const auto x = ct::vector<double>("x", {4});
    CHECK_THROWS_WITH(ct::sparse_jacobian(floor(x) * x, x), croton::test::contains("floor"));
    CHECK_THROWS_WITH(ct::sparse_jacobian(floor(x) * ct::cumsum(x, 0), x),
                      croton::test::contains("floor"));
}

TEST_CASE("sparse derivatives: what a given pattern may be")
{
    const auto x = ct::vector<double>("x", {3});
    const ct::SparsePattern wide{{0, 1}, {0}, 1, 3, ct::Compressed::rows};
    CHECK_REFUSED(ct::sparse_jacobian(sin(x), x, {.pattern = &wide}), shape,
                  "sparse_jacobian: the given pattern is 1 x 3, the derivative 3 x 3");
    const ct::SparsePattern uncounted{{0, 1, 2}, {0, 1}, 3, 3, ct::Compressed::rows};
    CHECK_REFUSED(ct::sparse_jacobian(sin(x), x, {.pattern = &uncounted}), shape,
                  "sparse_jacobian: the given pattern has 3 starts for 3 rows and 2 indices: 4 "
                  "starts are needed, which count from 0 up to the number of indices");
    const ct::SparsePattern mixed{{0, 2, 3, 3}, {1, 0, 2}, 3, 3, ct::Compressed::columns};
    CHECK_REFUSED(ct::sparse_jacobian(sin(x), x, {.pattern = &mixed}), index,
                  "sparse_jacobian: column 0 of the given pattern has indices that do not ascend "
                  "from 0 to 2");
    const ct::SparsePattern beyond{{0, 0, 1, 1}, {3}, 3, 3, ct::Compressed::rows};
    CHECK_REFUSED(ct::sparse_hessian(ct::sum(sin(x)), x, {.pattern = &beyond}), index,
                  "sparse_hessian: column 1 of the given pattern has indices that do not ascend "
                  "from 0 to 2");
    CHECK_REFUSED(
        ct::sparse_jacobian(sin(x), x, {.format = ct::Compressed::bands, .pattern = &beyond}),
        domain,
        "sparse_jacobian: a given pattern lists rows or columns, and so does the "
        "derivative then: no Compressed::bands");
}

TEST_CASE("sparse derivatives: a given pattern that is contradicted")
{
    const auto x = ct::vector<double>("x", {3});
    const Variable y = x * ct::flip(x, 0);
    const ct::SparsePattern diagonal{{0, 1, 2, 3}, {0, 1, 2}, 3, 3, ct::Compressed::rows};
    for (const ct::Compressed format : {ct::Compressed::rows, ct::Compressed::columns}) {
        const ct::SparseOptions options{.format = format, .pattern = &diagonal};
        check_contradicted(
            [&] { ct::sparse_jacobian(y, x, options); },
            "sparse_jacobian: the given pattern has no element in row 0, column 2, where "
            "the derivative of the result of mul (sparse.cpp:");
        check_contradicted([&] { ct::sparse_hessian(ct::sum(y * x), x, options); },
                           "sparse_hessian: the given pattern has no element in row ");
    }
    check_contradicted(
        [&] {
            ct::sparse_hessian(ct::sum(y), x,
                               {.triangle = ct::Triangle::lower, .pattern = &diagonal});
        },
        "sparse_hessian: the given pattern has no element in row ");
    // One that is right has no complaint: functions with a domain, a loop, branches.
    const ct::SparsePattern two{{0, 2, 4, 6}, {0, 1, 0, 1, 1, 2}, 3, 3, ct::Compressed::rows};
    const auto tested = [&](const Variable& v, const ct::SparsePattern& p,
                            ct::Where where = ct::Where::current()) {
        return ct::sparse_jacobian(v, x, {.pattern = &p}, where).untested;
    };
    CHECK(tested(acosh(x) * log(x), diagonal) == "");
    CHECK(tested(asin(x) + sqrt(x), diagonal) == "");
    CHECK(tested(ct::stack({log(x(0) * x(1)), x(0) / x(1), exp(x(1)) * x(2)}), two) == "");
    CHECK(tested(ct::fori_loop(4, [](const Variable&, const Variable& s) { return sin(s) * s; },
                               {x})[0],
                 diagonal) == "");
    const Variable mixed = ct::fori_loop(
        4, [](const Variable&, const Variable& s) { return sin(s) * ct::flip(s, 0); }, {x})[0];
    check_contradicted([&] { tested(mixed, diagonal); }, "the result of fori_loop (sparse.cpp:");
    CHECK(tested(sqrt(-1.0 - square(x)), diagonal) == "some rows are not finite at random values");
}

TEST_CASE("sparse derivatives: a given pattern that holds for some inputs alone")
{
    const auto x = ct::vector<double>("x", {3});
    const auto k = ct::vector<std::int64_t>("k", {3});
    const auto w = ct::matrix<double>("w", {3, 3});
    const auto at = [](const std::vector<std::int64_t>& all) { return ct::Array::copy(all); };
    const ct::SparsePattern diagonal{{0, 1, 2, 3}, {0, 1, 2}, 3, 3, ct::Compressed::rows};
    const Variable gathered = sin(ct::take(x, k)) * x;
    // What an integer names is not drawn.
    CHECK(ct::sparse_jacobian(gathered, x, {.pattern = &diagonal}).untested ==
          "'k' has no value, and integers are not drawn");
    CHECK(ct::sparse_jacobian(gathered, x, {.pattern = &diagonal, .at = {{k, at({0, 1, 2})}}})
              .untested == "");
    check_contradicted(
        [&] {
            ct::sparse_jacobian(gathered, x, {.pattern = &diagonal, .at = {{k, at({0, 2, 2})}}});
        },
        "sparse_jacobian: the given pattern has no element in row 1, column 2, where the "
        "derivative "
        "of the result of mul (sparse.cpp:");
    CHECK(ct::sparse_jacobian(gathered, x, {.pattern = &diagonal, .at = {{k, at({0, 1, 7})}}})
              .untested != "");
    // Zeros among an input's numbers.
    const Variable product = ct::dot(w, x);
    check_contradicted([&] { ct::sparse_jacobian(product, x, {.pattern = &diagonal}); },
                       "SparseOptions::at has their values");
    const ct::Array sparse =
        ct::Array::copy(std::vector{1.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 3.0});
    CHECK(
        ct::sparse_jacobian(product, x, {.pattern = &diagonal, .at = {{w, sparse.reshape({3, 3})}}})
            .untested == "");
    // A shared variable has a value.
    const auto names = ct::shared("names", at({0, 1, 2}));
    CHECK(ct::sparse_jacobian(ct::take(x, names), x, {.pattern = &diagonal}).untested == "");
    const auto others = ct::shared("others", at({0, 1, 1}));
    check_contradicted([&] { ct::sparse_jacobian(ct::take(x, others), x, {.pattern = &diagonal}); },
                       "sparse_jacobian: the given pattern has no element in row 2, column 1");
    // What would take long is not tested.
    const auto steps = ct::scalar<std::int64_t>("steps");
    const Variable loop = ct::while_loop(
        [&](const Variable& i, const Variable&) { return i < steps; },
        [](const Variable& i, const Variable& s) { return ct::Variables{i + 1, sin(s)}; },
        {std::int64_t{0}, x})[1];
    CHECK(ct::sparse_jacobian(
              loop, x, {.pattern = &diagonal, .at = {{steps, ct::Array::scalar<std::int64_t>(3)}}})
              .untested == "an extent or a loop's number of steps is not known before the call");
}

TEST_CASE("check_pattern: lists and bands, and what contradicts them")
{
    const auto x = ct::vector<double>("x", {3});
    const Variable y = x * ct::flip(x, 0);
    for (const ct::Compressed format :
         {ct::Compressed::rows, ct::Compressed::columns, ct::Compressed::bands})
        ct::check_pattern(ct::sparse_jacobian(y, x, {.format = format}), y, x);
    CHECK_REFUSED(ct::check_pattern(ct::sparse_jacobian(y, x), ct::sum(y), x), shape,
                  "check_pattern: the pattern of a matrix of 1 x 3 elements is needed");
    // An element less, and a value that is another's.
    ct::SparseVariable less = ct::sparse_jacobian(y, x, {.format = ct::Compressed::rows});
    less.pattern = {{0, 1, 2, 3}, {0, 1, 2}, 3, 3, ct::Compressed::rows};
    less.values = ct::sparse_jacobian(x * x, x).values;
    CHECK_THROWS_AS(ct::check_pattern(less, y, x), ct::InternalError);
    CHECK_THROWS_WITH(ct::check_pattern(less, y, x),
                      croton::test::contains("internal error in check_pattern: the pattern has no "
                                             "element in row 0, column 2, where the derivative"));
    ct::SparseVariable wrong = ct::sparse_jacobian(y, x);
    wrong.values = 2.0 * wrong.values;
    CHECK_THROWS_WITH(ct::check_pattern(wrong, y, x),
                      croton::test::contains("internal error in check_pattern: row 0 of the "
                                             "pattern times a random vector is "));
    // Bands over a symbol, for an extent that a value gives.
    const auto v = ct::vector<double>("v", {ct::dim("n")});
    const Variable z = square(v(ct::slice(1, ct::_))) * v(ct::slice(0, -1));
    ct::SparseVariable bands = ct::sparse_jacobian(z, v, {.format = ct::Compressed::bands});
    const ct::Array seven = ct::Array::uniform(3, {7}, ct::DType::f64);
    ct::check_pattern(bands, z, v, {v}, {seven});
    CHECK_REFUSED(ct::check_pattern(bands, z, v), shape,
                  "check_pattern: 'v' has shape (n): a value is needed");
    bands.pattern.bands[0].column = bands.pattern.bands[0].column - 1;
    CHECK_THROWS_AS(ct::check_pattern(bands, z, v, {v}, {seven}), ct::InternalError);
}

TEST_CASE("sparse derivatives: bands have no lists of rows and columns")
{
    const auto x = ct::vector<double>("x", {3});
    const ct::SparsePattern bands =
        ct::sparse_jacobian(sin(x), x, {.format = ct::Compressed::bands}).pattern;
    CHECK_REFUSED(bands.row_indices(), domain,
                  "row_indices: the pattern is of bands: Compressed::rows and columns have lists");
    CHECK_REFUSED(
        bands.column_indices(), domain,
        "column_indices: the pattern is of bands: Compressed::rows and columns have lists");
}

TEST_CASE("sparse derivatives: loops that are none of bands")
{
    const auto x = ct::vector<double>("x", {ct::dim("n")});
    const ct::SparseOptions bands{.format = ct::Compressed::bands};
    const Variable wider =
        ct::scan([](const Variable& s) { return s + ct::pad(s(ct::slice(1, ct::_)), {0}, {1}); },
                 {.init = {x}, .steps = 40})
            .last[0];
    CHECK_THROWS_WITH(ct::sparse_jacobian(wider, x, bands),
                      croton::test::contains("has more bands with each step"));
    const Variable read = ct::scan([](const Variable& in, const Variable& s) { return s * in; },
                                   {.sequences = {x}, .init = {Variable(1.0)}})
                              .last[0];
    CHECK_THROWS_WITH(ct::sparse_jacobian(read, x, bands),
                      croton::test::contains("reads what depends on x step by step"));
}

TEST_CASE("sparse derivatives: values for a pattern's test that are none of an input's")
{
    const auto x = ct::vector<double>("x", {3});
    const auto k = ct::vector<std::int64_t>("k", {3});
    const ct::SparsePattern diagonal{{0, 1, 2, 3}, {0, 1, 2}, 3, 3, ct::Compressed::rows};
    const Variable y = ct::take(x, k), next = k + 1;
    const std::string line = std::to_string(__LINE__ - 1);
    const Array two = Array::copy(std::vector<std::int64_t>{0, 1});
    const Array three = Array::copy(std::vector<std::int64_t>{0, 1, 2});
    const auto made = [&](const Variable& v, const Array& value,
                          ct::Where where = ct::Where::current()) {
        return ct::sparse_jacobian(y, x, {.pattern = &diagonal, .at = {{v, value}}}, where);
    };
    CHECK(made(k, three).untested == "");
    CHECK_REFUSED(made(k, two), shape, "sparse_jacobian: the value given for 'k' is (2), not (3)");
    CHECK_REFUSED(made(k, three.cast(ct::DType::f64)), dtype,
                  "sparse_jacobian: the value given for 'k' is f64, not i64");
    CHECK_REFUSED(made(k, Array()), domain, "sparse_jacobian: the value given for 'k' is empty");
    CHECK_REFUSED(made(Variable(), three), domain,
                  "sparse_jacobian: a value is given for an empty Variable");
    CHECK_REFUSED(made(next, three), domain,
                  "sparse_jacobian: a value is given for the result of add (sparse.cpp:" + line +
                      "), which is no input");
}

TEST_CASE("check_pattern: what is no derivative, or no pattern")
{
    const auto x = ct::vector<double>("x", {3});
    const auto k = ct::vector<std::int64_t>("k", {3});
    const Variable y = sin(x);
    const ct::SparseVariable good = ct::sparse_jacobian(y, x);
    const auto check = [&](const ct::SparsePattern& p, ct::Where where = ct::Where::current()) {
        ct::SparseVariable bad = good;
        bad.pattern = p;
        ct::check_pattern(bad, y, x, {}, {}, where);
        return 0;
    };
    CHECK_REFUSED(ct::check_pattern(good, k, x), dtype,
                  "check_pattern: the result must be floating point: 'k' is i64");
    CHECK_REFUSED(ct::check_pattern(good, Variable(), x), domain,
                  "check_pattern: the result is an empty Variable: nothing was assigned to it");
    CHECK_REFUSED(ct::check_pattern({}, y, x), domain,
                  "check_pattern: the value of the derivative is an empty Variable: nothing was "
                  "assigned to it");
    CHECK_REFUSED(ct::check_pattern(good, y, x, {x}, {Array::scalar(1.0)}), shape,
                  "check_pattern: the value given for 'x' is (), not (3)");
    CHECK_REFUSED(check({{0, 1}, {0, 1, 2}, 3, 3}), shape,
                  "check_pattern: the pattern has 2 starts for 3 columns and 3 indices: 4 starts "
                  "are needed, which count from 0 up to the number of indices");
    CHECK_REFUSED(check({{0, 1, 2, 30}, {0, 1, 2}, 3, 3}), shape,
                  "check_pattern: the pattern has 4 starts for 3 columns and 3 indices: 4 starts "
                  "are needed, which count from 0 up to the number of indices");
    CHECK_REFUSED(check({{0, 1, 2, 3}, {0, 1, 7}, 3, 3}), index,
                  "check_pattern: element 2 of the pattern is in row 7, column 2: the matrix is 3 "
                  "x 3, of 3 values");
    CHECK_REFUSED(check({{0, 1, 2, 4}, {0, 1, 0, 2}, 3, 3}), index,
                  "check_pattern: element 3 of the pattern is in row 2, column 2: the matrix is 3 "
                  "x 3, of 3 values");
    ct::SparseVariable bands = ct::sparse_jacobian(y, x, {.format = ct::Compressed::bands});
    bands.pattern.bands[0].row = 1;
    CHECK_REFUSED(ct::check_pattern(bands, y, x), index,
                  "check_pattern: element 2 of the pattern is in row 3, column 2: the matrix is 3 "
                  "x 3, of 3 values");
}
