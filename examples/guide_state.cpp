// Values that live across calls, and loops: the statistics of a stream, and a leaking tank whose
// leak is found from what flows out.
#include <croton/croton.hpp>

#include <cstdio>
#include <string>
#include <vector>

namespace ct = croton;
using ct::Variable;

void show(const char* name, const ct::Array& a)
{
    std::printf("%-8s %s\n", name, to_string(a).c_str());
}

int main()
{
    // [shared]
    const auto x = ct::scalar<double>("x");
    const auto count = ct::shared("count", ct::zeros<double>({}));
    const auto mean = ct::shared("mean", ct::zeros<double>({}));
    const auto squares = ct::shared("squares", ct::zeros<double>({}));

    const auto next = mean + (x - mean) / (count + 1);
    const auto push = ct::function({x}, ct::Outputs{},
                                   {.name = "push",
                                    .updates = {{count, count + 1},
                                                {mean, next},
                                                {squares, squares + (x - mean) * (x - next)}}});
    const auto variance = ct::function({}, squares / (count - 1), {.name = "variance"});

    for (const double v : {4.0, 7.0, 13.0, 16.0})
        push(v);
    show("mean", mean.value());
    show("variance", variance()[0]);
    const ct::Array none = ct::zeros<double>({});
    ct::set_all({{count, none}, {mean, none}, {squares, none}});
    // [/shared]
    show("count", count.value());

    // [scan]
    const auto rain = ct::vector<double>("rain");
    const auto seen = ct::vector<double>("seen", rain.shape());
    const auto leak = ct::shared("leak", ct::Array::scalar(0.4));

    const auto tank = ct::scan(
        [&](const Variable& drops, const Variable& level) {
            const auto out = leak * (level + drops);
            return ct::Step{.state = {level + drops - out}, .out = {out}};
        },
        {.sequences = {rain}, .init = {0.0}});
    const auto run = ct::function(
        {rain}, {{"flow", tank.out[0]}, {"levels", tank.history[0]}, {"level", tank.last[0]}});

    const auto loss = ct::sum(square(tank.out[0] - seen));
    const auto better = leak - 0.005 * ct::grad(loss, leak);
    const auto fit = ct::function({rain, seen}, loss, {.name = "fit", .updates = {{leak, better}}});
    // [/scan]

    const std::vector<double> drops{5, 0, 0, 2, 0, 1};
    const ct::Results r = run(drops);
    for (const char* name : {"flow", "levels", "level"})
        show(name, r[name]);

    ct::set_all({{leak, ct::Array::scalar(0.1)}});
    for (int i = 0; i < 5; ++i) {
        const double l = fit(drops, r["flow"])[0].item<double>();
        std::printf("loss %.6f, leak now %.6f\n", l, leak.value().item<double>());
    }

    // [control]
    const auto root_of = [](const Variable& a) {
        const auto better = [&](const Variable& s) { return 0.5 * (s + a / s); };
        const auto newton = [&] {
            const auto is_far = [&](const Variable& s) { return abs(s * s - a) > 1e-12 * a; };
            return better(ct::while_loop(is_far, better, {a}, 60)[0]);
        };
        return ct::cond(a > 0.0, newton, [&] { return -a; })[0];
    };
    const auto a = ct::scalar<double>("a");
    const auto root = root_of(a);
    const auto of = ct::function({a}, {{"root", root}, {"slope", ct::grad(root, a)}});
    // [/control]
    for (const double v : {2.0, 9.0, -4.0}) {
        const ct::Results y = of(v);
        std::printf("%4.1f: root %.6f, slope %.6f\n", v, y["root"].item<double>(),
                    y["slope"].item<double>());
    }

    // [vmap]
    const auto slope_of = [&](const Variable& v) { return ct::grad(root_of(v), v); };
    const auto many = ct::vector<double>("many", {ct::dim("n")});
    const auto roots = ct::function(
        {many}, {{"roots", ct::vmap(root_of)(many)}, {"slopes", ct::vmap(slope_of)(many)}});
    // [/vmap]
    const ct::Results all = roots(std::vector<double>{2, 9, -4});
    for (const char* name : {"roots", "slopes"})
        show(name, all[name]);
}
