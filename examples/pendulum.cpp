// A pendulum, integrated by Runge and Kutta's method in a loop that stays a loop, and the gradient
// of where it ends by its starting angle and its length, checked against finite differences.
#include <croton/croton.hpp>

#include <cmath>
#include <cstdio>
#include <functional>

namespace ct = croton;
using ct::Variable;

/// One step of the classical method for state' = slope(state); both are (angle, velocity).
ct::Variables rk4(const std::function<ct::Variables(const Variable&, const Variable&)>& slope,
                  const Variable& angle,
                  const Variable& velocity,
                  double dt)
{
    const ct::Scope scope("rk4");
    const auto k1 = slope(angle, velocity);
    const auto k2 = slope(angle + 0.5 * dt * k1[0], velocity + 0.5 * dt * k1[1]);
    const auto k3 = slope(angle + 0.5 * dt * k2[0], velocity + 0.5 * dt * k2[1]);
    const auto k4 = slope(angle + dt * k3[0], velocity + dt * k3[1]);
    return {angle + dt / 6 * (k1[0] + 2 * k2[0] + 2 * k3[0] + k4[0]),
            velocity + dt / 6 * (k1[1] + 2 * k2[1] + 2 * k3[1] + k4[1])};
}

int main()
{
    constexpr int steps = 1000;
    constexpr double dt = 0.01;
    const auto angle = ct::scalar<double>("angle"), length = ct::scalar<double>("length");

    const auto slope = [&](const Variable& a, const Variable& v) {
        return ct::Variables{v, -9.81 / length * sin(a)};
    };
    const auto run =
        ct::scan([&](const Variable& a, const Variable& v) { return rk4(slope, a, v, dt); },
                 {.init = {angle, Variable(0.0).as(ct::DType::f64)}, .steps = steps});
    const auto end = run.last[0].named("end");
    const auto energy =
        (0.5 * square(length * run.history[1]) - 9.81 * length * cos(run.history[0]))
            .named("energy");

    const auto [by_angle, by_length] = ct::grad(end, {angle, length});
    const auto f = ct::function({angle, length},
                                {ct::Output("end", end), ct::Output("by angle", by_angle),
                                 ct::Output("by length", by_length),
                                 ct::Output("drift", ct::max(energy) - ct::min(energy))},
                                {.name = "pendulum"});
    const auto end_of = [&](double a, double l) { return f(a, l)["end"].item<double>(); };

    const auto r = f(1.0, 2.0);
    std::printf("after %g s the angle is %.9f; energy drifts by %.0e\n", steps * dt,
                r["end"].item<double>(), r["drift"].item<double>());
    constexpr double h = 1e-5;
    const double differences[] = {(end_of(1 + h, 2) - end_of(1 - h, 2)) / (2 * h),
                                  (end_of(1, 2 + h) - end_of(1, 2 - h)) / (2 * h)};
    const char* names[] = {"by angle", "by length"};
    for (int i = 0; i < 2; ++i) {
        const double exact = r[names[i]].item<double>();
        std::printf("%-9s %.6f, finite differences %.6f: %s\n", names[i], exact, differences[i],
                    std::abs(exact / differences[i] - 1) < 1e-6 ? "equal to 6 digits" : "differ");
    }
}
