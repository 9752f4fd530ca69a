// The prelude's elementary functions beside MPFR's, and the measure of their distance.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <mpfr.h>
#include <span>
#include <vector>

/// A number of fixed precision, freed with its scope.
class Big {
public:
    explicit Big(mpfr_prec_t bits) { mpfr_init2(value_, bits); }
    Big(const Big&) = delete;
    Big& operator=(const Big&) = delete;
    ~Big() { mpfr_clear(value_); }
    operator mpfr_ptr() { return value_; }

private:
    mpfr_t value_;
};

using BigFunction = int (*)(mpfr_ptr result, mpfr_srcptr x);
using BigFunction2 = int (*)(mpfr_ptr result, mpfr_srcptr x, mpfr_srcptr y);

/// The bits of an exact result kept for a T: its own and enough to tell a fraction of an ULP.
template <class T>
constexpr mpfr_prec_t exact_bits = std::numeric_limits<T>::digits + 50;

/// One function of one argument: the prelude's two forms, MPFR's, and where results are neither
/// constant nor infinite. `bound` is in ULP. `edges` are where its text takes another way: clamps,
/// choices, and where a range reduction counts on; of either sign, those of both forms.
struct MathCase {
    const char* name;
    float (*f32)(float);
    double (*f64)(double);
    void (*f32s)(const float* x, float* y, long n); ///< the same in a loop
    void (*f64s)(const double* x, double* y, long n);
    BigFunction exact;
    double low;
    double high;
    double bound;
    std::vector<double> edges;
    mpfr_prec_t more_bits =
        0; ///< that `exact` needs beside exact_bits, as it adds 1 to tiny numbers

    template <class T>
    mpfr_prec_t bits() const
    {
        return exact_bits<T> + (sizeof(T) == 4 ? std::min<mpfr_prec_t>(more_bits, 170) : more_bits);
    }
};

struct MathCase2 {
    const char* name;
    float (*f32)(float, float);
    double (*f64)(double, double);
    BigFunction2 exact;
    double low;
    double high;
    double bound;
    std::vector<double> edges; ///< as MathCase's, of either argument
};

std::span<const MathCase> math_cases();
std::span<const MathCase2> math_cases2();

/// |y - exact| in units of the last place of a T at `exact`; infinite where one is NaN or infinite
/// and the other is not, or where a zero has the wrong sign. Infinity counts as the power of two
/// after the largest number.
template <class T>
double ulp_error(T y, mpfr_ptr exact)
{
    constexpr double wrong = std::numeric_limits<double>::infinity();
    if (mpfr_nan_p(exact) || std::isnan(y)) return mpfr_nan_p(exact) && std::isnan(y) ? 0 : wrong;
    if (mpfr_inf_p(exact))
        return std::isinf(y) && std::signbit(y) == (mpfr_signbit(exact) != 0) ? 0 : wrong;
    if (mpfr_zero_p(exact))
        return y == 0 && std::signbit(y) == (mpfr_signbit(exact) != 0) ? 0 : wrong;
    if (y == 0 && std::signbit(y) != (mpfr_signbit(exact) != 0)) return wrong;
    using Limits = std::numeric_limits<T>;
    long exponent = mpfr_get_exp(exact) - Limits::digits;
    exponent = std::max<long>(exponent, Limits::min_exponent - Limits::digits);
    if (mpfr_get_exp(exact) > Limits::max_exponent)
        exponent = Limits::max_exponent - Limits::digits;
    Big difference(mpfr_get_prec(exact));
    if (std::isinf(y)) {
        mpfr_set_si_2exp(difference, std::signbit(y) ? -1 : 1, Limits::max_exponent, MPFR_RNDN);
        bool past = mpfr_cmpabs(exact, difference) >= 0;
        if (past && std::signbit(y) == (mpfr_signbit(exact) != 0)) return 0;
        mpfr_sub(difference, exact, difference, MPFR_RNDN);
    } else {
        mpfr_sub_d(difference, exact, static_cast<double>(y), MPFR_RNDN);
    }
    mpfr_mul_2si(difference, difference, -exponent, MPFR_RNDN);
    return std::abs(mpfr_get_d(difference, MPFR_RNDU));
}
