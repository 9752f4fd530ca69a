// Prices and Greeks of a book of European calls, in one pass over the book.
#include <croton/croton.hpp>

#include <cstdio>

namespace ct = croton;

int main()
{
    const auto n = ct::dim("options");
    const auto spot = ct::vector<double>("spot", {n}), strike = ct::vector<double>("strike", {n});
    const auto vol = ct::vector<double>("vol", {n}), expiry = ct::vector<double>("expiry", {n});
    const auto rate = ct::scalar<double>("rate");

    const auto sd = vol * sqrt(expiry);
    const auto d1 = (log(spot / strike) + (rate + 0.5 * vol * vol) * expiry) / sd;
    const auto price =
        (spot * norm_cdf(d1) - strike * exp(-rate * expiry) * norm_cdf(d1 - sd)).named("price");

    // Each price depends on its own row alone, so the gradient of the sum is every option's Greeks.
    const auto total = ct::sum(price);
    const auto [delta, vega, theta] = ct::grad(total, {spot, vol, expiry});
    const auto gamma = ct::grad(ct::sum(delta), spot);
    const auto rho = ct::grad(total, rate);

    const auto f = ct::function({spot, strike, vol, expiry, rate},
                                {price, ct::Output("delta", delta), ct::Output("vega", vega),
                                 ct::Output("theta", -theta), ct::Output("gamma", gamma),
                                 ct::Output("rho of the book", rho)},
                                {.name = "black_scholes"});
    ct::Array spots = ct::Array::zeros<double>({3});
    for (int i = 0; i < 3; ++i)
        spots.view<double>().data[i] = 90 + 10 * i;
    const auto same = [](double v) { return ct::Array::full<double>({3}, v); };
    const auto r = f(spots, same(100), same(0.2), same(1), 0.05);
    std::printf("%8s %10s %10s %10s %10s %10s\n", "spot", "price", "delta", "gamma", "vega",
                "theta");
    for (int i = 0; i < 3; ++i)
        std::printf("%8.0f %10.4f %10.4f %10.4f %10.4f %10.4f\n", spots.as_double(i),
                    r["price"].as_double(i), r["delta"].as_double(i), r["gamma"].as_double(i),
                    r["vega"].as_double(i), r["theta"].as_double(i));
    std::printf("rho of the book %.4f\n", r["rho of the book"].item<double>());
}
