// Joined, padded and transposed arrays: kernels that have a loop for each run of indices, or go
// through squares.
#include <croton/croton.hpp>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace ct = croton;
using ct::DType;
using ct::Variable;

namespace {

bool same_bytes(const ct::Array& a, const ct::Array& b)
{
    const auto bytes = static_cast<std::size_t>(a.size()) * size_bytes(a.dtype());
    return a.dtype() == b.dtype() && std::ranges::equal(a.shape(), b.shape()) &&
           std::string_view(static_cast<const char*>(a.data()), bytes) ==
               std::string_view(static_cast<const char*>(b.data()), bytes);
}

/// Numbers that the dtype tells apart.
ct::Array numbered(DType t, const std::vector<std::int64_t>& shape, int from)
{
    ct::Array a = ct::zeros<double>(shape);
    for (std::int64_t i = 0; i < a.size(); ++i)
        static_cast<double*>(a.data())[i] =
            static_cast<double>(t == DType::boolean ? (i / 3 + from) % 2 : (i * 7 + from) % 100);
    return a.cast(t);
}

/// What `f` was given, compiled for one thread, for several and by the references.
class Both {
public:
    Both(const ct::Inputs& inputs, const Variable& y)
        : compiled_(ct::function(inputs, y, {.name = "moved", .threads = 1})),
          threads_(ct::function(inputs, y, {.name = "moved", .threads = 3})),
          reference_(ct::function(inputs, y, {.name = "moved", .reference = true}))
    {}

    bool agree(const std::vector<ct::Array>& arrays) const
    {
        const std::vector<ct::Any> values(arrays.begin(), arrays.end());
        const ct::Array wanted = reference_.call(values)[0];
        return same_bytes(compiled_.call(values)[0], wanted) &&
               same_bytes(threads_.call(values)[0], wanted);
    }
    std::string source() const { return std::string(compiled_.source()); }

private:
    ct::Function compiled_, threads_, reference_;
};

constexpr std::int64_t sides[] = {0, 1, 7, 8, 15, 16, 17, 33, 70};

} // namespace

TEST_CASE("transposed matrices of every dtype, with sides that squares divide and do not")
{
    for (const DType t : {DType::f32, DType::f64, DType::f16, DType::bf16, DType::i8, DType::u16,
                          DType::i64, DType::boolean}) {
        const Variable x = ct::input("x", t, {ct::dim("n"), ct::dim("m")});
        const Variable y = ct::input("y", t, {x.extent(1), x.extent(0)});
        const Both moved({x, y}, where(y == x.T(), x.T(), y));
        CHECK(moved.source().find("x_square") != std::string::npos);
        for (const std::int64_t n : sides)
            for (const std::int64_t m : sides) {
                INFO(name(t) << " " << n << " x " << m);
                CHECK(moved.agree({numbered(t, {n, m}, 1), numbered(t, {m, n}, 2)}));
            }
    }
}

TEST_CASE("axes in every order, and several arrays that lie across")
{
    const Variable x = ct::tensor<float>("x", {ct::dim("a"), ct::dim("b"), ct::dim("c")});
    for (const std::vector<int>& order :
         {std::vector{0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}) {
        const Both moved({x}, ct::square(ct::transpose(x, order)) + 1);
        for (const std::vector<std::int64_t>& shape :
             {std::vector<std::int64_t>{5, 17, 33}, {17, 16, 20}, {40, 3, 40}, {1, 64, 16}}) {
            INFO(order[0] << order[1] << order[2] << " of " << shape[0] << ", " << shape[1] << ", "
                          << shape[2]);
            CHECK(moved.agree({numbered(DType::f32, shape, 3)}));
        }
    }
    const Variable five =
        ct::input("five", DType::f32, {ct::dim("a"), 3, ct::dim("b"), 2, ct::dim("c")});
    const Both turned({five}, ct::transpose(five, {4, 1, 2, 3, 0}) * 2);
    CHECK(turned.source().find("five_square") != std::string::npos);
    CHECK(turned.agree({numbered(DType::f32, {37, 3, 2, 2, 40}, 3)}));
    const Variable p = ct::matrix<float>("p"), q = ct::matrix<float>("q");
    const Both both({p, q}, p.T() * q.T() + ct::square(p.T()));
    CHECK(both.source().find("p_square") != std::string::npos);
    CHECK(both.source().find("q_square") != std::string::npos);
    CHECK(both.agree({numbered(DType::f32, {37, 50}, 3), numbered(DType::f32, {37, 50}, 5)}));
    // Known extents, small ones and large ones.
    const Variable small = ct::matrix<float>("small", {20, 30});
    CHECK(Both({small}, small.T() * 2).source().find("square") == std::string::npos);
    const Variable large = ct::matrix<float>("large", {200, 300});
    const Both known({large}, large.T() * 2);
    CHECK(known.source().find("large_square") != std::string::npos);
    CHECK(known.agree({numbered(DType::f32, {200, 300}, 5)}));
}

TEST_CASE("joined arrays along every axis, with parts that are empty, short and long")
{
    const ct::Extent n = ct::dim("n");
    const Variable a = ct::matrix<float>("a", {ct::dim("p"), n});
    const Variable b = ct::matrix<float>("b", {ct::dim("q"), n});
    const Variable row = ct::matrix<float>("row", {1, n});
    const Both rows({a, b, row},
                    ct::concatenate({a, row, ct::square(b), b(ct::slice(0, 1)), a}) * 2);
    const Both columns({a, b, row},
                       ct::concatenate({a.T(), row.T(), ct::square(b).T(), row.T(), b.T()}, 1) - 1);
    const Variable corner = ct::concatenate({a, row}), other = ct::concatenate({row, a});
    const Both blocks({a, b, row}, ct::concatenate({ct::concatenate({corner, other}, 1),
                                                    ct::concatenate({b, ct::sqrt(b)}, 1)}) +
                                       0.5f);
    for (const std::int64_t p : {0, 1, 5, 40})
        for (const std::int64_t q : {1, 2, 33})
            for (const std::int64_t k : {0, 1, 17, 300}) {
                INFO(p << ", " << q << " rows of " << k);
                const std::vector<ct::Array> arrays{numbered(DType::f32, {p, k}, 1),
                                                    numbered(DType::f32, {q, k}, 2),
                                                    numbered(DType::f32, {1, k}, 3)};
                CHECK(rows.agree(arrays));
                CHECK(columns.agree(arrays));
                CHECK(blocks.agree(arrays));
            }
}

TEST_CASE("padded, set and shifted arrays, and sums of them")
{
    const Variable x = ct::matrix<double>("x");
    const Variable v = ct::vector<double>("v");
    const Both padded({x}, ct::pad(x, {1, 0}, {2, 3}, 0.5));
    const Both known({x}, ct::pad(ct::pad(x, {2, 2}, {2, 2}, 1), {1, 1}, {1, 1}, 2) * 3);
    const Both set({v}, v.set({ct::slice(2, 5)}, v(ct::slice(0, 3)) * 2));
    const Both slopes(
        {v}, ct::grad(ct::sum(ct::square(v(ct::slice(1, ct::_)) - v(ct::slice(0, -1)))), v));
    const Both tiled({x}, ct::tile(x, {2, 3}) + 1);
    for (const std::int64_t n : {1, 2, 16, 50})
        for (const std::int64_t m : {1, 3, 40}) {
            INFO(n << " x " << m);
            const std::vector<ct::Array> matrix{numbered(DType::f64, {n, m}, 1)};
            CHECK(padded.agree(matrix));
            CHECK(known.agree(matrix));
            CHECK(tiled.agree(matrix));
            if (n >= 5) CHECK(set.agree({numbered(DType::f64, {n}, 2)}));
            CHECK(slopes.agree({numbered(DType::f64, {n}, 2)}));
        }
}

TEST_CASE("single elements of joined and padded arrays of unknown extents")
{
    const Variable a = ct::vector<double>("a"), b = ct::vector<double>("b");
    const Variable joined = ct::concatenate({a, b});
    for (const Variable& y :
         {joined(2), joined(ct::slice(2, 3)), ct::pad(a, {1}, {1})(3) + b(0), ct::sum(joined(1))}) {
        const Both one({a, b}, y + a(0) + b(0));
        for (const std::int64_t n : {2, 5})
            CHECK(one.agree({numbered(DType::f64, {n}, 1), numbered(DType::f64, {n}, 2)}));
    }
}

TEST_CASE("what is one piece in one run of indices may be another in the next")
{
    const ct::Extent n = ct::dim("n"), q = ct::dim("q"), r = ct::dim("r");
    const Variable x = ct::matrix<double>("x", {n, r}), a = ct::matrix<double>("a", {n, q}),
                   b = ct::matrix<double>("b", {n, r});
    // Neither q nor r is known to come first along the axis of length q + r.
    const Variable z = ct::pad(x, {0, q}, {0, 0}), u = ct::concatenate({b, a}, 1);
    const Both both({x, a, b}, ct::concatenate({z, u * z}, 1));
    const Variable s = ct::scalar<double>("s");
    const Variable row = ct::concatenate({ct::broadcast_to(s, {n, q}), x}, 1);
    const Both scalars({x, a, b, s}, ct::concatenate({row, u * row, row}, 1));
    for (const std::int64_t i : {1, 3})
        for (const std::int64_t j : {1, 4, 20})
            for (const std::int64_t k : {1, 3, 33}) {
                INFO(i << ", " << j << ", " << k);
                std::vector<ct::Array> arrays{numbered(DType::f64, {i, k}, 1),
                                              numbered(DType::f64, {i, j}, 2),
                                              numbered(DType::f64, {i, k}, 3)};
                CHECK(both.agree(arrays));
                arrays.push_back(ct::Array::scalar(7.0));
                CHECK(scalars.agree(arrays));
            }
}

TEST_CASE("a loop over steps whose state is a stack of many numbers, and its gradient")
{
    constexpr int count = 40;
    const Variable x = ct::vector<double>("x", {count});
    const auto step = [](const Variable& s) {
        ct::Variables next;
        for (int i = 0; i < count; ++i)
            next.push_back(s(i) * 0.5 + s((i + 1) % count) * s((i + 3) % count) * 0.01);
        return ct::stack(next);
    };
    const Variable last = ct::scan(step, {.init = {x}, .steps = 6}).last[0];
    const ct::Array at = numbered(DType::f64, {count}, 3);
    for (const Variable& y : {last, ct::grad(ct::sum(last * last), x)}) {
        const ct::Array compiled = ct::function(x, y, {.name = "steps"})(at)[0];
        const ct::Array wanted = ct::function(x, y, {.name = "steps", .reference = true})(at)[0];
        for (int i = 0; i < count; ++i)
            CHECK(compiled.as_double(i) == Approx(wanted.as_double(i)).epsilon(1e-12));
    }
}

TEST_CASE("a part behind many others is given its place, not the extents in front of it")
{
    std::vector<Variable> parts, halves;
    std::vector<ct::Array> arrays;
    const ct::Extent m = ct::dim("m");
    for (int i = 0; i < 24; ++i) {
        const std::string number = std::to_string(i);
        parts.push_back(ct::matrix<float>("x" + number, {ct::dim("n" + number), m}));
        halves.push_back(parts.back() * 0.5);
        arrays.push_back(numbered(DType::f32, {(i * 5) % 7, 3}, i));
    }
    const Variable joined = ct::concatenate(parts), other = ct::concatenate(halves);
    const Both rows(parts, joined);
    CHECK(rows.agree(arrays));
    CHECK(rows.source().find("v0[i * m + first * m + j] = x") != std::string::npos);
    // Kernels of the parts behind are one text; of each but the first few stand two lines in `run`.
    CHECK(rows.source().size() < 16000);
    // What is read begins at that place as well.
    CHECK(Both(parts, other + joined * 2).agree(arrays));
    const ct::Variables inputs(parts.begin(), parts.end());
    CHECK(Both(parts, ct::grad(sum(ct::square(joined) * other), inputs[9])).agree(arrays));
    const Variable weights = ct::matrix<float>("w", joined.shape());
    std::vector<Variable> with_weights = parts;
    with_weights.push_back(weights);
    std::int64_t all = 0;
    for (const ct::Array& a : arrays)
        all += a.shape()[0];
    arrays.push_back(numbered(DType::f32, {all, 3}, 5));
    CHECK(Both(with_weights, joined * weights).agree(arrays));
    CHECK(Both(with_weights, joined * sum(weights, 0)).agree(arrays));
    CHECK(Both(with_weights, ct::concatenate({weights, joined})).agree(arrays));
}

TEST_CASE("checks for NaN see a joined array when it is whole")
{
    const Variable a = ct::vector<float>("a"), b = ct::vector<float>("b");
    const auto f = ct::function({a, b}, ct::concatenate({a, ct::log(b), a}),
                                {.name = "joined", .finite_checks = true});
    const auto ones = ct::Array::full<float>({40000}, 1);
    CHECK(f(ones, ones)[0].size() == 120000);
    CHECK_THROWS_WITH(f(ones, ct::Array::full<float>({40000}, -1)), Catch::Contains("log"));
}

TEST_CASE("joined arrays under another shape stay where they were joined")
{
    // Each of as many arrays gets a loop of its own; the reshape would store what it loads.
    std::vector<Variable> parts;
    std::vector<ct::Array> arrays;
    for (int i = 0; i < 6; ++i) {
        parts.push_back(ct::vector<double>("x" + std::to_string(i), {1000}));
        arrays.push_back(numbered(DType::f64, {1000}, i));
    }
    const Both flat(parts, ct::stack(parts, 1).reshape({6000}));
    CHECK(flat.agree(arrays));
    CHECK(flat.source().find("CT_KERNEL void fused_0") != std::string::npos);
    CHECK(flat.source().find("CT_KERNEL void fused_1") == std::string::npos);
    // Where a kernel that only moves is gone, what it would have been checked for is still seen.
    const auto f = ct::function(parts, ct::stack(parts, 1).reshape({6000}),
                                {.name = "joined", .finite_checks = true});
    arrays[3] = ct::Array::full<double>({1000}, std::numeric_limits<double>::quiet_NaN());
    CHECK_THROWS_WITH(f.call(std::vector<ct::Any>(arrays.begin(), arrays.end())),
                      "joined: 'x3' is not finite: nan at (0) of f64 (1000)");
}
