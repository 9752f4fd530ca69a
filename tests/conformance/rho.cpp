#include "conformance/rho.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace croton::test {

Numbers numbers(const Array& a)
{
    const auto* p = static_cast<const double*>(a.data());
    return {p, p + a.size()};
}

void compare_rho(Tally& tally, const std::string& name, const Numbers& got, const Numbers& golden)
{
    std::ostringstream why;
    why.precision(17);
    if (got.size() != golden.size()) why << got.size() << " numbers, not " << golden.size();
    for (std::size_t i = 0; i < std::min(got.size(), golden.size()) && why.str().empty(); ++i) {
        const double both = std::abs(got[i]) + std::abs(golden[i]);
        if (!(std::abs(got[i] - golden[i]) < 1e-10 * std::max(1.0, both)))
            why << "number " << i << " is " << got[i] << ", golden " << golden[i];
    }
    why.str().empty() ? tally.pass(name) : tally.fail(name, why.str());
}

} // namespace croton::test
