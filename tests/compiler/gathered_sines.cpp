// Kernels that read by indices and have functions with a fast form: both may fail, apart.
#include <croton/croton.hpp>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace ct = croton;
using croton::test::contains;

TEST_CASE("sines of elements that indices name: large arguments, and indices out of range")
{
    const auto x = ct::vector<double>("x");
    const auto i = ct::vector<std::int64_t>("i");
    const auto f = ct::function({x, i}, sin(ct::take(x, i)), {.name = "wave"});
    REQUIRE_THAT(std::string(f.source()), contains("sin_fast_f64"));
    std::vector<double> at{0.5, 1, 2};
    std::vector<std::int64_t> places;
    for (std::int64_t k = 0; k < 5000; ++k)
        places.push_back(k % 3);
    const auto check = [&] {
        const ct::Array y = f(at, places)[0];
        double worst = 0;
        for (std::size_t k = 0; k < places.size(); ++k) {
            const double exact = std::sin(at[static_cast<std::size_t>(places[k])]);
            worst = std::max(worst, std::abs(y.as_double(static_cast<std::int64_t>(k)) - exact));
        }
        CHECK(worst < 1e-15);
    };
    check();
    at[1] = 1e22; // too large for the fast form: all is computed again
    check();
    places[4321] = 3;
    CHECK_THROWS_WITH(f(at, places), contains("4321"));
    at[1] = 1;
    CHECK_THROWS_WITH(f(at, places), contains("4321"));
}
