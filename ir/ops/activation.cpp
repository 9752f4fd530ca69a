#include <croton/ir/build.hpp>
#include <croton/ir/ops/activation.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/compare_logic.hpp>
#include <croton/ir/ops/elementwise_math.hpp>
#include <croton/ir/ops/trigonometric.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace croton::inline v1 {

constexpr Op sigmoid_op{
    .name = "sigmoid",
    .doc = "1 / (1 + exp(-x)), without overflow.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{"sigmoid_{t}({a})"},
    .reference = reference_of<1>([](std::floating_point auto x) { return 1 / (1 + std::exp(-x)); }),
    .grad = [](const UnaryGrad& g) { return g.y_bar * g.y * (1 - g.y); },
    .domain = {-8, 8},
};
Variable sigmoid(const Variable& x, Where where) { return apply(sigmoid_op, {x}, {}, where); }

constexpr Op softplus_op{
    .name = "softplus",
    .doc = "log(1 + exp(x)), without overflow.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{"softplus_{t}({a})"},
    .reference = reference_of<1>([](std::floating_point auto x) {
        return std::isnan(x) ? x : std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
    }),
    .grad = [](const UnaryGrad& g) { return g.y_bar * sigmoid(g.x); },
    .domain = {-8, 8},
};
Variable softplus(const Variable& x, Where where) { return apply(softplus_op, {x}, {}, where); }

constexpr Op log1mexp_op{
    .name = "log1mexp",
    .doc = "log(1 - exp(x)) for x <= 0, accurate near 0 and far from it. NaN where x > 0.",
    .dtype = promote_to_float,
    .shape = shape_of_first,
    .lowering = Composite{[](const CompositeArgs& args) {
        const Variable& x = args.x[0];
        return where(x > -std::numbers::ln2, log(-expm1(x)), log1p(-exp(x)));
    }},
    .reference = DerivedReference{},
    .grad = [](const UnaryGrad& g) { return -g.y_bar / expm1(-g.x); },
    .domain = {-8, -0.05},
};
Variable log1mexp(const Variable& x, Where where) { return apply(log1mexp_op, {x}, {}, where); }

constexpr Op relu_op{
    .name = "relu",
    .doc = "The larger of x and 0; NaN stays NaN. The gradient at 0 is 0.",
    .dtype = promote_numbers,
    .shape = same_shape,
    .lowering = Pointwise{"max_{t}({a}, 0)"},
    .reference = reference_of<1>([](auto x) { return x <= 0 ? 0 : x; }),
    // Of y and not of x: what y is made of need not be kept.
    .grad = [](const UnaryGrad& g) { return where(g.y > 0, g.y_bar, 0); },
};
Variable relu(const Variable& x, Where where) { return apply(relu_op, {x}, {}, where); }

namespace {

Variable norm_density(const Variable& x)
{
    return std::numbers::inv_sqrtpi / std::numbers::sqrt2 * exp(-0.5 * square(x));
}

/// tanh's argument in gelu_tanh is c * (x + k * x^3).
constexpr double gelu_scale = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
constexpr double gelu_cubic = 0.044715;

Variable gelu_tanh_of(const Variable& x)
{
    return tanh(gelu_scale * (x + gelu_cubic * x * square(x)));
}

} // namespace

constexpr Op gelu_op{
    .name = "gelu",
    .doc = "x * norm_cdf(x), the exact form.",
    .dtype = promote_to_float,
    .shape = shape_of_first,
    .lowering =
        Composite{[](const CompositeArgs& args) { return args.x[0] * norm_cdf(args.x[0]); }},
    .reference = DerivedReference{},
    .grad = [](const UnaryGrad& g) { return g.y_bar * (norm_cdf(g.x) + g.x * norm_density(g.x)); },
    .domain = {-4, 4},
};
Variable gelu(const Variable& x, Where where) { return apply(gelu_op, {x}, {}, where); }

constexpr Op gelu_tanh_op{
    .name = "gelu_tanh",
    .doc = "0.5 * x * (1 + tanh(sqrt(2/pi) * (x + 0.044715 * x^3))), near gelu(x).",
    .dtype = promote_to_float,
    .shape = shape_of_first,
    .lowering = Composite{[](const CompositeArgs& args) {
        return 0.5 * args.x[0] * (1 + gelu_tanh_of(args.x[0]));
    }},
    .reference = DerivedReference{},
    .grad =
        [](const UnaryGrad& g) {
            const Variable t = gelu_tanh_of(g.x);
            const Variable slope = gelu_scale * (1 + 3 * gelu_cubic * square(g.x));
            return g.y_bar * (0.5 * (1 + t) + 0.5 * g.x * (1 - square(t)) * slope);
        },
    .domain = {-4, 4},
};
Variable gelu_tanh(const Variable& x, Where where) { return apply(gelu_tanh_op, {x}, {}, where); }

constexpr Op silu_op{
    .name = "silu",
    .doc = "x * sigmoid(x), also called swish.",
    .dtype = promote_to_float,
    .shape = shape_of_first,
    .lowering = Composite{[](const CompositeArgs& args) { return args.x[0] * sigmoid(args.x[0]); }},
    .reference = DerivedReference{},
    .grad =
        [](const UnaryGrad& g) {
            const Variable s = sigmoid(g.x);
            return g.y_bar * (s + g.x * s * (1 - s));
        },
    .domain = {-8, 8},
};
Variable silu(const Variable& x, Where where) { return apply(silu_op, {x}, {}, where); }

// erfc keeps its digits in the lower tail, where 1 + erf cancels.
Variable norm_cdf(const Variable& x, Where where)
{
    const OriginScope origin(locate(where, "norm_cdf"));
    return 0.5 * erfc(x * (-1 / std::numbers::sqrt2));
}

std::span<const Op* const> activation_ops()
{
    static constexpr const Op* ops[] = {
        &sigmoid_op, &softplus_op, &log1mexp_op, &relu_op, &gelu_op, &gelu_tanh_op, &silu_op,
    };
    return ops;
}

} // namespace croton::inline v1
