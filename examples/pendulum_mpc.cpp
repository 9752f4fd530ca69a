// Swing-up of a pendulum by a motor that could not lift it: model predictive control by direct
// multiple shooting, one SQP step per control tick. Runge and Kutta's steps are a loop, vmap makes
// all intervals of the horizon of one, and Croton gives the sparse Jacobian of the KKT system.
#include <croton/croton.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "kkt.hpp"

namespace ct = croton;
using ct::_;
using ct::Variable;

namespace {

constexpr int horizon = 100, states = 2, unknowns = horizon * (states + 1) + states;
constexpr int constraints = (horizon + 1) * states, inputs_begin = constraints;
constexpr double dt = 0.05, upright = 3.14159265358979;

/// Angle from hanging down and its rate one interval later, of 1 kg on a rod of 1 m.
Variable advance(const Variable& start, const Variable& torque)
{
    constexpr int steps = 4;
    constexpr double h = dt / steps, gravity = 9.81, friction = 0.1;
    const auto slope = [&](const Variable& s) {
        return ct::stack({s(1), torque(0) - gravity * sin(s(0)) - friction * s(1)});
    };
    const auto rk4 = [&](const Variable& s) {
        const Variable k1 = slope(s), k2 = slope(s + 0.5 * h * k1);
        const Variable k3 = slope(s + 0.5 * h * k2), k4 = slope(s + h * k3);
        return s + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
    };
    return ct::scan(rk4, {.init = {start}, .steps = steps}).last[0];
}

} // namespace

int main()
{
    const auto z = ct::vector<double>("z", {unknowns});
    const auto now = ct::vector<double>("now", {states});
    const auto parts = ct::unpack(z, {{horizon + 1, states}, {horizon, 1}});
    const Variable x = parts[0], torques = parts[1];
    const Variable next = ct::vmap(advance)(x(ct::slice(0, -1)), torques);
    const Variable gaps = (x(ct::slice(1, _)) - next).reshape({horizon * states});
    const Variable defects = ct::concatenate({x(0) - now, gaps});
    // Where it ends counts, and what the motor does on the way.
    const Variable effort = 0.01 * ct::sum(square(x(_, 1))) + 0.1 * ct::sum(square(torques));
    const Variable end = square(x(-1, 0) - upright) + 0.1 * square(x(-1, 1));
    const Variable cost = 0.5 * dt * effort + 50 * end;

    // A cost of squares alone has a Hessian that can be factored everywhere: Gauss and Newton's.
    const auto j = ct::sparse_jacobian(defects, z);
    const auto h = ct::sparse_hessian(cost, z, {.triangle = ct::Triangle::lower, .diagonal = true});
    const auto f = ct::function({z, now}, {ct::grad(cost, z), defects, j.values, h.values},
                                {.name = "swing_up", .threads = 1});
    const auto torque = ct::vector<double>("torque", {1});
    const auto plant = ct::function({now, torque}, advance(now, torque), {.name = "plant"});
    std::printf("Jacobian: %lld x %lld, %zu elements\n", static_cast<long long>(j.pattern.rows),
                static_cast<long long>(j.pattern.columns), j.pattern.size());

    using In = ct::View<const double>;
    using Out = ct::View<double>;
    const auto evaluate = f.typed<void(In, In, Out, Out, Out, Out)>();
    auto workspace = f.workspace();
    workspace.touch();
    Kkt kkt(h.pattern, j.pattern);
    std::vector<double> plan(unknowns, 0), state(states, 0), slope(unknowns), gap(constraints),
        jv(j.pattern.size()), hv(h.pattern.size());
    double strongest = 0;
    for (int tick = 0; tick <= 140; ++tick) {
        // The first plan begins with nothing; later ones with the one before.
        for (int i = 0; i < (tick == 0 ? 30 : 1); ++i) {
            if (const ct::Status s = evaluate(workspace, plan, state, slope, gap, jv, hv); !s)
                return 1;
            const Eigen::VectorXd step = kkt.solve(hv, jv, slope, gap);
            for (int k = 0; k < unknowns; ++k)
                plan[static_cast<std::size_t>(k)] += step[k];
        }
        const std::vector<double> first{plan[inputs_begin]};
        strongest = std::max(strongest, std::abs(first[0]));
        if (tick % 10 == 0)
            std::printf("%4.1f s: angle %6.2f, rate %6.2f, torque %5.2f\n", tick * dt, state[0],
                        state[1], first[0]);
        const ct::Array after = plant(state, first)[0];
        std::copy_n(static_cast<const double*>(after.data()), states, state.begin());
        // The plan moves on by an interval, and keeps its last state and torque.
        const auto inputs = plan.begin() + inputs_begin;
        std::copy(plan.begin() + states, inputs, plan.begin());
        std::copy(inputs + 1, plan.end(), inputs);
    }
    std::printf("strongest torque %.1f, while it takes 9.8 to hold the pendulum level\n",
                strongest);
}
