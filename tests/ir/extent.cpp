// Extents: polynomials over symbols, their atoms, and what can be proved of them.
#include <croton/ir/extent.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "support/catch.hpp"

using namespace croton;

namespace {

using Values = std::vector<std::pair<const detail::Atom*, std::int64_t>>;

std::int64_t floored(std::int64_t a, std::int64_t b)
{
    if (b == 0) return 0;
    return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

/// An extent built at random, and beside it what it must be worth.
class RandomExtents {
public:
    explicit RandomExtents(std::uint32_t seed) : random_(seed)
    {
        for (const char* name : {"n", "m", "k"}) {
            symbols_.push_back(dim(name));
            values.emplace_back(as_symbol(symbols_.back()), below(6));
        }
    }
    std::pair<Extent, std::int64_t> draw(int depth)
    {
        if (depth == 0 || below(5) == 0) {
            const std::int64_t i = below(6);
            if (i >= 3) return {i - 4, i - 4};
            return {symbols_[static_cast<std::size_t>(i)],
                    values[static_cast<std::size_t>(i)].second};
        }
        const auto [a, x] = draw(depth - 1);
        const auto [b, y] = draw(depth - 1);
        switch (below(7)) {
        case 0:
            return {a + b, x + y};
        case 1:
            return {a - b, x - y};
        case 2:
            return {a * b, x * y};
        case 3:
            return {floor_div(a, b), floored(x, y)};
        case 4:
            return {mod(a, b), x - floored(x, y) * y};
        case 5:
            return {minimum(a, b), std::min(x, y)};
        default:
            return {maximum(a, b), std::max(x, y)};
        }
    }
    Values values;

private:
    std::int64_t below(std::int64_t n)
    {
        return std::uniform_int_distribution<std::int64_t>(0, n - 1)(random_);
    }
    std::mt19937 random_;
    std::vector<Extent> symbols_;
};

} // namespace

TEST_CASE("an extent is worth what its construction says, and what is proved of it is so")
{
    for (std::uint32_t seed = 0; seed < 400; ++seed) {
        CAPTURE(seed);
        RandomExtents random(seed);
        const auto [a, x] = random.draw(4);
        const auto [b, y] = random.draw(3);
        CAPTURE(to_string(a), to_string(b));
        CHECK(evaluate(a, random.values) == x);
        if (never_equal(a, b)) CHECK(x != y);
        if (never_negative(a)) CHECK(x >= 0);
        if (same(a, b)) CHECK(x == y);
        if (a.is_known()) CHECK(a.value() == x);
        Substitution by;
        for (const auto& [symbol, value] : random.values)
            by.emplace_back(symbol, value);
        const Extent known = substitute(a, by);
        REQUIRE(known.is_known());
        CHECK(known.value() == x);
    }
}

TEST_CASE("equal polynomials are one, however they came about")
{
    const Extent n = dim("n"), m = dim("m");
    CHECK(croton::same(n + m, m + n)); // a qualified call finds it too
    CHECK(same((n + m) * (n - m), n * n - m * m));
    CHECK(same(2 * n + 3 - n - 3, n));
    CHECK(same(n * m * 0 + 7, Extent(7)));
    CHECK(same(floor_div(6 * n, 3), 2 * n));
    CHECK(same(floor_div(6 * n + 5, 3), 2 * n + 1));
    CHECK(same(mod(6 * n + 5, 3), 2));
    CHECK(same(floor_div(4 * n * m - 1, 2), 2 * n * m - 1));
    CHECK(same(mod(4 * n * m - 1, 2), 1));
    CHECK(!mod(3 * n + 1, 2).is_known());
    CHECK(same(mod(4 * n, 2), Extent(0)));
    CHECK(same(minimum(n, n), n));
    CHECK(same(maximum(n, n + 1), n + 1));
    CHECK_FALSE(same(n, dim("n"))); // by identity
    CHECK(to_string(2 * n + 1) == "2*n + 1");
    CHECK(to_string(Shape{3, n}) == "(3, n)");
}

TEST_CASE("what can be decided of extents without their values")
{
    const Extent n = dim("n"), m = dim("m");
    CHECK(never_equal(n, n + 1));
    CHECK(never_equal(3, 4));
    CHECK_FALSE(never_equal(n, m));
    CHECK_FALSE(never_equal(n, 3));
    CHECK(never_negative(n * m + 2));
    CHECK_FALSE(never_negative(n - 1));
    CHECK(never_negative(maximum(n - 1, 0)));
    CHECK(as_symbol(n) != nullptr);
    CHECK(as_symbol(n + 1) == nullptr);
    CHECK(symbols(floor_div(n * m, 2) + n).size() == 2);
}

TEST_CASE("a symbolic extent has no value, and says so")
{
    CHECK_THROWS_WITH((dim("n") + 1).value(), test::contains("n + 1 is known only when"));
}
