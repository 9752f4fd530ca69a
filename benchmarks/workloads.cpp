// Croton's side of the workloads: one JSON object a line. `workloads [W1 W23 W45 W6 W7 W9
// W10 W11 W12 scan] [--threads N] [--adbench FOLDER]`, a folder for W11
#include <cstdlib>
#include <cstring>

#include "expressions.hpp"
#include "workload.hpp"

namespace ct = croton;

namespace bench {

namespace {

const char* text(ct::DType t) { return t == ct::DType::f32 ? "f32" : "f64"; }

ct::Function compile(const ModelGraph& g, const ct::Options& options)
{
    return ct::function(g.inputs, g.outputs, options);
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
            const ct::Options options{.name = "pointwise", .threads = threads};
            const auto w2 = compile(larger_and_root(t), options);
            const auto first = compile(exp_tanh(t), options);
            const auto second = compile(sin_erf(t), options);
            const std::string name = std::string(text(t)) + " " + size;
            run_case("W2", name, w2, {input({n}, -1, 1, 0, t), input({n}, -1, 1, 1, t)}, threads);
            const std::vector<ct::Array> wide{input({n}, -3, 3, 0, t), input({n}, -3, 3, 1, t)};
            run_case("W3", "exp_tanh " + name, first, wide, threads);
            run_case("W3", "sin_erf " + name, second, wide, threads);
        }
}

void w4_w5(int threads)
{
    const auto t = ct::DType::f32;
    const ct::Options options{.name = "rows", .threads = threads};
    for (const auto& [rows, n] : {std::pair<std::int64_t, std::int64_t>{128, 1000}, {4096, 1024}}) {
        const std::string size = " " + std::to_string(rows) + "x" + std::to_string(n);
        const ct::Array xs = input({rows, n}, -4, 4, 0, t);
        const auto run = [&](const char* name, const ModelGraph& g,
                             const std::vector<ct::Array>& arrays) {
            run_case("W4", name + size, compile(g, options), arrays, threads);
        };
        run("softmax", softmax_rows(rows, n), {xs});
        run("logsumexp", logsumexp_rows(rows, n), {xs});
        run("layernorm", layernorm_rows(rows, n),
            {xs, input({n}, -4, 4, 1, t), input({n}, -4, 4, 2, t)});
        run("variance", variance_rows(rows, n), {xs});
    }
    const ct::Array xs = input({2048, 2048}, -1, 1, 0, t);
    run_case("W5", "axis 0", compile(sum_exp_axis(0), options), {xs}, threads);
    run_case("W5", "axis 1", compile(sum_exp_axis(1), options), {xs}, threads);
    run_case("W5", "all", compile(sum_exp_all(), options), {xs}, threads);
}

void w6(int threads)
{
    const ct::Options options{.name = "matmul", .threads = threads};
    for (const auto& [n, t] : {std::pair{32, ct::DType::f32},
                               {128, ct::DType::f32},
                               {512, ct::DType::f32},
                               {1536, ct::DType::f32},
                               {512, ct::DType::f64}})
        run_case("W6", std::string("gelu ") + text(t) + " n=" + std::to_string(n),
                 compile(dense_gelu(n, t), options),
                 {input({n, n}, -0.5, 0.5, 0, t), input({n, n}, -0.5, 0.5, 1, t),
                  input({n}, -0.5, 0.5, 2, t)},
                 threads);
    const auto t = ct::DType::f32;
    run_case("W6", "batched f32", compile(batched_product(), options),
             {input({64, 128, 64}, -0.5, 0.5, 0, t), input({64, 64, 128}, -0.5, 0.5, 1, t)},
             threads);
}

} // namespace bench

int main(int argc, char** argv)
{
    int threads = 1;
    std::vector<std::string> parts;
    std::string adbench;
    for (int i = 1; i < argc; ++i)
        if (std::strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
            threads = std::atoi(argv[++i]);
        else if (std::strcmp(argv[i], "--adbench") == 0 && i + 1 < argc)
            adbench = argv[++i];
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
    if (wanted("W10")) bench::w10(threads);
    if (wanted("W11")) bench::w11(adbench, threads);
    if (wanted("W12")) bench::w12(threads);
    if (wanted("scan")) bench::scans(threads);
    if (wanted("heston")) bench::heston(threads);
}
