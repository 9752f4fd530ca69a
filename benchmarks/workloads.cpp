// Croton's side of the workloads: one JSON object a line. `workloads [W1 W23 W45 W6 W7 W9]
// [--threads N]`
#include <cstdlib>
#include <cstring>

#include "workload.hpp"

namespace ct = croton;
using ct::Variable;

namespace bench {

namespace {

const char* text(ct::DType t) { return t == ct::DType::f32 ? "f32" : "f64"; }

Variable array(const char* name, ct::DType t, const ct::Shape& shape)
{
    return ct::input(name, t, shape);
}

} // namespace

void w1(int threads)
{
    if (threads != 1) return;
    const auto x = ct::scalar<double>("x"), y = ct::scalar<double>("y");
    const auto f = ct::function({x, y}, {x * y + 1}, {.name = "w1", .threads = 1});
    const auto call = f.typed<void(double, double, double&)>();
    const double a = input({1}, 0, 1, 0, ct::DType::f64).as_double(0);
    const double b = input({1}, 0, 1, 1, ct::DType::f64).as_double(0);
    double out = 0;
    auto workspace = f.workspace();
    const double checked = median_ns(
        [&] {
            for (int i = 0; i < 1000; ++i)
                call(a, b, out);
        },
        1);
    line("W1", "0-d", checked / 1000, out, 1);
    const double bare = median_ns(
        [&] {
            for (int i = 0; i < 1000; ++i)
                (void)call(workspace, a, b, out);
        },
        1);
    line("W1", "f64", bare / 1000, out, 1);
}

void w2_w3(int threads)
{
    const std::pair<std::int64_t, const char*> sizes[] = {
        {1000, "n=1e3"}, {100000, "n=1e5"}, {10000000, "n=1e7"}};
    for (const auto& [n, size] : sizes)
        for (const ct::DType t : {ct::DType::f32, ct::DType::f64}) {
            const auto x = array("x", t, {ct::dim("n")}), y = array("y", t, x.shape());
            const ct::Options options{.name = "pointwise", .threads = threads};
            const auto w2 =
                ct::function({x, y}, {0.5 * sqrt(x * x + y * y) + where(x > y, x, y)}, options);
            const auto exp_tanh = ct::function({x, y}, {exp(-x) * tanh(y) + log1p(x * x)}, options);
            const auto sin_erf = ct::function({x, y}, {sin(x) * erf(y)}, options);
            const std::string name = std::string(text(t)) + " " + size;
            run_case("W2", name, w2, {input({n}, -1, 1, 0, t), input({n}, -1, 1, 1, t)}, threads);
            const std::vector<ct::Array> wide{input({n}, -3, 3, 0, t), input({n}, -3, 3, 1, t)};
            run_case("W3", "exp_tanh " + name, exp_tanh, wide, threads);
            run_case("W3", "sin_erf " + name, sin_erf, wide, threads);
        }
}

void w4_w5(int threads)
{
    const auto t = ct::DType::f32;
    const ct::Options options{.name = "rows", .threads = threads};
    for (const auto& [rows, n] : {std::pair<std::int64_t, std::int64_t>{128, 1000}, {4096, 1024}}) {
        const auto x = array("x", t, {rows, n});
        const auto gain = array("gain", t, {n}), bias = array("bias", t, {n});
        const std::string size = " " + std::to_string(rows) + "x" + std::to_string(n);
        const ct::Array xs = input({rows, n}, -4, 4, 0, t);
        run_case("W4", "softmax" + size, ct::function({x}, {ct::softmax(x, -1)}, options), {xs},
                 threads);
        run_case("W4", "logsumexp" + size,
                 ct::function({x}, {ct::logsumexp(x, ct::Axis{-1})}, options), {xs}, threads);
        const auto mean = ct::mean(x, ct::Axis{-1}, true);
        const auto centred = x - mean;
        const auto variance = ct::mean(square(centred), ct::Axis{-1}, true);
        run_case(
            "W4", "layernorm" + size,
            ct::function({x, gain, bias}, {centred / sqrt(variance + 1e-5) * gain + bias}, options),
            {xs, input({n}, -4, 4, 1, t), input({n}, -4, 4, 2, t)}, threads);
        run_case("W4", "variance" + size,
                 ct::function({x}, {ct::mean(square(centred), ct::Axis{-1})}, options), {xs},
                 threads);
    }
    const auto x = array("x", t, {2048, 2048});
    const ct::Array xs = input({2048, 2048}, -1, 1, 0, t);
    run_case("W5", "axis 0", ct::function({x}, {ct::sum(exp(x), ct::Axis{0})}, options), {xs},
             threads);
    run_case("W5", "axis 1", ct::function({x}, {ct::sum(exp(x), ct::Axis{1})}, options), {xs},
             threads);
    run_case("W5", "all", ct::function({x}, {ct::sum(exp(x))}, options), {xs}, threads);
}

void w6(int threads)
{
    const ct::Options options{.name = "matmul", .threads = threads};
    for (const auto& [n, t] : {std::pair{32, ct::DType::f32},
                               {128, ct::DType::f32},
                               {512, ct::DType::f32},
                               {1536, ct::DType::f32},
                               {512, ct::DType::f64}}) {
        const auto x = array("x", t, {n, n}), w = array("w", t, {n, n}), b = array("b", t, {n});
        const auto f = ct::function({x, w, b}, {gelu_tanh(ct::dot(x, w) + b)}, options);
        run_case("W6", std::string("gelu ") + text(t) + " n=" + std::to_string(n), f,
                 {input({n, n}, -0.5, 0.5, 0, t), input({n, n}, -0.5, 0.5, 1, t),
                  input({n}, -0.5, 0.5, 2, t)},
                 threads);
    }
    const auto t = ct::DType::f32;
    const auto x = array("x", t, {64, 128, 64}), w = array("w", t, {64, 64, 128});
    run_case("W6", "batched f32", ct::function({x, w}, {ct::matmul(x, w)}, options),
             {input({64, 128, 64}, -0.5, 0.5, 0, t), input({64, 64, 128}, -0.5, 0.5, 1, t)},
             threads);
}

} // namespace bench

int main(int argc, char** argv)
{
    int threads = 1;
    std::vector<std::string> parts;
    for (int i = 1; i < argc; ++i)
        if (std::strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
            threads = std::atoi(argv[++i]);
        else
            parts.push_back(argv[i]);
    const auto wanted = [&](const char* part) {
        for (const std::string& p : parts)
            if (p == part) return true;
        return parts.empty();
    };
    if (wanted("W1")) bench::w1(threads);
    if (wanted("W23")) bench::w2_w3(threads);
    if (wanted("W45")) bench::w4_w5(threads);
    if (wanted("W6")) bench::w6(threads);
    if (wanted("W7")) bench::w7(threads);
    if (wanted("W9")) bench::w9(threads);
}
