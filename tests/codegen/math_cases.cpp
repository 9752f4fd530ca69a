#include "math_cases.hpp"

#include "../../codegen/prelude/base.h"
#include "../../codegen/prelude/floats.h"
#include "../../codegen/prelude/exp.h"
#include "../../codegen/prelude/log.h"
#include "../../codegen/prelude/trig.h"
#include "../../codegen/prelude/erf.h"

namespace {

#define EXACT(function) [](mpfr_ptr y, mpfr_srcptr x) { return function(y, x, MPFR_RNDN); }
#define CASE(name, exact, low, high, bound)                                                        \
    MathCase                                                                                       \
    {                                                                                              \
        #name, [](float x) { return name##_f32(x); }, [](double x) { return name##_f64(x); },      \
            exact, low, high, bound                                                                \
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
    if (mpfr_cmp_si(x, 2000) > 0)
        return mpfr_set(y, x, MPFR_RNDN);
    mpfr_exp(y, x, MPFR_RNDN);
    return mpfr_log1p(y, y, MPFR_RNDN);
}

const MathCase unary[] = {
    CASE(exp, EXACT(mpfr_exp), -745.5, 709.8, 2),
    CASE(expm1, EXACT(mpfr_expm1), -40, 709.8, 2),
    CASE(log, EXACT(mpfr_log), 0, 1e300, 2),
    CASE(log1p, EXACT(mpfr_log1p), -1, 1e300, 2),
    CASE(tanh, EXACT(mpfr_tanh), -20, 20, 2),
    CASE(sigmoid, exact_sigmoid, -745.5, 40, 2),
    CASE(softplus, exact_softplus, -745.5, 40, 2),
    CASE(sin_fast, EXACT(mpfr_sin), -1048576, 1048576, 2),
    CASE(cos_fast, EXACT(mpfr_cos), -1048576, 1048576, 2),
    CASE(erf, EXACT(mpfr_erf), -6, 6, 2),
};

} // namespace

std::span<const MathCase> math_cases() { return unary; }
std::span<const MathCase2> math_cases2() { return {}; }
