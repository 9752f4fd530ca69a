#include "math_cases.hpp"

#include "prelude_all.h"

namespace {

#define EXACT(function) [](mpfr_ptr y, mpfr_srcptr x) { return function(y, x, MPFR_RNDN); }
#define CASE(name, exact, low, high, ...)                                                          \
    MathCase                                                                                       \
    {                                                                                              \
        #name, [](float x) { return name##_f32(x); }, [](double x) { return name##_f64(x); },      \
            [](const float* x, float* y, long n) {                                                 \
                for (long i = 0; i < n; ++i)                                                       \
                    y[i] = name##_f32(x[i]);                                                       \
            },                                                                                     \
            [](const double* x, double* y, long n) {                                               \
                for (long i = 0; i < n; ++i)                                                       \
                    y[i] = name##_f64(x[i]);                                                       \
            },                                                                                     \
            exact, low, high, __VA_ARGS__                                                          \
    }

// Pairs are of f64 alone: in f32 a sine beside a cosine is the sine.
float sincos_sin_f32(float x) { return sin_f32(x); }
float sincos_cos_f32(float x) { return cos_f32(x); }
double sincos_sin_f64(double x) { return sincos_f64(x).sin; }
double sincos_cos_f64(double x) { return sincos_f64(x).cos; }

int exact_sigmoid(mpfr_ptr y, mpfr_srcptr x)
{
    mpfr_neg(y, x, MPFR_RNDN);
    mpfr_exp(y, y, MPFR_RNDN);
    mpfr_add_ui(y, y, 1, MPFR_RNDN);
    return mpfr_ui_div(y, 1, y, MPFR_RNDN);
}

int exact_softplus(mpfr_ptr y, mpfr_srcptr x)
{
    if (mpfr_cmp_si(x, 2000) > 0) return mpfr_set(y, x, MPFR_RNDN);
    mpfr_exp(y, x, MPFR_RNDN);
    return mpfr_log1p(y, y, MPFR_RNDN);
}

/// erfc(-x / sqrt 2) / 2.
int exact_norm_cdf(mpfr_ptr y, mpfr_srcptr x)
{
    mpfr_sqr(y, x, MPFR_RNDN);
    mpfr_div_2ui(y, y, 1, MPFR_RNDN);
    mpfr_sqrt(y, y, MPFR_RNDN);
    if (mpfr_signbit(x) == 0) mpfr_neg(y, y, MPFR_RNDN);
    mpfr_erfc(y, y, MPFR_RNDN);
    return mpfr_div_2ui(y, y, 1, MPFR_RNDN);
}

/// The limit at -inf, where the product is not a number.
bool is_low_end(mpfr_ptr y, mpfr_srcptr x)
{
    const bool is = mpfr_inf_p(x) && mpfr_signbit(x) != 0;
    if (is) mpfr_set_zero(y, -1);
    return is;
}

int exact_gelu(mpfr_ptr y, mpfr_srcptr x)
{
    if (is_low_end(y, x)) return 0;
    exact_norm_cdf(y, x);
    return mpfr_mul(y, y, x, MPFR_RNDN);
}

int exact_silu(mpfr_ptr y, mpfr_srcptr x)
{
    if (is_low_end(y, x)) return 0;
    mpfr_neg(y, x, MPFR_RNDN);
    mpfr_exp(y, y, MPFR_RNDN);
    mpfr_add_ui(y, y, 1, MPFR_RNDN);
    return mpfr_div(y, x, y, MPFR_RNDN);
}

/// x / (1 + e^-v), v = sqrt(8/pi) x (1 + 0.044715 x^2).
int exact_gelu_tanh(mpfr_ptr y, mpfr_srcptr x)
{
    if (is_low_end(y, x)) return 0;
    Big scale(mpfr_get_prec(y));
    mpfr_const_pi(scale, MPFR_RNDN);
    mpfr_ui_div(scale, 8, scale, MPFR_RNDN);
    mpfr_sqrt(scale, scale, MPFR_RNDN);
    mpfr_sqr(y, x, MPFR_RNDN);
    mpfr_mul_ui(y, y, 44715, MPFR_RNDN);
    mpfr_div_ui(y, y, 1000000, MPFR_RNDN);
    mpfr_add_ui(y, y, 1, MPFR_RNDN);
    mpfr_mul(y, y, x, MPFR_RNDN);
    mpfr_mul(y, y, scale, MPFR_RNDN);
    mpfr_neg(y, y, MPFR_RNDN);
    mpfr_exp(y, y, MPFR_RNDN);
    mpfr_add_ui(y, y, 1, MPFR_RNDN);
    return mpfr_div(y, x, y, MPFR_RNDN);
}

/// The zero that e^x rounds to is one from above.
int exact_log1mexp(mpfr_ptr y, mpfr_srcptr x)
{
    mpfr_expm1(y, x, MPFR_RNDN);
    mpfr_neg(y, y, MPFR_RNDN);
    mpfr_log(y, y, MPFR_RNDN);
    if (mpfr_zero_p(y)) mpfr_set_zero(y, -1);
    return 0;
}

const double ln2 = std::log(2.0), sqrt2 = std::sqrt(2.0), tan_pi_8 = sqrt2 - 1;

/// Where 2^k leaves x / 2^k below 4/3 (f32) or sqrt 2 (f64), and where x is subnormal.
const std::vector<double> log_edges{2 / 3., 4 / 3., sqrt2 / 2, sqrt2, 0x1p-126, 0x1p-1022};
/// |x| where it is clamped, and where log(1 + e) is taken beside ln 2.
const std::vector<double> softplus_edges{104, 746, 0x1.193ea8p+0, 0x1.c34366179d427p-1};
/// |x| where k is 1 (f32, f64), and where the numerator is summed another way.
const std::vector<double> atanh_edges{1, 0.25, (sqrt2 - 0.848) / (sqrt2 + 0.848),
                                      1 - 1.6 / (0x1p13 / 3 + 0.8),
                                      1 - 1.696 / (0x1p19 * sqrt2 + 0.848)};
/// |x| where the power of two is 2^-64.5, from where on gate_tail adds it no more; the clamps.
const std::vector<double> gelu_tanh_edges{7.68911980236676, 11, 22},
    silu_edges{64.5 * ln2, 112, 760};
/// -x where e^x hardly matters, is clamped, where k is -1 and where x is subnormal.
const std::vector<double> log1mexp_edges{
    8, 16, 104, 746, std::log(3.0), -std::log1p(-sqrt2 / 2), 0x1p-126, 0x1p-1022};
/// With 2: |y log2 x| = 200 in f32, |y log x| = 760 in f64.
const std::vector<double> pow_edges{1, 2, sqrt2 / 2, sqrt2, 200, 760 / ln2, 0x1p-1022};

const MathCase unary[] = {
    CASE(exp, EXACT(mpfr_exp), -745.5, 709.8, 2, {89, 104, 710, 746}),
    CASE(expm1, EXACT(mpfr_expm1), -40, 709.8, 2, {88, 89, 18, 709, 710, 38}),
    CASE(log, EXACT(mpfr_log), 0, 1e300, 2, log_edges),
    CASE(log1p, EXACT(mpfr_log1p), -1, 1e300, 2, {1 / 3., sqrt2 - 1, 1 - sqrt2 / 2, 1}),
    CASE(tanh, EXACT(mpfr_tanh), -20, 20, 2, {10, 20, 0.375 * ln2}),
    CASE(sigmoid, exact_sigmoid, -745.5, 40, 2, {104, 746}, 1100),
    CASE(softplus, exact_softplus, -745.5, 40, 2, softplus_edges, 1100),
    CASE(sin, EXACT(mpfr_sin), -2e6, 2e6, 2, {0x1p20}),
    CASE(cos, EXACT(mpfr_cos), -2e6, 2e6, 2, {0x1p20}),
    CASE(sincos_sin, EXACT(mpfr_sin), -2e6, 2e6, 2, {0x1p20}),
    CASE(sincos_cos, EXACT(mpfr_cos), -2e6, 2e6, 2, {0x1p20}),
    CASE(tan, EXACT(mpfr_tan), -2e6, 2e6, 2, {0x1p20}),
    CASE(exp2, EXACT(mpfr_exp2), -1075.5, 1024.5, 2, {129, 151, 1025, 1076}),
    CASE(log2, EXACT(mpfr_log2), 0, 1e300, 2, log_edges),
    CASE(log10, EXACT(mpfr_log10), 0, 1e300, 2, log_edges),
    CASE(asin, EXACT(mpfr_asin), -1, 1, 2, {0.5, 1}),
    CASE(acos, EXACT(mpfr_acos), -1, 1, 2, {0.5, 1}),
    CASE(atan, EXACT(mpfr_atan), -1e6, 1e6, 2, {1, tan_pi_8, 1 / tan_pi_8, 0x1p1000}),
    CASE(sinh, EXACT(mpfr_sinh), -711, 711, 2, {2, 89.5, 710.5, 0x1p-13, 0x1p-27}),
    CASE(cosh, EXACT(mpfr_cosh), -711, 711, 2, {90, 711}),
    CASE(asinh, EXACT(mpfr_asinh), -1e300, 1e300, 2, {0.45f, 2, 0x1p60, 0x1p500}),
    CASE(acosh, EXACT(mpfr_acosh), 1, 1e300, 2, {1, 4, 0x1p500}),
    CASE(atanh, EXACT(mpfr_atanh), -1, 1, 2, atanh_edges),
    CASE(erfc, EXACT(mpfr_erfc), -6, 27.5, 2, {0.62f, 0.62, 11, 28}),
    CASE(erf, EXACT(mpfr_erf), -6, 6, 2, {1.125, 1.375, 4, 6}),
    CASE(norm_cdf, exact_norm_cdf, -38.6, 9, 2, {15, 40}),
    CASE(gelu, exact_gelu, -38.7, 9, 2, {15, 40}),
    CASE(gelu_tanh, exact_gelu_tanh, -21.8, 9, 2, gelu_tanh_edges),
    CASE(silu, exact_silu, -752, 40, 2, silu_edges),
    CASE(log1mexp, exact_log1mexp, -745.5, 0, 2, log1mexp_edges, 1100),
};

#define CASE2(name, exact, low, high, ...)                                                         \
    MathCase2                                                                                      \
    {                                                                                              \
        #name, [](float x, float y) { return name##_f32(x, y); },                                  \
            [](double x, double y) { return name##_f64(x, y); },                                   \
            [](mpfr_ptr z, mpfr_srcptr x, mpfr_srcptr y) { return exact(z, x, y, MPFR_RNDN); },    \
            low, high, __VA_ARGS__                                                                 \
    }

const MathCase2 binary[] = {
    CASE2(atan2, mpfr_atan2, -1e6, 1e6, 2, {1, tan_pi_8, 1 / tan_pi_8, 0x1p1000, 0x1p-900}),
    CASE2(pow, mpfr_pow, -1e6, 1e6, 2, pow_edges),
};

} // namespace

std::span<const MathCase> math_cases() { return unary; }
std::span<const MathCase2> math_cases2() { return binary; }
