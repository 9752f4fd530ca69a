#include "support/finite_difference.hpp"

#include <croton/ir/format.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/reference.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/passes/grad.hpp>

#include <algorithm>
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

namespace {

/// The derivatives of one expression at one place, in the ways that must agree.
class Derivatives {
public:
    Derivatives(const Variables& inputs, const std::vector<Array>& values, const Variable& y)
        : inputs_(inputs), values_(values), y_(y),
          bars_(grad(y, inputs, {.disconnected_zero = true})), got_(evaluate(inputs, values, bars_))
    {
        for (std::size_t k = 0; k < values.size(); ++k) {
            directions_.push_back(sample(77 + k, extents(k), -1, 1));
            dots_.emplace_back(directions_.back());
        }
    }

    std::string wrong_gradient() const
    {
        for (std::size_t k = 0; k < inputs_.size(); ++k) {
            if (bars_[k].type() != inputs_[k].type())
                return fmt::format("the gradient by input {} has another type", k);
            for (std::int64_t i = 0; i < values_[k].size(); ++i) {
                std::vector<Array> unit = zeros();
                static_cast<double*>(unit[k].data())[i] = 1;
                const double expected =
                    slope(values_, unit, [&](const auto& at) { return value_at(inputs_, at, y_); });
                if (!near(got_[k].as_double(i), expected))
                    return fmt::format("the gradient by input {} element {} is {}, not {}", k, i,
                                       got_[k].as_double(i), expected);
            }
        }
        return "";
    }

    std::string wrong_forward() const
    {
        const Variable dot = jvp(y_, inputs_, dots_, {.disconnected_zero = true});
        const double forward = value_at(inputs_, values_, dot);
        const double reverse = inner(got_, directions_);
        return near(forward, reverse)
                   ? ""
                   : fmt::format("forward mode gives {}, reverse {}", forward, reverse);
    }

    /// Of an Apply that the gradient made: it belongs to the op that the gradient is of. What only
    /// moves elements does not go wrong, and a rule that a user wrote has its own lines.
    std::string wrong_place() const
    {
        const std::vector<Apply> written = applies_of(std::span(&y_, 1));
        if (std::ranges::any_of(written, [](const Apply& a) { return &a.op() == &custom_op; }))
            return "";
        for (const Apply& a : applies_of(bars_)) {
            const bool is_written =
                std::ranges::any_of(written, [&](const Apply& b) { return a.node() == b.node(); });
            if (std::holds_alternative<IndexMap>(a.op().lowering) || is_written) continue;
            if (a.location() && !a.location()->of_gradient)
                return fmt::format("{} in the gradient has the place of what a user wrote: {}",
                                   a.op().name, to_string(*a.location()));
        }
        return "";
    }

    std::string wrong_second() const
    {
        for (std::size_t k = 0; k < inputs_.size(); ++k) {
            const Variable row = hvp(y_, inputs_[k], dots_[k], {.disconnected_zero = true});
            const Variable twice =
                grad(sum(bars_[k] * dots_[k]), inputs_[k], {.disconnected_zero = true});
            std::vector<Array> direction = zeros();
            direction[k] = directions_[k];
            for (std::int64_t i = 0; i < values_[k].size(); ++i) {
                const double expected = slope(values_, direction, [&](const auto& at) {
                    return value_at(inputs_, at, bars_[k], i);
                });
                const double over = value_at(inputs_, values_, row, i);
                const double reverse = value_at(inputs_, values_, twice, i);
                if (!near(over, expected) || !near(reverse, expected))
                    return fmt::format(
                        "second derivatives by input {} element {} are {} and {}, not {}", k, i,
                        over, reverse, expected);
            }
        }
        return "";
    }

private:
    std::vector<std::int64_t> extents(std::size_t k) const
    {
        return {values_[k].shape().begin(), values_[k].shape().end()};
    }
    std::vector<Array> zeros() const
    {
        std::vector<Array> all;
        for (std::size_t k = 0; k < values_.size(); ++k)
            all.push_back(Array::zeros(DType::f64, extents(k)));
        return all;
    }

    const Variables& inputs_;
    const std::vector<Array>& values_;
    Variable y_;
    Variables bars_;
    std::vector<Array> got_;
    std::vector<Array> directions_;
    Variables dots_;
};

} // namespace

std::string wrong_derivative(const Variables& inputs,
                             const std::vector<Array>& values,
                             const Variable& y,
                             bool second)
{
    const Derivatives d(inputs, values, y);
    std::string wrong = d.wrong_place();
    if (wrong.empty()) wrong = d.wrong_gradient();
    if (wrong.empty()) wrong = d.wrong_forward();
    if (wrong.empty() && second) wrong = d.wrong_second();
    return wrong;
}

void check_derivatives(const Variables& inputs,
                       const std::vector<Array>& values,
                       const Variable& y,
                       bool second)
{
    CHECK(wrong_derivative(inputs, values, y, second) == "");
}

} // namespace croton::test
