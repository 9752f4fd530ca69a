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

const MathCase unary[] = {
    CASE(exp, EXACT(mpfr_exp), -745.5, 709.8, 2),
    CASE(expm1, EXACT(mpfr_expm1), -40, 709.8, 2),
    CASE(log, EXACT(mpfr_log), 0, 1e300, 2),
    CASE(log1p, EXACT(mpfr_log1p), -1, 1e300, 2),
    CASE(tanh, EXACT(mpfr_tanh), -20, 20, 2),
    CASE(sigmoid, exact_sigmoid, -745.5, 40, 2, 1100),
    CASE(softplus, exact_softplus, -745.5, 40, 2, 1100),
    CASE(sin, EXACT(mpfr_sin), -2e6, 2e6, 2),
    CASE(cos, EXACT(mpfr_cos), -2e6, 2e6, 2),
    CASE(tan, EXACT(mpfr_tan), -2e6, 2e6, 2),
    CASE(exp2, EXACT(mpfr_exp2), -1075.5, 1024.5, 2),
    CASE(log2, EXACT(mpfr_log2), 0, 1e300, 2),
    CASE(log10, EXACT(mpfr_log10), 0, 1e300, 2),
    CASE(asin, EXACT(mpfr_asin), -1, 1, 2),
    CASE(acos, EXACT(mpfr_acos), -1, 1, 2),
    CASE(atan, EXACT(mpfr_atan), -1e6, 1e6, 2),
    CASE(sinh, EXACT(mpfr_sinh), -711, 711, 2),
    CASE(cosh, EXACT(mpfr_cosh), -711, 711, 2),
    CASE(asinh, EXACT(mpfr_asinh), -1e300, 1e300, 2),
    CASE(acosh, EXACT(mpfr_acosh), 1, 1e300, 2),
    CASE(atanh, EXACT(mpfr_atanh), -1, 1, 2),
    CASE(erfc, EXACT(mpfr_erfc), -6, 27.5, 2),
    CASE(erf, EXACT(mpfr_erf), -6, 6, 2),
    CASE(norm_cdf, exact_norm_cdf, -38.6, 9, 2),
    CASE(gelu, exact_gelu, -38.7, 9, 2),
    CASE(gelu_tanh, exact_gelu_tanh, -21.8, 9, 2),
    CASE(silu, exact_silu, -752, 40, 2),
    CASE(log1mexp, exact_log1mexp, -745.5, 0, 2, 1100),
};

#define CASE2(name, exact, low, high, bound)                                                       \
    MathCase2                                                                                      \
    {                                                                                              \
        #name, [](float x, float y) { return name##_f32(x, y); },                                  \
            [](double x, double y) { return name##_f64(x, y); },                                   \
            [](mpfr_ptr z, mpfr_srcptr x, mpfr_srcptr y) { return exact(z, x, y, MPFR_RNDN); },    \
            low, high, bound                                                                       \
    }

const MathCase2 binary[] = {
    CASE2(atan2, mpfr_atan2, -1e6, 1e6, 2),
    CASE2(pow, mpfr_pow, -1e6, 1e6, 4),
};

} // namespace

std::span<const MathCase> math_cases() { return unary; }
std::span<const MathCase2> math_cases2() { return binary; }
