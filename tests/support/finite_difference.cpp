#include "support/finite_difference.hpp"

#include <croton/ir/ops.hpp>
#include <croton/ir/reference.hpp>
#include <croton/passes/grad.hpp>

#include <cmath>
#include <functional>

#include "support/catch.hpp"

namespace croton::test {

namespace {

constexpr double step = 1e-5;

bool near(double got, double expected)
{
    const double error = std::abs(got - expected);
    return error <= 2e-7 + 2e-6 * std::abs(expected);
}

/// (f(values + h * direction) - f(values - h * direction)) / 2h.
double slope(const std::vector<Array>& values,
             const std::vector<Array>& directions,
             const std::function<double(const std::vector<Array>&)>& f)
{
    const auto moved = [&](double h) {
        std::vector<Array> at;
        for (std::size_t k = 0; k < values.size(); ++k) {
            at.push_back(values[k].clone());
            for (std::int64_t i = 0; i < values[k].size(); ++i)
                static_cast<double*>(at[k].data())[i] += h * directions[k].as_double(i);
        }
        return f(at);
    };
    return (moved(step) - moved(-step)) / (2 * step);
}

double inner(const std::vector<Array>& a, const std::vector<Array>& b)
{
    double total = 0;
    for (std::size_t k = 0; k < a.size(); ++k)
        for (std::int64_t i = 0; i < a[k].size(); ++i)
            total += a[k].as_double(i) * b[k].as_double(i);
    return total;
}

std::vector<Array>
evaluate(const Variables& inputs, const std::vector<Array>& values, const Variables& ys)
{
    return evaluate_reference(inputs, values, ys);
}

} // namespace

double value_at(const Variables& inputs,
                const std::vector<Array>& values,
                const Variable& y,
                std::int64_t i)
{
    return evaluate(inputs, values, {y})[0].as_double(i);
}

Array sample(std::uint64_t key, std::vector<std::int64_t> shape, double lo, double hi)
{
    Array a = Array::empty(DType::f64, std::move(shape));
    for (std::int64_t i = 0; i < a.size(); ++i) {
        key = key * 6364136223846793005u + 1442695040888963407u;
        static_cast<double*>(a.data())[i] =
            lo + (hi - lo) * static_cast<double>(key >> 40) / (1 << 24);
    }
    return a;
}

void check_derivatives(const Variables& inputs,
                       const std::vector<Array>& values,
                       const Variable& y,
                       bool second)
{
    const Variables bars = grad(y, inputs, {.disconnected_zero = true});
    const std::vector<Array> got = evaluate(inputs, values, bars);
    for (std::size_t k = 0; k < inputs.size(); ++k) {
        CHECK(bars[k].type() == inputs[k].type());
        for (std::int64_t i = 0; i < values[k].size(); ++i) {
            std::vector<Array> unit;
            for (const Array& v : values)
                unit.push_back(Array::zeros(DType::f64, {v.shape().begin(), v.shape().end()}));
            static_cast<double*>(unit[k].data())[i] = 1;
            const double expected =
                slope(values, unit, [&](const auto& at) { return value_at(inputs, at, y); });
            INFO("input " << k << " element " << i << ": " << got[k].as_double(i) << " and "
                          << expected);
            CHECK(near(got[k].as_double(i), expected));
        }
    }
    std::vector<Array> directions;
    Variables dots;
    for (std::size_t k = 0; k < values.size(); ++k) {
        directions.push_back(
            sample(77 + k, {values[k].shape().begin(), values[k].shape().end()}, -1, 1));
        dots.emplace_back(directions.back());
    }
    const double forward =
        value_at(inputs, values, jvp(y, inputs, dots, {.disconnected_zero = true}));
    INFO("forward " << forward << ", reverse " << inner(got, directions));
    CHECK(near(forward, inner(got, directions)));
    if (!second) return;
    for (std::size_t k = 0; k < inputs.size(); ++k) {
        const Array along = directions[k];
        const Variable hessian_row = hvp(y, inputs[k], dots[k], {.disconnected_zero = true});
        const Variable twice = grad(sum(bars[k] * dots[k]), inputs[k], {.disconnected_zero = true});
        std::vector<Array> direction;
        for (const Array& v : values)
            direction.push_back(Array::zeros(DType::f64, {v.shape().begin(), v.shape().end()}));
        direction[k] = along;
        for (std::int64_t i = 0; i < values[k].size(); ++i) {
            const double expected = slope(values, direction, [&](const auto& at) {
                return value_at(inputs, at, bars[k], i);
            });
            const double over = value_at(inputs, values, hessian_row, i);
            const double reverse = value_at(inputs, values, twice, i);
            INFO("second, input " << k << " element " << i << ": " << over << ", " << reverse
                                  << " and " << expected);
            CHECK(near(over, expected));
            CHECK(near(reverse, expected));
        }
    }
}

} // namespace croton::test
