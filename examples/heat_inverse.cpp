// An inverse problem: which temperatures led, over 100 steps of heat conduction, to those that were
// measured? An iteration of conjugate gradients is one call; the gradient goes back through the
// loop with checkpoints.
#include <croton/croton.hpp>

#include <cstdint>
#include <cstdio>

namespace ct = croton;
using ct::_;
using ct::slice;
using ct::Variable;

namespace {

constexpr std::int64_t edge = 48, steps = 100;
constexpr double noise = 1e-3;

/// An explicit step of u' = div((1 + u) grad u) = laplacian(u + u^2 / 2); the rim stays as it is.
Variable conduct(const Variable& u)
{
    const ct::Scope scope("conduct");
    const auto inside = slice(1, -1), before = slice(_, -2), behind = slice(2, _);
    const Variable p = u + 0.5 * square(u);
    const Variable around =
        p(before, inside) + p(behind, inside) + p(inside, before) + p(inside, behind);
    return u + ct::pad(0.1 * (around - 4.0 * p(inside, inside)), {1, 1}, {1, 1});
}

Variable later(const Variable& u, int checkpoint = ct::square_root)
{
    return ct::scan(conduct, {.init = {u}, .steps = steps, .checkpoint = checkpoint}).last[0];
}

Variable hot_spot(double row, double column)
{
    const Variable at = ct::arange(edge);
    return exp(-(square(ct::expand_dims(at - row, 1)) + square(at - column)) / 40.0);
}

double gradient_megabytes(int checkpoint)
{
    const auto u = ct::matrix<double>("u", {edge, edge});
    const Variable slope = ct::grad(ct::sum(square(later(u, checkpoint))), u);
    return 1e-6 * static_cast<double>(ct::function({u}, slope).workspace_bytes());
}

} // namespace

int main()
{
    // What was there, and what was measured of it later, by thermometers that are a little off.
    const auto off = ct::matrix<double>("off", {edge, edge});
    const Variable spots = hot_spot(17, 16) + 0.7 * hot_spot(29, 31);
    const auto experiment =
        ct::function({off}, {spots, later(spots) + noise * off}, {.name = "experiment"});
    const auto seen = experiment(ct::Array::normal(7, {edge, edge}, ct::DType::f64));
    const Variable hidden = seen[0], measured = seen[1];

    // Polak and Ribiere's directions; how far to go, Gauss and Newton's model of the misfit says.
    const auto u = ct::shared("u", seen[1]);
    const auto direction = ct::shared("direction", ct::zeros<double>({edge, edge}));
    const auto before = ct::shared("before", ct::Array::full<double>({edge, edge}, 1));
    const Variable residual = later(u) - measured;
    const Variable slope = ct::grad(0.5 * ct::sum(square(residual)), u);
    const Variable turn = ct::sum(slope * (slope - before)) / ct::sum(square(before));
    const Variable next = maximum(turn, 0.0) * direction - slope;
    const Variable bend = ct::sum(square(ct::jvp(residual, {u}, {next})));
    const Variable length = -ct::sum(slope * next) / bend;
    const Variable misfit = sqrt(ct::mean(square(residual)));
    const Variable error = sqrt(ct::sum(square(u - hidden)) / ct::sum(square(hidden)));
    const auto iterate =
        ct::function({}, {misfit, error},
                     {.name = "iterate",
                      .updates = {{u, u + length * next}, {direction, next}, {before, slope}}});

    // Until what is left is noise: to follow it further would be to explain that.
    for (int i = 0; i <= 100; ++i) {
        const auto r = iterate();
        const double left = r[0].item<double>();
        if (i % 10 == 0 || left < noise)
            std::printf("%3d  misfit %.5f, error of the field %4.1f %%\n", i, left,
                        100 * r[1].item<double>());
        if (left < noise) break;
    }
    std::printf("\nmemory of the gradient: %.2f MB, with checkpoints %.2f MB\n",
                gradient_megabytes(0), gradient_megabytes(ct::square_root));
}
