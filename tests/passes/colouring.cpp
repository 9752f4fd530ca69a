// Colours of random matrices: what each product has alone.
#include "colouring.hpp"

#include <algorithm>
#include <random>
#include <set>

#include "support/catch.hpp"

using namespace croton::detail;

namespace {

/// Some elements of each row; of a symmetric one also across the diagonal.
Sets random_sets(std::mt19937& random, std::int64_t rows, std::int64_t columns, bool symmetric)
{
    std::vector<std::set<std::int32_t>> all(static_cast<std::size_t>(rows));
    const auto most = static_cast<std::int64_t>(random() % 5);
    for (std::int64_t r = 0; r < rows; ++r) {
        const bool is_long = random() % 16 == 0;
        const std::int64_t count = is_long ? columns / 2 : most;
        for (std::int64_t i = 0; i < count; ++i) {
            const auto c = static_cast<std::int32_t>(random() % static_cast<unsigned>(columns));
            all[static_cast<std::size_t>(r)].insert(c);
            if (symmetric) all[static_cast<std::size_t>(c)].insert(static_cast<std::int32_t>(r));
        }
    }
    auto sets = std::make_shared<ElementSets>();
    sets->starts.push_back(0);
    for (const auto& row : all) {
        sets->of.insert(sets->of.end(), row.begin(), row.end());
        sets->starts.push_back(static_cast<std::int64_t>(sets->of.size()));
    }
    return sets;
}

std::int32_t colour(const Colours& c, std::int64_t element)
{
    return c.of[static_cast<std::size_t>(element)];
}

bool within(const Colours& c)
{
    return std::ranges::all_of(c.of, [&](std::int32_t k) { return k >= 0 && k < c.count; });
}

/// Of element (r, c): whether it is the only one of its colour in its row.
bool is_alone(const Sets& s, std::int64_t r, std::int32_t c, const Colours& colours)
{
    return std::ranges::all_of((*s)[r], [&](std::int32_t o) {
        return o == c || colour(colours, o) != colour(colours, c);
    });
}

} // namespace

TEST_CASE("columns in one row have different colours")
{
    std::mt19937 random(1);
    for (int n = 0; n < 400; ++n) {
        const std::int64_t rows = 1 + random() % 30, columns = 1 + random() % 30;
        const Sets s = random_sets(random, rows, columns, false);
        const Colours colours = colour_columns(s, rows, columns);
        REQUIRE(colours.of.size() == static_cast<std::size_t>(columns));
        CHECK(within(colours));
        const std::vector<bool> alone = alone_in_row(s, rows, colours);
        CHECK(std::ranges::all_of(alone, [](bool a) { return a; }));
        std::size_t longest = 0;
        for (std::int64_t r = 0; r < rows; ++r)
            longest = std::max(longest, (*s)[r].size());
        CHECK(colours.count >= static_cast<std::int32_t>(longest));
    }
}

TEST_CASE("of a symmetric matrix each element is alone in its row or across the diagonal")
{
    std::mt19937 random(2);
    for (int n = 0; n < 400; ++n) {
        const std::int64_t count = 1 + random() % 40;
        const Sets s = random_sets(random, count, count, true);
        const Colours colours = colour_symmetric(s, count);
        CHECK(within(colours));
        bool all = true;
        for (std::int64_t r = 0; r < count; ++r)
            for (const std::int32_t c : (*s)[r])
                all = all && (is_alone(s, r, c, colours) ||
                              is_alone(s, c, static_cast<std::int32_t>(r), colours));
        CHECK(all);
    }
}

TEST_CASE("few colours where few are enough")
{
    // A chain, of which any two neighbours are in one row.
    constexpr std::int32_t n = 200;
    auto chain = std::make_shared<ElementSets>();
    auto arrow = std::make_shared<ElementSets>();
    chain->starts = arrow->starts = {0};
    for (std::int32_t i = 0; i < n; ++i) {
        for (const std::int32_t j : {i - 1, i, i + 1})
            if (j >= 0 && j < n) chain->of.push_back(j);
        chain->starts.push_back(static_cast<std::int64_t>(chain->of.size()));
        if (i == 0)
            for (std::int32_t j = 0; j < n; ++j)
                arrow->of.push_back(j);
        else
            for (const std::int32_t j : {0, i})
                arrow->of.push_back(j);
        arrow->starts.push_back(static_cast<std::int64_t>(arrow->of.size()));
    }
    CHECK(colour_columns(chain, n, n).count == 3);
    CHECK(colour_symmetric(chain, n).count == 3);
    CHECK(colour_columns(arrow, n, n).count == n);
    CHECK(colour_symmetric(arrow, n).count == 2);
}
