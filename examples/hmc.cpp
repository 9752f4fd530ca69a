// Hierarchical logistic regression by Hamiltonian Monte Carlo. The density is written for one
// chain: vmap makes 2,048 of it, scan the leapfrog steps, and a transition is one compiled
// function. So many chains need few transitions: each gives a sample of all of them.
#include <croton/croton.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

namespace ct = croton;
using ct::_;
using ct::Variable;

namespace {

constexpr int groups = 20, d = 3, chains = 2048, leaps = 12;
constexpr int population = 2 + d; ///< parameters that all groups share: the first ones
constexpr int size = population + groups * d;
constexpr std::int64_t rows = 300;

const auto n = ct::dim("n");
const auto x = ct::matrix<double>("x", {n, d});
const auto y = ct::vector<double>("y", {n});
const auto group = ct::vector<std::int64_t>("group", {n});

/// The log odds of each row, and the log prior. Coefficients of a group are those of the population
/// and tau times a standard normal deviation: not centred, so that small tau make no funnel.
ct::Variables model(const Variable& q)
{
    const ct::Variables p = ct::unpack(q, {{}, {}, {d}, {groups, d}});
    const Variable log_tau = p[0], intercept = p[1], tau = exp(log_tau);
    const Variable beta = p[2] + tau * p[3];
    const Variable squares =
        square(tau) + square(intercept) + ct::sum(square(p[2])) + ct::sum(square(p[3]));
    return {intercept + ct::sum(x * ct::take(beta, group, 0), 1), log_tau - 0.5 * squares};
}

Variable log_density(const Variable& q)
{
    const ct::Variables p = model(q);
    return ct::sum(y * p[0] - softplus(p[0])) + p[1];
}

ct::Function make_transition()
{
    const auto energy = ct::vmap([](const Variable& q, const Variable& p) {
        return 0.5 * ct::sum(square(p)) - log_density(q);
    });
    const auto force = ct::vmap([](const Variable& q) { return ct::grad(log_density(q), q); });

    const auto eps = ct::scalar<double>("eps");
    const auto q = ct::matrix<double>("q", {chains, size});
    const auto p = ct::matrix<double>("p", {chains, size});
    const auto u = ct::vector<double>("u", {chains});
    const auto path = ct::scan(
        [&](const Variable& at, const Variable& momentum) {
            const auto half = momentum + 0.5 * eps * force(at);
            const auto next = at + eps * half;
            return ct::Variables{next, half + 0.5 * eps * force(next)};
        },
        {.init = {q, p}, .steps = leaps});
    const auto accept = log(u) < energy(q, p) - energy(path.last[0], path.last[1]);
    const auto next = where(accept(_, ct::newaxis), path.last[0], q);
    const auto shown = next(_, ct::slice(0, population)).set({_, 0}, exp(next(_, 0)));
    return ct::function({x, y, group, eps, q, p, u},
                        {{"q", next},
                         {"rate", ct::mean(accept.as(ct::DType::f64))},
                         {"mean", ct::mean(shown, 0)},
                         {"square", ct::mean(square(shown), 0)}},
                        {.name = "transition"});
}

} // namespace

int main()
{
    // Data from the model itself.
    std::vector<double> truth{std::log(0.5), -0.5, 1.0, -1.5, 0.3};
    const ct::Array deviations = ct::Array::normal(17, {groups * d}, ct::DType::f64);
    for (int i = 0; i < groups * d; ++i)
        truth.push_back(deviations.as_double(i));
    std::vector<std::int64_t> gs(rows);
    for (std::size_t i = 0; i < gs.size(); ++i)
        gs[i] = static_cast<std::int64_t>(i) % groups;
    const auto q = ct::vector<double>("q", {size}), draw = ct::vector<double>("draw", {n});
    const auto simulate =
        ct::function({x, group, q, draw}, (draw < sigmoid(model(q)[0])).as(ct::DType::f64));
    const ct::Array xs = ct::Array::normal(27, {rows, d}, ct::DType::f64);
    const ct::Array ys = simulate(xs, gs, truth, ct::Array::uniform(37, {rows}, ct::DType::f64))[0];

    constexpr int warm_up = 30, transitions = 10;
    const auto transition = make_transition();
    ct::Array state = ct::Array::zeros<double>({chains, size});
    std::array<double, population> mean{}, squares{};
    double rate = 0;
    for (int i = 0; i < warm_up + transitions; ++i) {
        const auto key = static_cast<std::uint64_t>(100 + 2 * i);
        const ct::Array momentum = ct::Array::normal(key, {chains, size}, ct::DType::f64);
        const ct::Array u = ct::Array::uniform(key + 1, {chains}, ct::DType::f64);
        const auto r = transition(xs, ys, gs, 0.11, state, momentum, u);
        state = r["q"];
        if (i < warm_up) continue;
        rate += r["rate"].item<double>() / transitions;
        for (std::size_t k = 0; k < population; ++k) {
            mean[k] += r["mean"].as_double(static_cast<std::int64_t>(k)) / transitions;
            squares[k] += r["square"].as_double(static_cast<std::int64_t>(k)) / transitions;
        }
    }

    std::printf("%d chains of %d parameters, %.1f of the moves accepted\n\n", chains, size, rate);
    std::printf("%-9s  %5s  %5s  %9s\n", "", "truth", "mean", "deviation");
    truth[0] = std::exp(truth[0]);
    const char* names[] = {"tau", "intercept", "beta 0", "beta 1", "beta 2"};
    for (std::size_t k = 0; k < population; ++k)
        std::printf("%-9s  %5.1f  %5.1f  %9.1f\n", names[k], truth[k], mean[k],
                    std::sqrt(squares[k] - mean[k] * mean[k]));
}
