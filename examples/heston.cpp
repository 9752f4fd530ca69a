// European call under Heston's stochastic volatility: price by Monte Carlo and all its Greeks by
// reverse mode. Normals are drawn in the loop over time, all paths run through it in one kernel,
// and what is kept of them are sums: `heston 1000000` takes as little memory as 1,000 paths, but
// for XX numbers of each path. A call that took more than the limit would be refused.
#include <croton/croton.hpp>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace ct = croton;
using ct::Variable;

namespace {

/// The desk's own templated code, also used with double: max(s - k, 0), but a parabola within 1 of
/// the kink, so that paths there have a second derivative. Else gamma would be 0.
template <class T>
T call_payoff(const T& s, const T& k)
{
    using std::max;
    const T above = max(s - k - 1.0, 0.0), near = max(s - k + 1.0, 0.0) - above;
    return above + near * near / 4.0;
}

} // namespace

int main(int argc, char** argv)
{
    const std::int64_t paths = argc > 1 ? std::atoll(argv[1]) : 20000;
    constexpr int steps = 252;
    const auto s0 = ct::scalar<double>("s0"), v0 = ct::scalar<double>("v0"),
               kappa = ct::scalar<double>("kappa"), theta = ct::scalar<double>("theta"),
               xi = ct::scalar<double>("xi"), rho = ct::scalar<double>("rho"),
               r = ct::scalar<double>("r"), k = ct::scalar<double>("k"),
               tau = ct::scalar<double>("tau");
    const auto key = ct::scalar<std::uint64_t>("key");

    const Variable dt = tau / steps;
    const Variable normals = ct::normal(ct::DType::f64, key, {steps, 2, paths});
    const auto path = ct::scan(
        [&](const Variable& z, const Variable& log_s, const Variable& v) {
            const Variable above = max(v, 0.0), wide = sqrt(above * dt);
            const Variable mixed = rho * z(0) + sqrt(1.0 - square(rho)) * z(1);
            return ct::Variables{log_s + (r - 0.5 * above) * dt + wide * mixed,
                                 v + kappa * (theta - above) * dt + xi * wide * z(0)};
        },
        {.sequences = {normals},
         .init = {ct::broadcast_to(log(s0), {paths}), ct::broadcast_to(v0, {paths})}});
    const Variable payoff = exp(-r * tau) * call_payoff<Variable>(exp(path.last[0]), k);
    const Variable price = ct::mean(payoff);
    const Variable error = ct::stddev(payoff) / std::sqrt(static_cast<double>(paths));
    const auto [delta, vega, by_kappa, by_theta, by_xi, by_rho, by_rate] =
        ct::grad(price, {s0, v0, kappa, theta, xi, rho, r});
    const Variable gamma = ct::grad(delta, s0);

    const ct::Inputs inputs{s0, v0, kappa, theta, xi, rho, r, k, tau, key};
    const auto f = ct::function(inputs,
                                {ct::Output("price", price), ct::Output("standard error", error),
                                 ct::Output("delta", delta), ct::Output("gamma", gamma),
                                 ct::Output("by v0", vega), ct::Output("by kappa", by_kappa),
                                 ct::Output("by theta", by_theta), ct::Output("by xi", by_xi),
                                 ct::Output("by rho", by_rho), ct::Output("by rate", by_rate)},
                                {.name = "heston", .memory_limit_bytes = 256 << 20});
    const auto at = [](const ct::Function& g, double spot, double variance) {
        return g(spot, variance, 1.5, 0.04, 0.3, -0.7, 0.02, 100.0, 1.0, std::uint64_t{42});
    };
    const auto results = at(f, 100.0, 0.04);
    for (const char* name : {"price", "standard error", "delta", "gamma", "by v0", "by kappa",
                             "by theta", "by xi", "by rho", "by rate"})
        std::printf("%-14s %9.4f\n", name, results[name].item<double>());

    // The same normals, or the differences would be all noise.
    const auto value = ct::function(inputs, {price, delta}, {.name = "value"});
    const auto slope = [&](std::size_t of, double by_spot, double by_variance) {
        const double up = at(value, 100.0 + by_spot, 0.04 + by_variance)[of].item<double>();
        const double down = at(value, 100.0 - by_spot, 0.04 - by_variance)[of].item<double>();
        return (up - down) / (2 * (by_spot + by_variance));
    };
    const auto compare = [&](const char* name, double difference) {
        const bool agrees = std::abs(difference / results[name].item<double>() - 1) < 1e-2;
        std::printf("%s by central difference %.3f: %s\n", name, difference,
                    agrees ? "agrees" : "differs");
    };
    std::printf("\n");
    compare("delta", slope(0, 1e-3, 0));
    compare("gamma", slope(1, 1e-3, 0));
    compare("by v0", slope(0, 0, 1e-6));
    std::printf("workspace %.2f MB, while the normals alone would be %.1f MB\n",
                1e-6 * static_cast<double>(f.workspace_bytes()),
                1e-6 * 8 * 2 * steps * static_cast<double>(paths));
}
