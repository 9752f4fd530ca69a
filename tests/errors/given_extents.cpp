// Extents that inputs give: how they follow from axes, and that what a call refuses names these.
#include <croton/croton.hpp>

#include <filesystem>
#include <string>
#include <unistd.h>
#include <vector>

#include "errors/expect.hpp"

namespace ct = croton;
using croton::test::contains;

namespace {

std::string place(int line) { return "given_extents.cpp:" + std::to_string(line); }

} // namespace

TEST_CASE("what an op needs of an extent names the input's axis that gives it its value")
{
    const auto m = ct::matrix<double>("m");
    const auto x = ct::vector<double>("x"), y = ct::vector<double>("y");
    const auto of = [](std::vector<std::int64_t> shape) { return ct::zeros<double>(shape); };
    for (const bool reference : {false, true}) {
        const auto f = [&](const ct::Variables& inputs, const ct::Variable& v) {
            return ct::function(inputs, v, {.name = "f", .reference = reference});
        };
        const auto at = [](const ct::Variable& v) {
            return ", at " + place(static_cast<int>(v.where().line()));
        };
        const auto row = m(-6), part = m(ct::slice(2, -3));
        const auto rows = ", where n0 is axis 0 of input 'm'";
        CHECK_THROWS_WITH(f({m}, row)(of({3, 2})),
                          "f: index on axis 0 of (n0, n1) needs n0 >= 6, n0 is 3" +
                              (rows + at(row)));
        CHECK_THROWS_WITH(f({m}, part)(of({3, 2})),
                          "f: index on axis 0 of (n0, n1) needs n0 >= 5, n0 is 3" +
                              (rows + at(part)));
        const auto both = ", where n0 is axis 0 of input 'x' and n1 is axis 0 of input 'y'";
        const auto joined = ct::concatenate({x, y})(7);
        CHECK_THROWS_WITH(f({x, y}, joined)(of({3}), of({2})),
                          "f: index on axis 0 of (n0 + n1) needs n0 + n1 >= 8, n0 + n1 is 5" +
                              (both + at(joined)));
        const auto shifted = x(ct::slice(1, ct::_)) + y(ct::slice(0, -2));
        CHECK_THROWS_WITH(f({x, y}, shifted)(of({3}), of({5})),
                          "f: add: axis -1 of shapes (n0 - 1) and (n1 - 2) is 2, it must be 3 "
                          "(n1 - 2)" +
                              (both + at(shifted)));
        const auto cut = x(ct::slice(y.extent(0), ct::_)) * ct::sum(y);
        CHECK_THROWS_WITH(
            f({x, y}, cut)(of({3}), of({4})),
            "f: index on axis 0 of (n0) needs n1 <= n0, n1 is 4 and n0 is 3, where n1 "
            "is axis 0 of input \'y\' and n0 is axis 0 of input \'x\'" +
                at(cut));
        const auto cropped = ct::pad(x, {-2}, {-3});
        CHECK_THROWS_WITH(
            f({x}, cropped)(of({4})),
            "f: pad on axis 0 of (n0) needs n0 >= 5, n0 is 4, where n0 is axis 0 of input 'x'" +
                at(cropped));
        const auto stretched = ct::pad(x, {y.extent(0) - 3}, {0}) * ct::sum(y);
        CHECK_THROWS_WITH(f({x, y}, stretched)(of({4}), of({1})),
                          contains("f: pad on axis 0 of (n0 + n1 - 3) needs n1 >= 3, n1 is 1"));
        const auto four = ct::concatenate({m, m, x.reshape({1, -1})(ct::_, ct::slice(1, ct::_))});
        CHECK_THROWS_WITH(
            f({m, x}, four)(of({1, 2}), of({4})),
            "f: axis 1 of input 'm' is 2, it must be 3 (n1 - 1), where n1 is axis 0 of "
            "input 'x', for concatenate at " +
                place(static_cast<int>(four.where().line())));
    }
    const auto f = ct::function({x}, ct::sum(x(ct::slice(0, 4))), {.name = "f"});
    auto workspace = f.workspace();
    double out = 0;
    const std::vector<double> two(2);
    CHECK(
        f.typed<void(ct::View<const double>, double&)>()(workspace, two, out).text() ==
        "f: index on axis 0 of (n0) needs n0 >= 4, n0 is 2, where n0 is axis 0 of input 'x', at " +
            place(__LINE__ - 7));
}

TEST_CASE("joining names which arrays do not fit, also where a call finds it")
{
    const auto n = ct::dim("n"), k = ct::dim("k");
    const auto x = ct::vector<double>("x", {n}), y = ct::vector<double>("y", {k});
    const auto rows = [](const ct::Variable& v) { return v.reshape({1, -1}); };
    const auto all =
        ct::concatenate({rows(x)(ct::_, ct::slice(1, ct::_)), rows(x)(ct::_, ct::slice(0, -1)),
                         rows(y)(ct::_, ct::slice(2, ct::_))});
    const auto f = ct::function({x, y}, all, {.name = "f"});
    CHECK_THROWS_WITH(
        f(ct::zeros<double>({4}), ct::zeros<double>({4})),
        "f: concatenate: axis 1 of array 0 (1, n - 1) and of array 2 (1, k - 2) is 3, "
        "it must be 2 (k - 2), where n is axis 0 of input 'x' and k is axis 0 of "
        "input 'y', at " +
            place(static_cast<int>(all.where().line())));
}

TEST_CASE("an input may have as many elements as a product of others' extents")
{
    const auto n = ct::dim("n"), m = ct::dim("m");
    const auto x = ct::vector<double>("x", {n}), y = ct::vector<double>("y", {m});
    const auto z = ct::vector<double>("z", {n * m});
    const auto f = ct::function({z, x, y}, z + ct::sum(x) + ct::sum(y), {.name = "f"});
    const auto of = [](std::int64_t count) { return ct::zeros<double>({count}); };
    CHECK(f(of(6), of(2), of(3))[0].size() == 6);
    CHECK_THROWS_WITH(f(of(7), of(2), of(3)),
                      "f: axis 0 of input 'z' is 7, it must be 6 (n*m), where n is axis 0 of input "
                      "'x' and m is axis 0 of input 'y'");
    CHECK_THROWS_WITH(
        ct::function({z}, z),
        "function: extent n of 'z' (n*m) follows from no input; an input with an axis "
        "of extent n gives it");
}

TEST_CASE("an extent follows from a product only where no axis tells it by a number")
{
    const auto n = ct::dim("n"), m = ct::dim("m");
    const auto x = ct::vector<double>("x", {n}), y = ct::vector<double>("y", {n * m});
    const auto z = ct::vector<double>("z", {2 * m});
    const auto of = [](std::int64_t count) { return ct::zeros<double>({count}); };
    const auto all = ct::sum(x) + ct::sum(y) + ct::sum(z);
    const auto f = ct::function({x, y, z}, all + ct::arange(m), {.name = "f"});
    CHECK(f(of(0), of(0), of(10))[0].size() == 5);
    const auto g = ct::function({x, y}, ct::arange(m) + ct::sum(x) + ct::sum(y), {.name = "g"});
    std::vector<double> out(5);
    const std::vector<double> three(3), twelve(12);
    CHECK_THROWS_WITH(
        (g.typed<void(ct::View<const double>, ct::View<const double>, ct::View<double>)>()(
            three, twelve, out)),
        contains("axis 0 of output 0 is 5, it must be 4 (m), where m follows from axis 0 of "
                 "input 'y'"));
}

TEST_CASE("an extent follows from a product with others, which must divide")
{
    const auto n = ct::dim("n"), m = ct::dim("m");
    const auto x = ct::vector<double>("x", {n});
    const auto z = ct::vector<double>("z", {n * m + 2 * m + 1});
    const auto y = ct::sum(z(ct::slice(1, ct::_)).reshape({n + 2, m}), 0) + ct::sum(x);
    const auto of = [](std::int64_t count) { return ct::Array::full<double>({count}, 1); };
    const auto path = std::filesystem::temp_directory_path() /
                      ("croton_products_" + std::to_string(::getpid()) + ".croton");
    for (const bool reference : {false, true}) {
        auto f = ct::function({z, x}, y, {.name = "f", .reference = reference});
        for (int again = 0; again < 2; ++again) {
            const auto r = f(of(16), of(3));
            REQUIRE(r[0].size() == 3);
            CHECK(r[0].as_double(2) == 8);
            CHECK(f(of(1), of(3))[0].size() == 0);
            CHECK_THROWS_WITH(f(of(17), of(3)),
                              "f: axis 0 of input 'z' is 17, it must be n*m + 2*m + 1 for some m, "
                              "where n is axis 0 of input 'x'");
            f.save(path.string());
            f = ct::Function::load(path.string());
        }
    }
    std::filesystem::remove(path);
    // Of nothing any number of rows.
    const auto w = ct::vector<double>("w", {n * m});
    const auto g = ct::function({w, x}, w.reshape({n, m}) + ct::sum(x), {.name = "g"});
    CHECK(g(of(0), of(0))[0].shape()[1] == 0);
    CHECK_THROWS_WITH(g(of(2), of(0)),
                      "g: axis 0 of input 'w' is 2, it must be n*m for some m, where n is axis 0 "
                      "of input 'x'");
}
