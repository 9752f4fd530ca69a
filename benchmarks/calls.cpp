// What a call costs beside the work in it: every way of calling, on work that takes no time.
// `calls [calls] [--threads N]` measures them all, on one thread; `calls --only CASE [N]` calls one
// case N times between two lines of output, so that a tracer that waits for them counts the
// instructions of calls alone.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "models.hpp"
#include "workload.hpp"

namespace ct = croton;

namespace bench {

namespace {

using Matrix = ct::View<const float, 2>;

struct Case {
    std::string name;
    std::function<void()> call;
};

void add_scalars(std::vector<Case>& cases)
{
    const auto x = ct::scalar<double>("x"), y = ct::scalar<double>("y");
    const auto f = ct::function({x, y}, {x * y + 1}, {.name = "scalars", .threads = 1});
    const auto call = f.typed<void(double, double, double&)>();
    cases.push_back({"scalars typed", [call] {
                         double out = 0;
                         call(0.5, 0.25, out);
                     }});
    const auto workspace = std::make_shared<ct::Workspace>(f.workspace());
    cases.push_back({"scalars workspace", [call, workspace] {
                         double out = 0;
                         (void)call(*workspace, 0.5, 0.25, out);
                     }});
}

void add_guarded(std::vector<Case>& cases)
{
    const auto n = ct::dim("n"), m = ct::dim("m");
    const auto x = ct::matrix<float>("x", {n, m}), y = ct::matrix<float>("y", {n, m});
    const auto f = ct::function({x, y}, {x * y + 1}, {.name = "guarded", .threads = 1});
    const ct::Array a = ct::zeros<float>({2, 4}), b = a.clone();
    cases.push_back({"arrays", [f, a, b] { (void)f(a, b); }});
    std::vector<ct::Array> out{a.clone()};
    cases.push_back({"call_into", [f, in = std::vector<ct::Array>{a, b}, out]() mutable {
                         f.call_into(in, out);
                     }});
    const auto call = f.typed<void(Matrix, Matrix, ct::View<float, 2>)>();
    cases.push_back({"typed", [call, a, b, out]() mutable {
                         call(a.view<float, 2>(), b.view<float, 2>(), out[0].view<float, 2>());
                     }});
    const auto workspace = std::make_shared<ct::Workspace>(f.workspace({{"n", 2}, {"m", 4}}));
    cases.push_back({"workspace", [call, workspace, a, b, out]() mutable {
                         (void)call(*workspace, std::as_const(a).view<float, 2>(),
                                    std::as_const(b).view<float, 2>(), out[0].view<float, 2>());
                     }});
}

/// Results whose extents are formulas: no axis of an input has them.
void add_formula(std::vector<Case>& cases)
{
    const auto x = ct::vector<float>("x"), y = ct::vector<float>("y");
    const auto f = ct::function({x, y}, {ct::concatenate({x, y}), ct::concatenate({x, x})},
                                {.name = "formula", .threads = 1});
    const ct::Array a = ct::zeros<float>({8}), b = ct::zeros<float>({5});
    cases.push_back({"arrays formula", [f, a, b] { (void)f(a, b); }});
}

void add_training(std::vector<Case>& cases)
{
    const Model model = mlp_small();
    ModelGraph g = model.build();
    const ct::Function f = ct::function(
        g.inputs, g.outputs, {.name = "training", .updates = std::move(g.updates), .threads = 1});
    const std::vector<ct::Any> arguments(model.arrays.begin(), model.arrays.end());
    cases.push_back({"step arrays", [f, arguments] { (void)f.call(arguments); }});
    std::vector<ct::Array> out{f.call(arguments)[0]};
    cases.push_back(
        {"step call_into", [f, in = model.arrays, out]() mutable { f.call_into(in, out); }});
    const auto call = f.typed<void(Matrix, Matrix, float&)>();
    const ct::Array x = model.arrays[0], y = model.arrays[1];
    cases.push_back({"step typed", [call, x, y] {
                         float loss = 0;
                         call(x.view<float, 2>(), y.view<float, 2>(), loss);
                     }});
    const auto workspace = std::make_shared<ct::Workspace>(f.workspace());
    cases.push_back({"step workspace", [call, workspace, x, y] {
                         float loss = 0;
                         (void)call(*workspace, x.view<float, 2>(), y.view<float, 2>(), loss);
                     }});
}

} // namespace

void measure(const std::vector<Case>& cases)
{
    for (const Case& c : cases)
        line("calls", c.name, median_ns(c.call, 1), 0, 1);
}

void call_only(const std::vector<Case>& cases, const std::string& name, long calls)
{
    for (const Case& c : cases) {
        if (c.name != name) continue;
        for (const char* mark : {"begins", "ended"}) {
            std::printf("%s %s\n", name.c_str(), mark);
            std::fflush(stdout);
            for (long i = 0; mark[0] == 'b' && i < calls; ++i)
                c.call();
        }
    }
}

} // namespace bench

int main(int argc, char** argv)
{
    int threads = 1;
    const char* only = nullptr;
    long calls = 1;
    for (int i = 1; i < argc; ++i)
        if (std::strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
            threads = std::atoi(argv[++i]);
        else if (std::strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
            only = argv[++i];
            if (i + 1 < argc) calls = std::atol(argv[++i]);
        }
    if (threads != 1) return 0;
    std::vector<bench::Case> cases;
    bench::add_scalars(cases);
    bench::add_guarded(cases);
    bench::add_formula(cases);
    bench::add_training(cases);
    if (only)
        bench::call_only(cases, only, calls);
    else
        bench::measure(cases);
}
