// An op of one's own: the same record as Croton's, in the user's file, no registration.
#include <croton/croton.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/op.hpp>

#include <cmath>
#include <cstdio>

namespace ct = croton;
using ct::Variable;

// [op]
Variable cube_root(const Variable& x, ct::Where where = ct::Where::current());

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

Variable cube_root(const Variable& x, ct::Where where)
{
    return ct::apply(cube_root_op, {x}, {}, where);
}
// [/op]

int main()
{
    const auto x = ct::vector<double>("x");
    const auto y = ct::sum(cube_root(x)).named("y");
    const auto f = ct::function({x}, {y, ct::grad(y, x)}, {.name = "roots"});
    const auto out = f(ct::Array::full<double>({4}, 27.0));
    std::printf("sum %.6f, derivative %.6f\n", out[0].item<double>(), out[1].as_double(0));

    // As a value and as part of one kernel with what is around it:
    const std::string_view source = f.source();
    std::printf("%s",
                source.find("exp_f64(log_f64(") != source.npos ? "fused into its kernel\n" : "");
}
