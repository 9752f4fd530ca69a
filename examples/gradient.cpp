// Gradients and Hessian-vector products of any order are graphs like any other.
#include <croton/croton.hpp>

#include <cstdio>
#include <vector>

namespace ct = croton;

int main()
{
    // Rosenbrock's function of two variables, (1 - x)^2 + 100 (y - x^2)^2.
    const auto x = ct::scalar<double>("x"), y = ct::scalar<double>("y");
    const auto f = square(1 - x) + 100 * square(y - square(x));
    const auto [fx, fy] = ct::grad(f, {x, y});
    const auto fxx = ct::grad(fx, x), fxy = ct::grad(fx, y), fyy = ct::grad(fy, y);

    // Newton's method, the 2x2 system solved by hand; everything is one straight-line kernel.
    const auto det = fxx * fyy - fxy * fxy;
    const auto step =
        ct::function({x, y}, {f, x - (fyy * fx - fxy * fy) / det, y - (fxx * fy - fxy * fx) / det},
                     {.name = "newton"});
    double at[2] = {-1.2, 1.0};
    for (int i = 0; i < 7; ++i) {
        const auto r = step(at[0], at[1]);
        std::printf("f(%9.6f, %9.6f) = %.3e\n", at[0], at[1], r[0].item<double>());
        at[0] = r[1].item<double>();
        at[1] = r[2].item<double>();
    }

    // A Hessian times a vector, without the Hessian: n = 1000.
    const auto v = ct::vector<double>("v"), d = ct::vector<double>("d", v.shape());
    const auto g = ct::sum(square(square(v)));
    const auto h = ct::function({v, d}, {ct::hvp(g, v, d)}, {.name = "hvp"});
    const auto hd = h(ct::Array::full<double>({1000}, 2.0), ct::Array::full<double>({1000}, 0.5));
    std::printf("hvp[999] = %g (12 v^2 d = 24)\n", hd[0].as_double(999));
}
