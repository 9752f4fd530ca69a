// W10 and W12: loops and science with their derivatives; a loop of a million short steps; a million
// paths.
#include <cmath>

#include "models.hpp"
#include "workload.hpp"

namespace ct = croton;
using ct::_;
using ct::slice;
using ct::Variable;

namespace bench {

namespace {

ct::Function compile(const ModelGraph& g, const char* name, int threads)
{
    return ct::function(g.inputs, g.outputs, {.name = name, .threads = threads});
}

void time_model(const char* workload, const char* name, const Model& model, int threads)
{
    run_case(workload, name, compile(model.build(), "model", threads), model.arrays, threads);
}

/// The inverse of the normal distribution function: Newton and Halley from the tail's asymptote.
double normal_quantile(double u)
{
    const double p = std::min(u, 1 - u), t = std::sqrt(-2 * std::log(p));
    double x = t - (2.515517 + 0.802853 * t + 0.010328 * t * t) /
                       (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t * t * t);
    for (int i = 0; i < 3; ++i) {
        const double e = 0.5 * std::erfc(x * M_SQRT1_2) - p;
        const double step = e * std::sqrt(2 * M_PI) * std::exp(x * x / 2);
        x += step / (1 + x * step / 2);
    }
    return u < 0.5 ? -x : x;
}

/// W12a: price of an arithmetic Asian call and its derivatives by S0, r, sigma and K.
ModelGraph asian(std::int64_t paths, std::int64_t dates)
{
    const auto f64 = ct::DType::f64;
    const auto s0 = ct::input("s0", f64, {}), r = ct::input("r", f64, {}),
               sigma = ct::input("sigma", f64, {}), strike = ct::input("strike", f64, {}),
               z = ct::input("z", f64, {paths, dates});
    const double dt = 1.0 / static_cast<double>(dates);
    const Variable drift = (r - square(sigma) / 2) * dt, wide = sigma * std::sqrt(dt);
    const auto run = ct::scan(
        [&](const Variable& normal, const Variable& log_s, const Variable& total) {
            const Variable next = log_s + drift + wide * normal;
            return ct::Variables{next, total + exp(next)};
        },
        {.sequences = {transpose(z)},
         .init = {ct::broadcast_to(log(s0), {paths}), ct::zeros(f64, {paths})}});
    const Variable price = exp(-r) * ct::mean(maximum(run.last[1] * dt - strike, 0.0));
    ModelGraph g{{s0, r, sigma, strike, z}, {price}};
    for (const Variable& bar : ct::grad(price, ct::Variables{s0, r, sigma, strike}))
        g.outputs.push_back(bar);
    return g;
}

void w12a(int threads)
{
    constexpr std::int64_t paths = 100000, dates = 64;
    ct::Array z = input({paths, dates}, 0, 1, 0, ct::DType::f64);
    auto* p = static_cast<double*>(z.data());
    for (std::int64_t i = 0; i < z.size(); ++i)
        p[i] = normal_quantile(p[i]);
    const auto scalar = [](double v) { return ct::Array::scalar(v); };
    run_case("W12", "a price and gradient", compile(asian(paths, dates), "asian", threads),
             {scalar(100), scalar(0.05), scalar(0.2), scalar(100), z}, threads);
}

/// Of a gradient, and a triangle whose other elements stand in the whole matrix twice.
double check_of_triangle(const std::vector<ct::Array>& outputs)
{
    double total = checksum(outputs);
    const auto* lower = static_cast<const double*>(outputs[1].data());
    for (std::int64_t i = 1; i < outputs[1].size(); i += 2) // behind each on the diagonal
        total += lower[i];
    return total;
}

void w12b(int threads)
{
    for (const std::int64_t n : {10, 100, 1000, 100000}) {
        const auto x = ct::input("x", ct::DType::f64, {n});
        const std::vector<ct::Array> at{input({n}, 0, 1, 0, ct::DType::f64)};
        const Variable value = chain(x), gradient = ct::grad(value, x);
        const Variable hessian = ct::sparse_hessian(value, x).values;
        // The peer that has both in one call writes one triangle.
        const Variable lower =
            ct::sparse_hessian(value, x, {.triangle = ct::Triangle::lower}).values;
        const std::string size = " n=" + std::to_string(n);
        // What a call takes with arguments of these sizes, where there is next to nothing to do.
        const Variable twice = ct::concatenate({x, x(ct::slice(1, ct::_))}, 0);
        run_case("W12", "b call alone" + size,
                 compile({{x}, {2.0 * x, 3.0 * twice}}, "call", threads), at, threads);
        run_case("W12", "b gradient" + size, compile({{x}, {gradient}}, "chain", threads), at,
                 threads);
        run_case("W12", "b hessian" + size, compile({{x}, {hessian}}, "chain", threads), at,
                 threads);
        run_case("W12", "b gradient and hessian" + size,
                 compile({{x}, {gradient, lower}}, "chain", threads), at, threads,
                 check_of_triangle);
    }
}

/// W12c: energy of softened gravity and its gradient by the positions.
ModelGraph gravity(std::int64_t bodies)
{
    const auto p = ct::input("p", ct::DType::f64, {bodies, 3});
    const auto m = ct::input("m", ct::DType::f64, {bodies});
    Variable squares = 0.01;
    for (int k = 0; k < 3; ++k)
        squares = squares + square(ct::expand_dims(p(_, k), 1) - p(_, k));
    const Variable pairs = ct::expand_dims(m, 1) * m * rsqrt(squares);
    const Variable energy = -0.5 * (ct::sum(pairs) - ct::sum(square(m)) / 0.1);
    return {{p, m}, {energy, ct::grad(energy, p)}};
}

/// W12d: the mean of squares after steps of the heat equation, and its gradient by the first field.
ModelGraph heat(std::int64_t edge, std::int64_t steps)
{
    const auto field = ct::input("field", ct::DType::f64, {edge, edge});
    const auto inside = slice(1, -1), before = slice(_, -2), behind = slice(2, _);
    const auto run = ct::scan(
        [&](const Variable& f) {
            const Variable around =
                f(before, inside) + f(behind, inside) + f(inside, before) + f(inside, behind);
            return f + ct::pad(0.2 * (around - 4.0 * f(inside, inside)), {1, 1}, {1, 1});
        },
        {.init = {field}, .steps = steps});
    const Variable value = ct::mean(square(run.last[0]));
    return {{field}, {value, ct::grad(value, field)}};
}

/// Price of a call under Heston's stochastic volatility, by normals that are drawn in the loop over
/// dates, and its gradient by all seven parameters.
ModelGraph heston_call(std::int64_t paths, std::int64_t steps)
{
    const auto f64 = ct::DType::f64;
    ct::Variables p;
    for (const char* name : {"s0", "v0", "kappa", "theta", "xi", "rho", "r"})
        p.push_back(ct::input(name, f64, {}));
    const Variable &s0 = p[0], &v0 = p[1], &kappa = p[2], &theta = p[3], &xi = p[4], &rho = p[5],
                   &r = p[6];
    const auto key = ct::input("key", ct::DType::u64, {});
    const double dt = 1.0 / static_cast<double>(steps);
    const auto run = ct::scan(
        [&](const Variable& z, const Variable& log_s, const Variable& v) {
            const Variable above = maximum(v, 0.0), wide = sqrt(above * dt);
            const Variable mixed = rho * z(0) + sqrt(1.0 - square(rho)) * z(1);
            return ct::Variables{log_s + (r - 0.5 * above) * dt + wide * mixed,
                                 v + kappa * (theta - above) * dt + xi * wide * z(0)};
        },
        {.sequences = {ct::normal(f64, key, {steps, 2, paths})},
         .init = {ct::broadcast_to(log(s0), {paths}), ct::broadcast_to(v0, {paths})}});
    const Variable price = exp(-r) * ct::mean(maximum(exp(run.last[0]) - 100.0, 0.0));
    ModelGraph g{p, {price}};
    g.inputs.push_back(key);
    for (const Variable& bar : ct::grad(price, p))
        g.outputs.push_back(bar);
    return g;
}

/// A linear recurrence of four numbers: what a step costs.
void short_steps(int threads)
{
    if (threads != 1) return;
    constexpr std::int64_t steps = 1000000;
    const auto s0 = ct::input("s0", ct::DType::f64, {4});
    const auto run =
        ct::scan([](const Variable& s) { return s * 0.99 + 0.01; }, {.init = {s0}, .steps = steps});
    const std::vector<ct::Array> at{input({4}, 0, 1, 0, ct::DType::f64)};
    run_case("scan", "1e6 steps of 4 states", compile({{s0}, {run.last[0]}}, "steps", 1), at, 1);
    // The same by a plain loop.
    const auto* from = static_cast<const double*>(at[0].data());
    ct::Array to = ct::Array::zeros(ct::DType::f64, {4});
    auto* s = static_cast<double*>(to.data());
    const double ns = median_ns(
        [&] {
            double a = from[0], b = from[1], c = from[2], d = from[3];
            for (std::int64_t i = 0; i < steps; ++i)
                a = a * 0.99 + 0.01, b = b * 0.99 + 0.01, c = c * 0.99 + 0.01, d = d * 0.99 + 0.01;
            s[0] = a, s[1] = b, s[2] = c, s[3] = d;
        },
        1);
    line("scan", "1e6 steps of 4 states, plain loop", ns, checksum({to}), 1);
}

} // namespace

void w10(int threads)
{
    time_model("W10", "a LSTM", lstm(), threads);
    time_model("W10", "b pendulum", pendulum(), threads);
}

void w12(int threads)
{
    const auto f64 = ct::DType::f64;
    w12a(threads);
    w12b(threads);
    run_case("W12", "c gravity", compile(gravity(1024), "gravity", threads),
             {input({1024, 3}, 0, 1, 0, f64), input({1024}, 0, 1, 1, f64)}, threads);
    run_case("W12", "d heat", compile(heat(512, 100), "heat", threads),
             {input({512, 512}, 0, 1, 0, f64)}, threads);
}

void scans(int threads) { short_steps(threads); }

void heston(int threads)
{
    const auto f = compile(heston_call(1000000, 252), "heston", threads);
    std::vector<ct::Array> at;
    for (const double v : {100.0, 0.04, 1.5, 0.04, 0.3, -0.7, 0.02})
        at.push_back(ct::Array::scalar(v));
    at.push_back(ct::Array::scalar(std::uint64_t{42}));
    run_case("heston", "1e6 paths x 252, price and gradient", f, at, threads);
    line("heston", "1e6 paths x 252, workspace",
         static_cast<double>(f.workspace_bytes()) / (1 << 20), 0, threads, "workspace_mib");
}

} // namespace bench
