#include <croton/ir/build.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/elementwise_math.hpp>

#include <cmath>
#include <numbers>

namespace croton::inline v1 {

constexpr Op exp_op{
    .name = "exp",
    .doc = "e to the power x.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{.real = "exp_{t}({a})", .finite_slopes = true},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::exp(x); }),
    .grad = [](const UnaryGrad& g) { return g.y_bar * g.y; },
    .domain = {-8, 8},
};
Variable exp(const Variable& x, Where where) { return apply(exp_op, {x}, {}, where); }

constexpr Op exp2_op{
    .name = "exp2",
    .doc = "2 to the power x.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{.real = "exp2_{t}({a})", .finite_slopes = true},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::exp2(x); }),
    .grad = [](const UnaryGrad& g) { return g.y_bar * g.y * std::numbers::ln2; },
    .domain = {-8, 8},
};
Variable exp2(const Variable& x, Where where) { return apply(exp2_op, {x}, {}, where); }

constexpr Op expm1_op{
    .name = "expm1",
    .doc = "exp(x) - 1, accurate near x = 0.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{.real = "expm1_{t}({a})", .finite_slopes = true},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::expm1(x); }),
    // exp(x) rather than y + 1, which has no correct digits left for large negative x.
    .grad = [](const UnaryGrad& g) { return g.y_bar * exp(g.x); },
    .domain = {-8, 8},
};
Variable expm1(const Variable& x, Where where) { return apply(expm1_op, {x}, {}, where); }

constexpr Op log_op{
    .name = "log",
    .doc = "Natural logarithm. -inf at 0, NaN below.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{"log_{t}({a})"},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::log(x); }),
    .grad = [](const UnaryGrad& g) { return g.y_bar / g.x; },
    .domain = {0.01, 10},
};
Variable log(const Variable& x, Where where) { return apply(log_op, {x}, {}, where); }

constexpr Op log2_op{
    .name = "log2",
    .doc = "Logarithm to base 2. -inf at 0, NaN below.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{"log2_{t}({a})"},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::log2(x); }),
    .grad = [](const UnaryGrad& g) { return g.y_bar * std::numbers::log2e / g.x; },
    .domain = {0.01, 10},
};
Variable log2(const Variable& x, Where where) { return apply(log2_op, {x}, {}, where); }

constexpr Op log10_op{
    .name = "log10",
    .doc = "Logarithm to base 10. -inf at 0, NaN below.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{"log10_{t}({a})"},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::log10(x); }),
    .grad = [](const UnaryGrad& g) { return g.y_bar * std::numbers::log10e / g.x; },
    .domain = {0.01, 10},
};
Variable log10(const Variable& x, Where where) { return apply(log10_op, {x}, {}, where); }

// [log1p]
constexpr Op log1p_op{
    .name = "log1p",
    .doc = "log(1 + x), accurate near x = 0. -inf at x = -1, NaN below.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{"log1p_{t}({a})"},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::log1p(x); }),
    .grad = [](const UnaryGrad& g) { return g.y_bar / (1 + g.x); },
    .domain = {-0.9, 10},
};
Variable log1p(const Variable& x, Where where) { return apply(log1p_op, {x}, {}, where); }
// [/log1p]

constexpr double two_by_sqrt_pi = 2 * std::numbers::inv_sqrtpi;

constexpr Op erf_op{
    .name = "erf",
    .doc = "Error function, 2/sqrt(pi) times the integral of exp(-t*t) from 0 to x.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{.real = "erf_{t}({a})", .finite_slopes = true},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::erf(x); }),
    .grad = [](const UnaryGrad& g) { return g.y_bar * two_by_sqrt_pi * exp(-square(g.x)); },
    .domain = {-4, 4},
};
Variable erf(const Variable& x, Where where) { return apply(erf_op, {x}, {}, where); }

constexpr Op erfc_op{
    .name = "erfc",
    .doc = "1 - erf(x), accurate where that is small.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{.real = "erfc_{t}({a})", .finite_slopes = true},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::erfc(x); }),
    .grad = [](const UnaryGrad& g) { return g.y_bar * -two_by_sqrt_pi * exp(-square(g.x)); },
    .domain = {-4, 4},
};
Variable erfc(const Variable& x, Where where) { return apply(erfc_op, {x}, {}, where); }

std::span<const Op* const> elementwise_math_ops()
{
    static constexpr const Op* ops[] = {
        &exp_op, &exp2_op, &expm1_op, &log_op, &log2_op, &log10_op, &log1p_op, &erf_op, &erfc_op,
    };
    return ops;
}

} // namespace croton::inline v1
