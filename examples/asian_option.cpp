// Price of an arithmetic Asian call by Monte Carlo and its Greeks, from one loop over the dates
// that carries all paths: the gradient goes back through it with the same normals.
#include <croton/croton.hpp>

#include <cmath>
#include <cstdint>
#include <cstdio>

namespace ct = croton;
using ct::Variable;

int main()
{
    constexpr std::int64_t paths = 100000, dates = 64;
    constexpr double expiry = 1.0, dt = expiry / dates;
    const auto spot = ct::scalar<double>("spot"), rate = ct::scalar<double>("rate");
    const auto vol = ct::scalar<double>("vol"), strike = ct::scalar<double>("strike");
    const auto normals = ct::matrix<double>("normals", {dates, paths});

    const Variable drift = (rate - 0.5 * square(vol)) * dt, diffusion = vol * std::sqrt(dt);
    const auto walk = ct::scan(
        [&](const Variable& normal, const Variable& log_price, const Variable& sum) {
            const Variable next = log_price + drift + diffusion * normal;
            return ct::Variables{next, sum + exp(next)};
        },
        {.sequences = {normals},
         .init = {ct::broadcast_to(log(spot), {paths}), ct::zeros(ct::DType::f64, {paths})}});
    const Variable average = walk.last[1] / dates;
    const Variable payoff = exp(-rate * expiry) * maximum(average - strike, 0.0);
    const Variable price = ct::mean(payoff);
    const Variable error = ct::stddev(payoff) / std::sqrt(paths);
    const auto [delta, rho, vega, by_strike] = ct::grad(price, {spot, rate, vol, strike});

    const auto f = ct::function({spot, rate, vol, strike, normals},
                                {ct::Output("price", price), ct::Output("standard error", error),
                                 ct::Output("delta", delta), ct::Output("rho", rho),
                                 ct::Output("vega", vega), ct::Output("by strike", by_strike)},
                                {.name = "asian_option"});
    const ct::Array z = ct::Array::normal(2024, {dates, paths}, ct::DType::f64);
    const auto r = f(100.0, 0.05, 0.2, 105.0, z);
    for (const char* name : {"price", "standard error", "delta", "rho", "vega", "by strike"})
        std::printf("%-14s %8.4f\n", name, r[name].item<double>());

    // The same normals, or the difference would be all noise.
    const auto value = ct::function({spot, rate, vol, strike, normals}, price, {.name = "value"});
    constexpr double h = 1e-4;
    const double up = value(100.0, 0.05, 0.2 + h, 105.0, z)[0].item<double>();
    const double down = value(100.0, 0.05, 0.2 - h, 105.0, z)[0].item<double>();
    const double difference = (up - down) / (2 * h);
    std::printf("\nvega by central difference %.3f: %s\n", difference,
                std::abs(difference - r["vega"].item<double>()) < 1e-2 ? "agrees" : "differs");
    std::printf("workspace %.1f MB, while the %lld x %lld normals are %.1f MB\n",
                1e-6 * static_cast<double>(f.workspace_bytes()), static_cast<long long>(dates),
                static_cast<long long>(paths), 1e-6 * static_cast<double>(z.size_bytes()));
}
