#include "support/compare.hpp"

#include <croton/ir/format.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace croton::test {

namespace {

/// Binary digits, the exponent of the smallest denormal, and that of the first power of two too
/// large.
struct FloatFormat {
    int digits, least, past;
};

FloatFormat format_of(DType t)
{
    switch (t) {
    case DType::f16:
        return {11, -24, 16};
    case DType::bf16:
        return {8, -133, 128};
    case DType::f32:
        return {24, -149, 128};
    default:
        return {53, -1074, 1024};
    }
}

} // namespace

double ulp_distance(DType dtype, double got, double expected)
{
    if (std::isnan(got) || std::isnan(expected))
        return std::isnan(got) && std::isnan(expected) ? 0
                                                       : std::numeric_limits<double>::infinity();
    if (got == expected)
        return got == 0 && std::signbit(got) != std::signbit(expected)
                   ? std::numeric_limits<double>::infinity()
                   : 0;
    const FloatFormat f = format_of(dtype);
    // Scaled down, so that the power of two after the largest f64 is a number.
    constexpr int scale = 4;
    const auto scaled = [&](double v) {
        return std::isinf(v) ? std::copysign(std::ldexp(1.0, f.past - scale), v)
                             : std::ldexp(v, -scale);
    };
    int exponent = 0;
    std::frexp(expected, &exponent);
    if (std::isinf(expected)) exponent = f.past;
    if (std::abs(expected) < 1) // nothing is lost below: denormals are not scaled
        return std::abs(got - expected) / std::ldexp(1.0, std::max(exponent - f.digits, f.least));
    return std::abs(scaled(got) - scaled(expected)) / std::ldexp(1.0, exponent - f.digits - scale);
}

std::string first_difference(const Array& got, const Array& expected, const Tolerance& tolerance)
{
    if (got.dtype() != expected.dtype() || !std::ranges::equal(got.shape(), expected.shape()))
        return fmt::format("{} ({}) where {} ({}) is expected", name(got.dtype()),
                           fmt::join(got.shape(), ", "), name(expected.dtype()),
                           fmt::join(expected.shape(), ", "));
    const DType t = expected.dtype();
    for (std::int64_t i = 0; i < expected.size(); ++i) {
        if (!is_float(t)) {
            if (got.as_int(i) != expected.as_int(i))
                return fmt::format("element {} is {}, not {}", i, got.as_int(i),
                                   expected.as_int(i));
            continue;
        }
        const double a = got.as_double(i), b = expected.as_double(i);
        const double ulp = ulp_distance(t, a, b);
        if (ulp > tolerance.ulp &&
            !(std::abs(a - b) <= tolerance.absolute && tolerance.absolute > 0))
            return fmt::format("element {} is {}, not {}: {:.3g} ulp", i, a, b, ulp);
    }
    return {};
}

} // namespace croton::test
