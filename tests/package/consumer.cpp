// What a user's first program does: an expression, its gradient, a call.
#include <croton/croton.hpp>

#include <cstdio>

namespace ct = croton;

int main()
{
    auto x = ct::scalar<double>("x");
    auto y = x * x + 1;
    auto f = ct::function({x}, {y, ct::grad(y, x)});

    const auto results = f(3.0);
    const double value = results[0].item<double>();
    const double slope = results[1].item<double>();
    std::printf("f(3) = %g, f'(3) = %g\n", value, slope);
    return value == 10.0 && slope == 6.0 ? 0 : 1;
}
