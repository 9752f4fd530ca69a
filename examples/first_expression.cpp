// A first expression: written, differentiated, compiled, called, and the program it became.
// [program]
#include <croton/croton.hpp>

#include <cstdio>

namespace ct = croton;

int main()
{
    const auto x = ct::matrix<float>("x"), b = ct::vector<float>("b");
    const auto z = ct::sum(log1p(exp(x + b))).named("z");
    const auto b_bar = ct::grad(z, b).named("b_bar");

    const auto f = ct::function({x, b}, {z, b_bar}, {.name = "first"});
    const auto out = f(ct::Array::full<float>({2, 3}, 0.5f), ct::Array::full<float>({3}, 1.0f));

    std::printf("z = %g, b_bar[0] = %g\n\n", out[0].item<float>(), out[1].as_double(0));
    std::printf("%s", std::string(f.source()).c_str());
}
// [/program]
