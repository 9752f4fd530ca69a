// Price of an arithmetic Asian call by Monte Carlo and all its Greeks by reverse mode, from one
// loop over the dates that carries all paths: gradients go back through it with the same normals.
#include <croton/croton.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>

namespace ct = croton;
using ct::Variable;

int main()
{
    constexpr std::int64_t paths = 100000, dates = 64;
    const auto spot = ct::scalar<double>("spot"), rate = ct::scalar<double>("rate"),
               vol = ct::scalar<double>("vol"), strike = ct::scalar<double>("strike"),
               expiry = ct::scalar<double>("expiry");
    const auto normals = ct::matrix<double>("normals", {dates, paths});

    const Variable dt = expiry / dates;
    const Variable drift = (rate - 0.5 * square(vol)) * dt, diffusion = vol * sqrt(dt);
    const auto walk = ct::scan(
        [&](const Variable& normal, const Variable& log_price, const Variable& sum) {
            const Variable next = log_price + drift + diffusion * normal;
            return ct::Variables{next, sum + exp(next)};
        },
        {.sequences = {normals},
         .init = {ct::broadcast_to(log(spot), {paths}), ct::zeros(ct::DType::f64, {paths})}});
    // max(average - strike, 0) but for some 0.1 on both sides of its kink, where it is rounded: of
    // the kink itself no path would have a second derivative, and gamma would be 0.
    constexpr double width = 0.1;
    const Variable average = walk.last[1] / dates;
    const Variable payoff = exp(-rate * expiry) * width * softplus((average - strike) / width);
    const Variable price = ct::mean(payoff);
    const Variable error = ct::stddev(payoff) / std::sqrt(paths);
    const auto [delta, rho, vega, by_strike, by_expiry] =
        ct::grad(price, {spot, rate, vol, strike, expiry});
    const Variable gamma = ct::grad(delta, spot);

    const ct::Inputs inputs{spot, rate, vol, strike, expiry, normals};
    const auto f =
        ct::function(inputs,
                     {ct::Output("price", price), ct::Output("standard error", error),
                      ct::Output("delta", delta), ct::Output("gamma", gamma),
                      ct::Output("vega", vega), ct::Output("rho", rho),
                      ct::Output("theta", -by_expiry), ct::Output("by strike", by_strike)},
                     {.name = "asian_option"});
    const ct::Array z = ct::Array::normal(2024, {dates, paths}, ct::DType::f64);
    const auto r = f(100.0, 0.05, 0.2, 105.0, 1.0, z);

    // Differences with the same normals, or they would be all noise.
    const auto value = ct::function(inputs, {price, delta}, {.name = "value"});
    const auto difference = [&](std::size_t of, std::size_t by) {
        constexpr double h = 1e-4;
        std::array<double, 5> up{100.0, 0.05, 0.2, 105.0, 1.0}, down = up;
        up[by] += h, down[by] -= h;
        const auto at = [&](const std::array<double, 5>& p) {
            return value(p[0], p[1], p[2], p[3], p[4], z)[of].item<double>();
        };
        return (at(up) - at(down)) / (2 * h);
    };
    for (const char* name : {"price", "standard error"})
        std::printf("%-14s %8.4f\n", name, r[name].item<double>());
    const auto show = [&](const char* name, double by_difference) {
        const double exact = r[name].item<double>();
        std::printf("%-14s %8.4f  a difference %s\n", name, exact,
                    std::abs(by_difference - exact) < 1e-5 ? "agrees" : "does not agree");
    };
    show("delta", difference(0, 0));
    show("gamma", difference(1, 0));
    show("vega", difference(0, 2));
    show("rho", difference(0, 1));
    show("theta", -difference(0, 4));
    show("by strike", difference(0, 3));
    std::printf("\nworkspace %.1f MB, while the %lld x %lld normals are %.1f MB\n",
                1e-6 * static_cast<double>(f.workspace_bytes()), static_cast<long long>(dates),
                static_cast<long long>(paths), 1e-6 * static_cast<double>(z.size_bytes()));
}
