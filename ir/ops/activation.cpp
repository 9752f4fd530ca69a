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
    .lowering = Pointwise{.real = "sigmoid_{t}({a})", .finite_slopes = true},
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
    .lowering = Pointwise{.real = "softplus_{t}({a})", .finite_slopes = true},
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
    .shape = same_shape,
    .lowering = Pointwise{"log1mexp_{t}({a})"},
    .reference = reference_of<1>([](std::floating_point auto x) {
        const long double wide = x;
        return x > -std::numbers::ln2 ? std::log(-std::expm1(wide)) : std::log1p(-std::exp(wide));
    }),
    .grad = [](const UnaryGrad& g) { return -g.y_bar / expm1(-g.x); },
    .domain = {-8, -0.05},
};
Variable log1mexp(const Variable& x, Where where) { return apply(log1mexp_op, {x}, {}, where); }

constexpr Op relu_op{
    .name = "relu",
    .doc =
        "The larger of x and 0; NaN stays NaN. The gradient at 0 is 0, where maximum(x, 0) gives "
        "x a half.",
    .dtype = promote_numbers,
    .shape = same_shape,
    .lowering = Pointwise{.real = "max_{t}({a}, 0)", .finite_slopes = true},
    .reference = reference_of<1>([](auto x) { return x <= 0 ? 0 : x; }),
    // Of y and not of x: what y is made of need not be kept.
    .grad = [](const UnaryGrad& g) { return where(g.y > 0, g.y_bar, 0); },
};
Variable relu(const Variable& x, Where where) { return apply(relu_op, {x}, {}, where); }

namespace {

/// gelu_tanh is x sigmoid(scale * (x + cubic * x^3)).
constexpr long double gelu_scale =
    2 * std::numbers::sqrt2_v<long double> * std::numbers::inv_sqrtpi_v<long double>;
constexpr long double gelu_cubic = 0.044715L;

Variable norm_density(const Variable& x)
{
    return std::numbers::inv_sqrtpi / std::numbers::sqrt2 * exp(-0.5 * square(x));
}

// The tails multiply what an argument lost by its square: the references have digits to spare.
long double norm_cdf_of(long double x)
{
    return std::erfc(-x / std::numbers::sqrt2_v<long double>) / 2;
}

/// x for the slope of x times a gate. Beyond `bound` that slope is 0 or 1 in every dtype; an x that
/// is infinite, or whose square is, would meet a 0 there.
Variable within(double bound, const Variable& x) { return clip(x, -bound, bound); }

/// x times what is 0 at -inf, where the product is the limit.
long double gated(long double x, long double gate)
{
    return std::isinf(x) && x < 0 ? -0.0L : x * gate;
}

} // namespace

constexpr Op norm_cdf_op{
    .name = "norm_cdf",
    .doc = "The standard normal distribution function, accurate in both tails.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{.real = "norm_cdf_{t}({a})", .finite_slopes = true},
    .reference = reference_of<1>([](std::floating_point auto x) { return norm_cdf_of(x); }),
    .grad = [](const UnaryGrad& g) { return g.y_bar * norm_density(g.x); },
    .domain = {-4, 4},
};
Variable norm_cdf(const Variable& x, Where where) { return apply(norm_cdf_op, {x}, {}, where); }

constexpr Op gelu_op{
    .name = "gelu",
    .doc = "x * norm_cdf(x), the exact form.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{.real = "gelu_{t}({a})", .finite_slopes = true},
    .reference =
        reference_of<1>([](std::floating_point auto x) { return gated(x, norm_cdf_of(x)); }),
    .grad =
        [](const UnaryGrad& g) {
            const Variable x = within(40, g.x);
            return g.y_bar * (norm_cdf(x) + x * norm_density(x));
        },
    .domain = {-4, 4},
};
Variable gelu(const Variable& x, Where where) { return apply(gelu_op, {x}, {}, where); }

constexpr Op gelu_tanh_op{
    .name = "gelu_tanh",
    .doc = "0.5 * x * (1 + tanh(sqrt(2/pi) * (x + 0.044715 * x^3))), near gelu(x).",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{.real = "gelu_tanh_{t}({a})", .finite_slopes = true},
    .reference = reference_of<1>([](std::floating_point auto x) {
        const long double v = gelu_scale * x * (1 + gelu_cubic * x * x);
        return gated(x, 1 / (1 + std::exp(-v)));
    }),
    .grad =
        [](const UnaryGrad& g) {
            constexpr auto scale = static_cast<double>(gelu_scale);
            constexpr auto cubic = static_cast<double>(gelu_scale * gelu_cubic);
            const Variable x = within(22, g.x);
            const Variable x2 = square(x);
            const Variable s = sigmoid(x * (scale + cubic * x2));
            return g.y_bar * s * (1 + x * (1 - s) * (scale + 3 * cubic * x2));
        },
    .domain = {-4, 4},
};
Variable gelu_tanh(const Variable& x, Where where) { return apply(gelu_tanh_op, {x}, {}, where); }

constexpr Op silu_op{
    .name = "silu",
    .doc = "x * sigmoid(x), also called swish.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{.real = "silu_{t}({a})", .finite_slopes = true},
    .reference = reference_of<1>([](std::floating_point auto x) {
        return gated(x, 1 / (1 + std::exp(-static_cast<long double>(x))));
    }),
    .grad =
        [](const UnaryGrad& g) {
            const Variable x = within(760, g.x);
            const Variable s = sigmoid(x);
            return g.y_bar * (s + x * s * (1 - s));
        },
    .domain = {-8, 8},
};
Variable silu(const Variable& x, Where where) { return apply(silu_op, {x}, {}, where); }

std::span<const Op* const> activation_ops()
{
    static constexpr const Op* ops[] = {
        &sigmoid_op,  &softplus_op, &log1mexp_op,  &relu_op,
        &norm_cdf_op, &gelu_op,     &gelu_tanh_op, &silu_op,
    };
    return ops;
}

} // namespace croton::inline v1
