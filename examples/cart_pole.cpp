// Model predictive control of a cart-pole: direct multiple shooting, one SQP step per control tick.
// Croton gives the sparse Jacobian and Hessian of the KKT system in the order in which Eigen keeps
// a matrix, so that a tick computes values alone.
#include <croton/croton.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "kkt.hpp"

namespace ct = croton;
using ct::_;
using ct::Variable;

namespace {

constexpr int horizon = 40, states = 4, unknowns = horizon * (states + 1) + states;
constexpr int constraints = (horizon + 1) * states;
constexpr double dt = 0.05, upright = 3.14159265358979;

/// The rates of position, angle from hanging down, and of their rates, under a force on the cart.
Variable dynamics(const Variable& s, const Variable& force)
{
    const ct::Scope scope("dynamics");
    const double cart = 1.0, pole = 0.1, length = 0.5, g = 9.81;
    const Variable angle = s(1), w = s(3), sn = sin(angle), cs = cos(angle);
    const Variable mass = cart + pole * square(sn);
    const Variable pull = pole * sn * (length * square(w) + g * cs);
    const Variable turn =
        -force(0) * cs - pole * length * square(w) * cs * sn - (cart + pole) * g * sn;
    return ct::stack({s(2), w, (force(0) + pull) / mass, turn / (length * mass)});
}

/// One interval later under a force that stays: steps of Runge and Kutta's method.
Variable advance(const Variable& start, const Variable& force)
{
    constexpr int steps = 4;
    constexpr double h = dt / steps;
    const auto rk4 = [&](const Variable& x) {
        const Variable k1 = dynamics(x, force), k2 = dynamics(x + 0.5 * h * k1, force);
        const Variable k3 = dynamics(x + 0.5 * h * k2, force), k4 = dynamics(x + h * k3, force);
        return x + h / 6.0 * (k1 + 2 * k2 + 2 * k3 + k4);
    };
    return ct::scan(rk4, {.init = {start}, .steps = steps}).last[0];
}

} // namespace

int main()
{
    const auto z = ct::vector<double>("z", {unknowns});
    const auto lambda = ct::vector<double>("lambda", {constraints});
    const auto now = ct::vector<double>("now", {states});
    const auto parts = ct::unpack(z, {{horizon + 1, states}, {horizon, 1}});
    const Variable x = parts[0], u = parts[1];

    // [sparse]
    const Variable next = ct::vmap(advance)(x(ct::slice(0, -1)), u);
    const Variable gaps = (x(ct::slice(1, _)) - next).reshape({horizon * states});
    const Variable defects = ct::concatenate({x(0) - now, gaps});
    const ct::Array goal =
        ct::Array::copy(ct::View<const double>(std::array{0.0, upright, 0.0, 0.0}));
    const ct::Array weight =
        ct::Array::copy(ct::View<const double>(std::array{1.0, 10.0, 0.1, 0.1}));
    const Variable cost =
        0.5 * dt * (ct::sum(weight * square(x - goal)) + 0.01 * ct::sum(square(u)));

    const auto j = ct::sparse_jacobian(defects, z);
    const auto h = ct::sparse_hessian(cost + ct::dot(lambda, defects), z,
                                      {.triangle = ct::Triangle::lower, .diagonal = true});
    // [/sparse]
    const auto f =
        ct::function({z, lambda, now}, {ct::grad(cost, z), defects, j.values, h.values, cost},
                     {.name = "kkt", .threads = 1});
    std::printf("Jacobian: %lld x %lld, %zu elements; Hessian, lower: %zu\n",
                static_cast<long long>(j.pattern.rows), static_cast<long long>(j.pattern.columns),
                j.pattern.size(), h.pattern.size());

    using In = ct::View<const double>;
    using Out = ct::View<double>;
    const auto evaluate = f.typed<void(In, In, In, Out, Out, Out, Out, double&)>();
    const auto push = ct::vector<double>("push", {1});
    const auto plant = ct::function({now, push}, advance(now, push), {.name = "plant"});

    Kkt kkt(h.pattern, j.pattern);
    std::vector<double> zs(unknowns, 0), ls(constraints, 0), state{0, upright - 0.6, 0, 0};
    for (int t = 0; t <= horizon; ++t)
        std::copy(state.begin(), state.end(), zs.begin() + t * states);
    std::vector<double> slope(unknowns), gap(constraints), jv(j.pattern.size()),
        hv(h.pattern.size());
    double value = 0;
    // Its pages are there before the first tick, so that none takes longer than others.
    auto workspace = f.workspace();
    workspace.touch();
    for (int tick = 0; tick <= 60; ++tick) {
        if (const ct::Status s = evaluate(workspace, zs, ls, state, slope, gap, jv, hv, value); !s)
            return 1;
        const Eigen::VectorXd step = kkt.solve(hv, jv, slope, gap);
        for (int i = 0; i < unknowns; ++i)
            zs[static_cast<std::size_t>(i)] += step[i];
        std::copy(step.data() + unknowns, step.data() + step.size(), ls.begin());
        const std::vector<double> force{zs[(horizon + 1) * states]};
        if (tick % 10 == 0)
            std::printf("%4.1f s: cart %6.3f, pole %6.3f from upright, force %7.3f\n", tick * dt,
                        state[0], state[1] - upright, force[0]);
        // The plant goes on by one step with the first force.
        const ct::Array after = plant(state, force)[0];
        std::copy_n(static_cast<const double*>(after.data()), states, state.begin());
    }
    // What a controller without Croton compiles: kkt.h and kkt.c, for the same bits.
    f.export_source(".");
}
