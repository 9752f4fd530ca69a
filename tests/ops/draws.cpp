#include "ops/draws.hpp"

#include <cmath>
#include <random>

namespace croton::test {

double epsilon(DType t)
{
    return t == DType::f64 ? 0x1p-52 : t == DType::f32 ? 0x1p-23 : is_float(t) ? 0x1p-7 : 0;
}

Tolerance of_sum(DType t, double count, double largest)
{
    return {32, epsilon(t) * (count + 1) * largest};
}

Array draw(DType t, const Sizes& shape, unsigned seed)
{
    std::mt19937 random(seed);
    Array y = Array::empty(DType::f64, shape);
    auto* p = static_cast<double*>(y.data());
    for (std::int64_t i = 0; i < y.size(); ++i) {
        const double u = static_cast<double>(random()) / 4294967296.0;
        p[i] = is_float(t)           ? 4 * u - 2
               : t == DType::boolean ? std::floor(2 * u)
               : is_unsigned(t)      ? std::floor(11 * u)
                                     : std::floor(11 * u) - 5;
    }
    return y.cast(t);
}

Array draw_factors(DType t, const Sizes& shape, unsigned seed)
{
    std::mt19937 random(seed);
    Array y = Array::empty(DType::f64, shape);
    auto* p = static_cast<double*>(y.data());
    for (std::int64_t i = 0; i < y.size(); ++i) {
        const auto bits = random();
        p[i] = (bits & 1 ? -1.0 : 1.0) * (bits & 2 ? 1.0 : bits & 4 ? 2.0 : 0.5);
    }
    return y.cast(t);
}

Array draw_indices(const Sizes& shape, std::int64_t extent, unsigned seed)
{
    std::mt19937 random(seed);
    Array y = Array::zeros<std::int64_t>(shape);
    auto* p = static_cast<std::int64_t*>(y.data());
    for (std::int64_t i = 0; i < y.size(); ++i)
        p[i] = static_cast<std::int64_t>(random() % static_cast<unsigned>(2 * extent)) - extent;
    return y;
}

} // namespace croton::test
