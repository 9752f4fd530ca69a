// Fits the rates of predators and prey to noisy counts of both: Runge and Kutta's method in a loop
// that ends where populations explode, a gradient back through it that stores the states of each
// 32nd step alone, and Adam's descent.
#include <croton/croton.hpp>

#include <array>
#include <cmath>
#include <cstdio>

namespace ct = croton;
using ct::_;
using ct::Variable;

namespace {

constexpr int observations = 200, substeps = 50;
constexpr double between = 0.1, h = between / substeps; // years

using Parameters = std::array<double, 6>; ///< four rates, then both populations at the start

/// Prey and predators one observation later, by Lotka and Volterra's equations.
Variable advance(const Variable& rates, const Variable& populations)
{
    const auto slope = [&](const Variable& y) {
        const Variable prey = y(0), predators = y(1);
        return ct::stack(
            {prey * (rates(0) - rates(1) * predators), predators * (rates(2) * prey - rates(3))});
    };
    const auto rk4 = [&](const Variable& y) {
        const Variable k1 = slope(y), k2 = slope(y + 0.5 * h * k1);
        const Variable k3 = slope(y + 0.5 * h * k2), k4 = slope(y + h * k3);
        return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
    };
    return ct::scan(rk4, {.init = {populations}, .steps = substeps}).last[0];
}

/// What is fitted, so that the parameters themselves stay positive.
Parameters log_of(Parameters p)
{
    for (double& value : p)
        value = std::log(value);
    return p;
}

/// Steps against the gradient, by means of it and of its square (Kingma and Ba, 2015).
class Adam {
public:
    explicit Adam(double rate) : rate_(rate) {}
    void step(Parameters& at, const Parameters& gradient)
    {
        fade1_ *= beta1, fade2_ *= beta2;
        for (std::size_t k = 0; k < at.size(); ++k) {
            mean_[k] += (1 - beta1) * (gradient[k] - mean_[k]);
            square_[k] += (1 - beta2) * (gradient[k] * gradient[k] - square_[k]);
            const double size = std::sqrt(square_[k] / (1 - fade2_)) + 1e-8;
            at[k] -= rate_ * mean_[k] / (1 - fade1_) / size;
        }
    }

private:
    static constexpr double beta1 = 0.9, beta2 = 0.99;
    double rate_, fade1_ = 1, fade2_ = 1;
    Parameters mean_{}, square_{};
};

} // namespace

int main()
{
    const auto data = ct::matrix<double>("data", {ct::dim("n"), 2});
    const auto log_p = ct::vector<double>("log_p", {6});
    const auto rates = exp(log_p(ct::slice(0, 4))), start = exp(log_p(ct::slice(4, _)));

    const auto run = ct::scan(
        [&](const Variable& seen, const Variable& y) {
            const auto next = advance(rates, y);
            return ct::Step{.state = {next},
                            .out = {ct::sum(square(log(next / seen)))},
                            .until = ct::max(next) > 1e6};
        },
        {.sequences = {data}, .init = {start}, .checkpoint = 32});
    const auto loss = ct::sum(run.out[0]) / run.count;
    const auto f = ct::function({log_p, data}, {loss, run.count, ct::grad(loss, log_p)},
                                {.name = "misfit", .finite_checks = true});
    using Vector = ct::View<const double>;
    const auto misfit = f.typed<void(Vector, ct::View<const double, 2>, double&, std::int64_t&,
                                     ct::View<double>)>();

    // Twenty years of counts from known parameters, each off by some 5%.
    constexpr Parameters truth{0.55, 0.028, 0.024, 0.8, 33, 6};
    const auto path = ct::scan([&](const Variable& y) { return advance(rates, y); },
                               {.init = {start}, .steps = observations})
                          .history[0];
    const auto noise = ct::matrix<double>("noise", path.shape());
    const auto simulate =
        ct::function({log_p, noise}, path * exp(0.05 * noise), {.name = "simulate"});
    const ct::Array counts =
        simulate(log_of(truth), ct::Array::normal(1, {observations, 2}, ct::DType::f64))[0];

    Parameters at = log_of({0.8, 0.02, 0.03, 0.5, 25, 10}), gradient{};
    Adam adam(0.02);
    double value = 0;
    std::int64_t steps = 0;
    for (int i = 0; i <= 600; ++i) {
        misfit(at, counts.view<double, 2>(), value, steps, gradient);
        if (i % 100 == 0) std::printf("step %3d  loss %.4f\n", i, value);
        adam.step(at, gradient);
    }

    std::printf("\n%-18s  %6s  %6s\n", "", "truth", "found");
    const char* names[] = {"prey grow",     "prey are eaten", "predators grow",
                           "predators die", "prey at first",  "predators at first"};
    for (std::size_t k = 0; k < at.size(); ++k)
        std::printf("%-18s  %6.3g  %6.3g\n", names[k], truth[k], std::exp(at[k]));
    misfit(log_of({5.5, 1e-9, 0.024, 0.8, 33, 6}), counts.view<double, 2>(), value, steps,
           gradient);
    std::printf("\nwhere populations explode the loop ends after %lld of %d observations\n",
                static_cast<long long>(steps), observations);
}
