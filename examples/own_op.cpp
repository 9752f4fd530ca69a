// An op of one's own: the same record as Croton's, in the user's file, no registration.
#include <croton/croton.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/op.hpp>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace ct = croton;
using ct::Variable;

// [op]
constexpr ct::Op cube_root_op{
    .name = "cube_root",
    .doc = "The real cube root, for x > 0: exp(log(x) / 3).",
    .dtype = ct::promote_to_float,
    .shape = ct::same_shape,
    .lowering = ct::Pointwise{"exp_{t}(log_{t}({a}) / 3)"},
    .reference = ct::reference_of<1>([](std::floating_point auto x) { return std::cbrt(x); }),
    .grad = [](const ct::UnaryGrad& g) { return g.y_bar / (3 * square(g.y)); },
    .domain = {0.1, 100},
};

Variable cube_root(const Variable& x, ct::Where where = ct::Where::current())
{
    return ct::apply(cube_root_op, {x}, {}, where);
}
// [/op]

// [parameter]
struct LeakyReluParams {
    double slope = 0.01;
    static constexpr auto fields = std::tuple{ct::field("slope", &LeakyReluParams::slope)};
};

/// A scalar reference is not told the parameters: this one takes the arrays.
ct::Array leaky_relu_reference(const ct::ReferenceArgs& args)
{
    const double slope = args.params_as<LeakyReluParams>().slope;
    ct::Array y = args.x[0].cast(ct::DType::f64).clone();
    for (double& v : std::span(static_cast<double*>(y.data()), static_cast<std::size_t>(y.size())))
        if (!(v > 0)) v = slope * v;
    return y.cast(args.result.dtype());
}

constexpr ct::Op leaky_relu_op{
    .name = "leaky_relu",
    .doc = "x where x > 0, else slope * x.",
    .dtype = ct::promote_to_float,
    .shape = ct::same_shape,
    .lowering = ct::Pointwise{"{a} > 0 ? {a} : {p:slope} * {a}"},
    .reference = leaky_relu_reference,
    .grad = [](const ct::GeneralGrad& g) -> ct::Variables {
        const double slope = g.params_as<LeakyReluParams>().slope;
        return {where(g.x[0] > 0, g.y_bar[0], slope * g.y_bar[0])};
    },
    .params = ct::create_params<LeakyReluParams>,
};

Variable leaky_relu(const Variable& x, double slope, ct::Where where = ct::Where::current())
{
    return ct::apply(leaky_relu_op, {x}, ct::make_params(LeakyReluParams{slope}), where);
}
// [/parameter]

void show_leaky_relu()
{
    const auto x = ct::vector<float>("x", {3});
    const auto y = leaky_relu(x, 0.25);
    const ct::Variables results{y, ct::grad(ct::sum(y), x)};
    const auto f = ct::function({x}, results, {.name = "leaky"});
    const auto meant = ct::function({x}, results, {.name = "meant", .reference = true});
    const std::vector<float> values{-2, 0, 3};
    const auto out = f(values), wanted = meant(values);
    std::printf("%s, gradient %s\n", to_string(out[0]).c_str(), to_string(out[1]).c_str());
    for (std::size_t i = 0; i < results.size(); ++i)
        if (identical(out[i], wanted[i])) std::puts("as its reference");

    // The field is part of what the op is: equal ones are computed once, others are not.
    const auto same = ct::function({x}, leaky_relu(x, 0.25) + leaky_relu(x, 0.25));
    const auto both = ct::function({x}, leaky_relu(x, 0.25) + leaky_relu(x, 0.5));
    const auto slopes = [](const ct::Function& g, std::string_view slope) {
        int found = 0;
        for (std::size_t at = 0; (at = g.source().find(slope, at)) != std::string_view::npos; ++at)
            ++found;
        return found;
    };
    std::printf("slopes %d and %d, %d\n", slopes(same, "0.25f *"), slopes(both, "0.25f *"),
                slopes(both, "0.5f *"));

    // It is stored with the graph; who reads it gives the record.
    const std::string path = std::filesystem::temp_directory_path() / "croton_leaky_relu";
    f.save(path);
    const auto loaded = ct::Function::load(path, {.ops = {&leaky_relu_op}});
    std::filesystem::remove(path);
    if (identical(out[0], loaded(values)[0])) std::puts("the same when loaded");
}

int main()
{
    const auto x = ct::vector<double>("x");
    const auto y = ct::sum(cube_root(x)).named("y");
    const auto f = ct::function({x}, {y, ct::grad(y, x)}, {.name = "roots"});
    const auto out = f(ct::Array::full<double>({4}, 27.0));
    std::printf("sum %.6f, derivative %.6f\n", out[0].item<double>(), out[1].as_double(0));

    // As a value and as part of one kernel with what is around it:
    if (f.source().find("exp_f64(log_f64(") != std::string_view::npos)
        std::puts("fused into its kernel");
    show_leaky_relu();
}
