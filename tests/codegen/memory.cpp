#include "memory.hpp"

#include <croton/croton.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "support/catch.hpp"

namespace ct = croton;
using ct::codegen::Lifetime;
using ct::codegen::MemoryPlan;
using ct::codegen::plan_memory;

namespace {

/// A generator of its own, so that the plans are the same everywhere.
class Numbers {
public:
    std::size_t below(std::size_t n)
    {
        state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
        return static_cast<std::size_t>(state_ >> 33) % n;
    }

private:
    std::uint64_t state_ = 7;
};

bool alive_together(const Lifetime& a, const Lifetime& b)
{
    return a.first <= b.last && b.first <= a.last;
}

/// The largest sum of what is alive at one step: no plan needs less.
std::int64_t bound(const std::vector<Lifetime>& all, std::size_t steps)
{
    std::int64_t most = 0;
    for (std::size_t s = 0; s < steps; ++s) {
        std::int64_t sum = 0;
        for (const Lifetime& l : all)
            if (l.first <= s && s <= l.last) sum += (l.bytes.value() + 63) / 64 * 64;
        most = std::max(most, sum);
    }
    return most;
}

} // namespace

TEST_CASE("known sizes get offsets that never overlap while both are alive")
{
    Numbers numbers;
    std::int64_t planned = 0;
    std::int64_t needed = 0;
    for (int round = 0; round < 50; ++round) {
        std::vector<Lifetime> all;
        for (std::size_t i = 0; i < 60; ++i) {
            const std::size_t first = numbers.below(40);
            all.push_back({{},
                           static_cast<std::int64_t>(1 + numbers.below(5000)),
                           first,
                           first + numbers.below(8)});
        }
        const MemoryPlan plan = plan_memory(all);
        for (std::size_t i = 0; i < all.size(); ++i) {
            CHECK(plan.place_of[i].slot < 0);
            CHECK(plan.place_of[i].offset % 64 == 0);
            CHECK(plan.place_of[i].offset + all[i].bytes.value() <= plan.known_bytes);
            for (std::size_t k = 0; k < i; ++k)
                if (alive_together(all[i], all[k])) {
                    const std::int64_t a = plan.place_of[i].offset;
                    const std::int64_t b = plan.place_of[k].offset;
                    CHECK((a + all[i].bytes.value() <= b || b + all[k].bytes.value() <= a));
                }
        }
        planned += plan.known_bytes;
        needed += bound(all, 50);
    }
    CHECK(planned * 100 <= needed * 110);
}

TEST_CASE("many known sizes have exact offsets too")
{
    Numbers numbers;
    std::vector<Lifetime> all;
    for (std::size_t i = 0; i < 5000; ++i) {
        const std::size_t first = numbers.below(4000);
        const std::int64_t bytes = numbers.below(2) ? 64 : 4096;
        all.push_back({{}, bytes, first, first + numbers.below(8)});
    }
    const MemoryPlan plan = plan_memory(all);
    CHECK(plan.slot_bytes.empty());
    int overlaps = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        CHECK(plan.place_of[i].slot < 0);
        for (std::size_t k = 0; k < i; ++k) {
            const std::int64_t a = plan.place_of[i].offset;
            const std::int64_t b = plan.place_of[k].offset;
            overlaps += alive_together(all[i], all[k]) && a < b + all[k].bytes.value() &&
                        b < a + all[i].bytes.value();
        }
    }
    CHECK(overlaps == 0);
    CHECK(plan.known_bytes <= 2 * bound(all, 4008));
}

TEST_CASE("a small value fills the smallest gap that holds it")
{
    // 0: 512 bytes all the time; 1: 256 until step 1; 2: 128 in steps 2..3; 3: 64 in steps 2..3.
    const std::vector<Lifetime> all{
        {{}, 512, 0, 3}, {{}, 256, 0, 1}, {{}, 128, 2, 3}, {{}, 64, 2, 3}};
    const MemoryPlan plan = plan_memory(all);
    CHECK(plan.known_bytes == 768);
    CHECK(plan.place_of[2].offset == 512);
    CHECK(plan.place_of[3].offset == 640);
}

TEST_CASE("sizes with symbols share slots whose size is the largest of their members")
{
    const ct::Extent n = ct::dim("n"), m = ct::dim("m");
    const MemoryPlan same = plan_memory({{{}, n * 8, 0, 1}, {{}, n * 4, 1, 2}, {{}, n * 8, 2, 3}});
    REQUIRE(same.slot_bytes.size() == 2);
    CHECK(same.place_of[2].slot == same.place_of[0].slot);
    CHECK(to_string(same.slot_bytes[0]) == "8*n");
    const MemoryPlan other = plan_memory({{{}, n * 8, 0, 0}, {{}, m * 4, 1, 1}});
    REQUIRE(other.slot_bytes.size() == 1);
    CHECK(to_string(other.slot_bytes[0]) == "max(8*n, 4*m)");
    // Known sizes lie in front of the slots.
    const MemoryPlan mixed = plan_memory({{{}, 100, 0, 1}, {{}, n * 8, 0, 1}});
    CHECK(mixed.known_bytes == 128);
    CHECK(to_string(ct::codegen::total_bytes(mixed)) ==
          to_string(ct::codegen::aligned(n * 8) + 128));
    CHECK(offset_of(mixed, 1).value() == 128);
}

TEST_CASE("a value takes the memory of one that is read for the last time")
{
    const auto a = ct::matrix<float>("a", {64, 64}), b = ct::matrix<float>("b", {64, 64});
    // The first product is read transposed, so that it is a kernel of its own; then only maps.
    const ct::Variable p = ct::dot(a, b);
    const ct::Variable q = ct::cumsum(ct::transpose(p) + 1, ct::Axis{0});
    const ct::Variable r = ct::cumsum(q * 2, ct::Axis{1});
    const auto f = ct::function({a, b}, {r - q}, {.name = "f"});
    CHECK_THAT(f.explain(), croton::test::contains("workspace"));
    const ct::Array x = ct::Array::uniform(1, {64, 64}), y = ct::Array::uniform(2, {64, 64});
    const auto plain = ct::function({a, b}, {r - q}, {.reference = true});
    const ct::Array one = f(x, y)[0], two = plain(x, y)[0];
    for (std::int64_t i = 0; i < one.size(); i += 97)
        CHECK(one.as_double(i) == croton::test::Approx(two.as_double(i)).epsilon(1e-4));
}
