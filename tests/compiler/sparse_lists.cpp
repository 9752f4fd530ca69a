// Sparse derivatives that are no bands: elements that constant indices name, loops, branches, rules
// of one's own, patterns of the caller's; from products with few vectors, against dense ones.
#include <croton/croton.hpp>
#include <croton/ir/apply.hpp>
#include <croton/ir/traverse.hpp>

#include <string>
#include <vector>

#include "support/compiled.hpp"
#include "support/sparse_checks.hpp"

namespace ct = croton;
using croton::test::check_hessian;
using croton::test::check_jacobian;
using croton::test::check_sparse;
using ct::_;
using ct::Array;
using ct::Compressed;
using ct::SparsePattern;
using ct::Triangle;
using ct::Variable;

namespace {

Array indices(const std::vector<std::int64_t>& all)
{
    return Array::copy(ct::View<const std::int64_t>(all));
}

/// Which node each corner of eight triangles is.
Array corners()
{
    return indices({0, 1, 3, 1, 4, 3, 1, 2, 4, 2, 5, 4, 3, 4, 6, 4, 7, 6, 4, 5, 7, 5, 8, 7})
        .reshape({8, 3});
}

/// How many products the values are read from: elements of the largest batch.
std::int64_t rows_of_batch(const Variable& values, std::int64_t elements)
{
    std::int64_t most = 0;
    for (const ct::Apply& a : ct::applies_of(std::span(&values, 1)))
        for (const Variable& v : a.outputs())
            if (v.rank() == 1 && v.extent(0).is_known() && v.extent(0).value() % elements == 0)
                most = std::max(most, v.extent(0).value() / elements);
    return most;
}

} // namespace

TEST_CASE("elements that constant indices name")
{
    const Array k = indices({3, 0, 5, 0, -1, 2});
    check_jacobian([&](const Variable& x) { return sin(ct::take(x, k)); }, {6}, 6);
    check_jacobian([&](const Variable& x) { return ct::take(x, k) * x; }, {6}, 12);
    check_jacobian([&](const Variable& x) { return ct::take(square(x), indices({2, 0}), 0); },
                   {3, 2}, 4);
    check_jacobian(
        [&](const Variable& x) {
            return ct::take_along_axis(exp(x), indices({1, 0, 0, 2}).reshape({4, 1}), 1);
        },
        {4, 3}, 4);
    check_jacobian(
        [&](const Variable& x) {
            return ct::gather(x, {indices({0, 2, 1}), indices({1, 1, 0})}) * x(0, 0);
        },
        {3, 2}, 6);
    // Computed from constants.
    check_jacobian([&](const Variable& x) { return ct::take(x * x, ct::arange(3) * 2 - 5); }, {6},
                   3);
}

TEST_CASE("elements that go where constant indices say")
{
    const Array k = indices({3, 0, 3, -1});
    check_jacobian(
        [&](const Variable& x) {
            return ct::scatter_add(ct::zeros(ct::DType::f64, {6}), {k}, square(x));
        },
        {4}, 4);
    check_jacobian(
        [&](const Variable& x) { return ct::scatter_add(x, {k}, sin(x(ct::slice(0, 4)))); }, {6},
        10);
    check_jacobian(
        [&](const Variable& x) { return ct::scatter_set(x, {k}, sin(x(ct::slice(0, 4)))); }, {6},
        6);
    check_jacobian([&](const Variable& x) { return x.add({_, k}, 2.0 * x(_, ct::slice(1, 5))); },
                   {2, 6}, 18);
    check_jacobian(
        [&](const Variable& x) {
            return x.set({ct::slice(1, 3)}, ct::take(x, k)(ct::slice(0, 2)));
        },
        {5}, 5);
}

TEST_CASE("an index that is an input may be any")
{
    const Variable x = ct::vector<double>("x", {5});
    const auto k = ct::vector<std::int64_t>("k", {3});
    const Variable y = ct::take(x, k) * x(ct::slice(0, 3));
    CHECK(ct::sparse_jacobian(y, x).pattern.size() == 15);
    // Along the axis that it is of.
    const Variable m = ct::matrix<double>("m", {4, 3});
    CHECK(ct::sparse_jacobian(ct::take(m, k, 0), m).pattern.size() == 3 * 3 * 4);
    CHECK(ct::sparse_jacobian(ct::scatter_add(x, {k}, x(ct::slice(0, 3))), x).pattern.size() == 17);
}

TEST_CASE("finite elements: a matrix is put together from those of triangles")
{
    const Array nodes = corners();
    const auto energy = [&](const Variable& u) {
        const Variable e = ct::take(u, nodes);
        return ct::sum(square(e(_, 1) - e(_, 0)) + exp(e(_, 2) * e(_, 0)) +
                       pow(e(_, 2) - e(_, 1), 4));
    };
    // Nine nodes, and sixteen sides.
    check_hessian(energy, {9}, 25, 41);
}

TEST_CASE("bundle adjustment: cameras and points that constant indices name are bands")
{
    const auto text = [](std::int64_t points) {
        std::vector<std::int64_t> camera, point;
        for (std::int64_t p = 0; p < points; ++p)
            for (std::int64_t c = 0; c < 2; ++c) {
                camera.push_back((p + c * (1 + p % 3)) % 5);
                point.push_back(p);
            }
        const Variable x = ct::vector<double>("x", {5 * 4 + points * 3});
        const auto parts = ct::unpack(x, {{5, 4}, {points, 3}});
        const Variable c = ct::take(parts[0], indices(camera), 0);
        const Variable p = ct::take(parts[1], indices(point), 0);
        const Variable r = ct::stack({c(_, 0) * p(_, 0) + sin(c(_, 1)) * p(_, 2),
                                      c(_, 2) * p(_, 1) + exp(c(_, 3)) * p(_, 2)},
                                     1);
        const ct::SparseVariable j = ct::sparse_jacobian(r, x, {.format = Compressed::rows});
        if (points < 20) check_sparse(j, ct::jacobian(r, x), x, Triangle::full, 2 * points * 2 * 4);
        const auto compiled = ct::function({x}, {j.values}, {.threads = 1});
        return std::string(compiled.source());
    };
    check_jacobian(
        [](const Variable& x) { // one index of another
            const Variable once = ct::take(x, indices({3, 0, 5, 0, 1, 2}));
            return ct::take(once, indices({1, 1, 4, 0}), 0) * x(ct::slice(_, 4)) +
                   ct::take(square(once), indices({5, 0, 2, 3}));
        },
        {6}, -1);
    CHECK(text(12).size() > 0);
    CHECK(text(20000).size() < text(10000).size() * 11 / 10);
}

TEST_CASE("few products, whatever the number of elements")
{
    const auto products = [](std::int64_t n) {
        std::vector<std::int64_t> ends;
        for (std::int64_t i = 0; i + 1 < n; ++i)
            ends.insert(ends.end(), {i, i + 1});
        const Array nodes = indices(ends).reshape({n - 1, 2});
        const Variable x = ct::vector<double>("x", {n});
        const Variable e = ct::take(x, nodes), pull = sin(e(_, 1) - e(_, 0));
        const Variable r = ct::scatter_add(ct::zeros(ct::DType::f64, {n}), {Variable(nodes)},
                                           ct::stack({pull, -pull}, 1));
        const ct::SparseVariable j = ct::sparse_jacobian(r, x);
        if (n < 20) check_sparse(j, ct::jacobian(r, x), x, Triangle::full, 3 * n - 2);
        return rows_of_batch(j.values, n);
    };
    CHECK(products(12) == 3);
    CHECK(products(400) == 3);
}

TEST_CASE("long rows, long columns, and an arrow of both")
{
    const Array k = indices({4, 1, 7, 2, 0, 6, 3, 5});
    const auto arrow = [&](const Variable& x) {
        return ct::concatenate({ct::dot(x, ct::take(x, k)).reshape({1}), x(0) * ct::take(x, k)});
    };
    check_jacobian(arrow, {8}, 8 + 15);
    check_hessian([&](const Variable& x) { return square(ct::sum(ct::take(x, k)) * x(2)); }, {8},
                  36, 64);
    const auto counted = [&](const auto& f) {
        const Variable x = ct::vector<double>("x", {8});
        const Variable y = f(x);
        return rows_of_batch(ct::sparse_jacobian(y, x).values, 8);
    };
    // One sweep, backwards.
    CHECK(counted([](const Variable& x) { return ct::sum(ct::cumsum(exp(x), 0)); }) == 1);
}

TEST_CASE("running sums and products")
{
    check_jacobian([](const Variable& x) { return ct::cumsum(square(x), 0); }, {4}, 10);
    check_jacobian([](const Variable& x) { return ct::cumprod(x, 0) * x; }, {4}, 10);
    check_jacobian([](const Variable& x) { return ct::cumsum(square(x), 1); }, {2, 3}, 12);
    check_hessian([](const Variable& x) { return ct::sum(exp(ct::cumsum(x, 0))); }, {4}, 10, 16);
}

TEST_CASE("loops: what a step depends on, step by step")
{
    const auto filter = [](const Variable& x) {
        return ct::scan([](const Variable& in, const Variable& s) { return 0.5 * s * in + in; },
                        {.sequences = {x}, .init = {ct::Variable(0.1)}})
            .history[0];
    };
    check_jacobian(filter, {5}, 15);
    // A state of which the last two inputs alone are left.
    const auto window = [](const Variable& x) {
        return ct::scan([](const Variable& in,
                           const Variable& s) { return ct::stack({sin(in), s(0) * in}); },
                        {.sequences = {x}, .init = {ct::zeros(ct::DType::f64, {2})}})
            .history[0];
    };
    check_jacobian(window, {5}, 5 + 9);
    const auto backwards = [](const Variable& x) {
        return ct::scan([](const Variable& in, const Variable& s) { return ct::tanh(s + in); },
                        {.sequences = {x}, .init = {x(0)}, .reverse = true})
            .history[0];
    };
    check_jacobian(backwards, {4}, 4 + 4 + 3 + 2);
    // Elements that a counter names.
    const auto counted = [](const Variable& x) {
        return ct::fori_loop(3,
                             [](const Variable& i, const Variable& s) {
                                 return s.set({i + 1}, s[i + 1] * sin(s[i]));
                             },
                             {x})[0];
    };
    check_jacobian(counted, {5}, 1 + 2 + 3 + 4 + 1);
    check_hessian([&](const Variable& x) { return ct::sum(window(x)); }, {5}, -1, -1);
    check_hessian([&](const Variable& x) { return ct::sum(filter(x)); }, {4}, -1, -1);
}

TEST_CASE("a loop that stops early, and one whose steps are not known")
{
    const auto stops = [](const Variable& x) {
        return ct::scan(
                   [](const Variable& in, const Variable& s) {
                       return ct::Step{{s * in + in}, {sin(in)}, ct::sum(s) > 0.5};
                   },
                   {.sequences = {x}, .init = {ct::Variable(0.1)}})
            .last[0];
    };
    check_jacobian([&](const Variable& x) { return stops(x) * x; }, {4}, 16);
    const Variable x = ct::vector<double>("x", {4});
    const auto n = ct::scalar<std::int64_t>("n");
    const Variable y = ct::while_loop(
        [&](const Variable& i, const Variable&) { return i < n; },
        [](const Variable& i, const Variable& s) { return ct::Variables{i + 1, s * sin(s)}; },
        {std::int64_t{0}, x})[1];
    CHECK(ct::sparse_jacobian(y, x).pattern.size() == 4);
}

TEST_CASE("branches: what any of them depends on")
{
    const auto f = [](const Variable& x) {
        return ct::cond(
            ct::sum(x) > 3.0, [&] { return ct::flip(x, 0) * x; }, [&] { return x(0) * x; })[0];
    };
    check_jacobian(f, {4}, 8 + 2);
}

TEST_CASE("rules of one's own say what depends on what")
{
    const auto twice = ct::custom_vjp([](const Variable& v) { return v * v; },
                                      [](const Variable& v, const Variable&, const Variable& bar) {
                                          return ct::Variables{3.0 * bar * v};
                                      });
    check_jacobian([&](const Variable& x) { return twice(x); }, {4}, 4);
    check_jacobian([&](const Variable& x) { return twice(x) * ct::flip(x, 0); }, {4}, 8);
    const auto sums = ct::custom_jvp(
        [](const Variable& v) { return v + ct::sum(v); },
        [](const Variable&, const Variable& dot) { return 2.0 * dot + ct::flip(dot, 0); });
    check_jacobian([&](const Variable& x) { return sums(x); }, {5}, 9);
    // Second derivatives by a rule that is no derivative are not symmetric.
    const auto bent =
        ct::custom_vjp([](const Variable& v) { return v(0) * v(1); },
                       [](const Variable& v, const Variable&, const Variable& bar) {
                           return ct::Variables{bar * ct::stack({v(1) * v(1), v(0) * v(1)})};
                       });
    check_hessian([&](const Variable& x) { return bent(x); }, {2}, -1, -1);
    check_hessian([&](const Variable& x) { return ct::sum(square(ct::clip_gradient(x, -1, 1))); },
                  {3}, 3, 3);
}

TEST_CASE("programs of many numbers")
{
    // As many bands as numbers: products with few vectors instead.
    constexpr int n = 300;
    const Variable x = ct::vector<double>("x", {n});
    ct::Variables terms;
    for (int i = 0; i + 1 < n; ++i)
        terms.push_back(x(i) * sin(x(i + 1)));
    const Variable y = ct::stack(terms);
    check_sparse(ct::sparse_jacobian(y, x, {.format = Compressed::rows}), ct::jacobian(y, x), x,
                 Triangle::full, 2 * (n - 1));
}

TEST_CASE("a pattern of the caller's")
{
    const Variable x = ct::vector<double>("x", {5});
    const auto k = ct::vector<std::int64_t>("k", {5});
    // k is (1, 2, 3, 4, 4): the caller knows.
    const SparsePattern known{
        {0, 2, 4, 6, 8, 9}, {0, 1, 1, 2, 2, 3, 3, 4, 4}, 5, 5, Compressed::rows};
    const Variable y = ct::take(x, k) * exp(x);
    for (const Compressed format : {Compressed::rows, Compressed::columns}) {
        const ct::SparseVariable j =
            ct::sparse_jacobian(y, x, {.format = format, .pattern = &known});
        CHECK(j.pattern.size() == 9);
        const Array at = Array::uniform(3, {5}, ct::DType::f64, 0.2, 1.5);
        const ct::Results r =
            ct::function({x, k}, {j.values, ct::jacobian(y, x)})(at, indices({1, 2, 3, 4, 4}));
        const std::vector<double> got = croton::test::dense(j.pattern, r[0]);
        for (std::size_t i = 0; i < got.size(); ++i)
            CHECK(got[i] == croton::test::Approx(r[1].as_double(static_cast<std::int64_t>(i))));
    }
    // Half of a Hessian's.
    const Variable f = ct::sum(ct::take(x, k) * sin(x));
    const SparsePattern half{
        {0, 1, 3, 5, 7, 9}, {0, 0, 1, 1, 2, 2, 3, 3, 4}, 5, 5, Compressed::rows};
    const ct::SparseVariable h = ct::sparse_hessian(f, x, {.pattern = &half});
    CHECK(h.pattern.size() == 13);
    const Array at = Array::uniform(4, {5}, ct::DType::f64, 0.2, 1.5);
    const ct::Results r =
        ct::function({x, k}, {h.values, ct::hessian(f, x)})(at, indices({1, 2, 3, 4, 4}));
    const std::vector<double> got = croton::test::dense(h.pattern, r[0]);
    for (std::size_t i = 0; i < got.size(); ++i)
        CHECK(got[i] == croton::test::Approx(r[1].as_double(static_cast<std::int64_t>(i))));
}

TEST_CASE("a model over a batch whose size the call gives")
{
    const Variable x = ct::vector<double>("x", {3});
    const auto data = ct::matrix<double>("data", {ct::dim("n"), 3});
    const Variable loss =
        ct::sum(square(ct::dot(data, x))) + ct::sum(exp(ct::take(x, indices({0, 2}))));
    const ct::SparseVariable h = ct::sparse_hessian(loss, x);
    CHECK(h.pattern.size() == 9);
    const Array at = Array::uniform(4, {3}, ct::DType::f64),
                rows = Array::normal(5, {7, 3}, ct::DType::f64);
    const ct::Results r = ct::function({x, data}, {h.values, ct::hessian(loss, x)})(at, rows);
    for (std::int64_t i = 0; i < 9; ++i)
        CHECK(r[0].as_double(i) == croton::test::Approx(r[1].as_double(i)));
}
