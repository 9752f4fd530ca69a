#include "rules/check_rule.hpp"

#include <croton/ir/print.hpp>
#include <croton/ir/reference.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "rules/big.hpp"
#include "rules/instances.hpp"

namespace croton::test {

namespace {

constexpr DType tested_dtypes[] = {DType::f64, DType::f32, DType::f16,    DType::bf16, DType::i8,
                                   DType::i16, DType::i32, DType::i64,    DType::u8,   DType::u16,
                                   DType::u32, DType::u64, DType::boolean};

constexpr double infinity = std::numeric_limits<double>::infinity();

struct FloatFormat {
    int digits;            ///< of the significand, binary
    int smallest_exponent; ///< of the smallest number above 0
    double largest;
};

FloatFormat format_of(DType t)
{
    switch (t) {
    case DType::f16:
        return {11, -24, 65504.0};
    case DType::bf16:
        return {8, -133, 0x1.fep127};
    case DType::f32:
        return {24, -149, std::numeric_limits<float>::max()};
    default:
        return {53, -1074, std::numeric_limits<double>::max()};
    }
}

/// `extreme` has every magnitude of the dtype, most often the ends: what overflows or loses digits
/// to subnormals on the way. Positive ones are for reductions, where terms that cancel have no
/// digits.
enum class Sample : std::uint8_t {
    moderate,
    wide,
    special,
    extreme,
    positive,
    wide_positive,
    extreme_positive
};

double special_value(std::mt19937& random)
{
    using Limits = std::numeric_limits<float>;
    static constexpr double values[] = {0.0,
                                        -0.0,
                                        1.0,
                                        -1.0,
                                        Limits::infinity(),
                                        -Limits::infinity(),
                                        std::numeric_limits<double>::quiet_NaN(),
                                        Limits::max(),
                                        Limits::lowest(),
                                        Limits::min(),
                                        Limits::denorm_min(),
                                        0.5,
                                        -0.5,
                                        100.0,
                                        -100.0,
                                        1e-10};
    return values[random() % std::size(values)];
}

/// Of an end, four binades: so that a few of them overflow, and products of them are subnormal.
double extreme_magnitude(DType t, double unit, std::mt19937& random)
{
    const FloatFormat format = format_of(t);
    const int highest = std::ilogb(format.largest);
    const int lowest = format.smallest_exponent;
    const unsigned part = random() % 4;
    const double exponent = part == 0   ? highest - 4 * unit
                            : part == 1 ? lowest + (format.digits + 4) * unit
                                        : lowest + (highest - lowest) * unit;
    const double fraction = 1 + static_cast<double>(random()) / 4294967296.0;
    return std::min(std::ldexp(fraction, static_cast<int>(exponent)), format.largest);
}

double real_sample(Sample kind, DType t, std::mt19937& random)
{
    const double unit = static_cast<double>(random()) / 4294967296.0;
    const double sign = random() & 1 ? 1 : -1;
    switch (kind) {
    case Sample::moderate:
        return sign * (0.05 + 6 * unit);
    case Sample::positive:
        return 0.05 + 6 * unit;
    case Sample::wide:
        return sign * std::exp(-24 + 29 * unit); // 4e-11 .. 148, which 100 digits can tell apart
    case Sample::wide_positive:
        return std::exp(-24 + 29 * unit);
    case Sample::special:
        return special_value(random);
    case Sample::extreme:
        return sign * extreme_magnitude(t, unit, random);
    case Sample::extreme_positive:
        return extreme_magnitude(t, unit, random);
    }
    return 0;
}

/// Values of one input; i8 goes through all 256 values, `round` places further for each input, so
/// that 256 rounds see all pairs.
Array sample(const Variable& input,
             std::size_t at,
             std::size_t round,
             Sample kind,
             std::mt19937& random)
{
    std::vector<std::int64_t> shape;
    for (const Extent& e : input.shape())
        shape.push_back(e.value());
    if (is_float(input.dtype())) {
        Array a = Array::zeros(DType::f64, shape);
        for (std::int64_t i = 0; i < a.size(); ++i)
            static_cast<double*>(a.data())[i] = real_sample(kind, input.dtype(), random);
        return a.cast(input.dtype());
    }
    Array a = Array::zeros(DType::i64, shape);
    const bool all = input.dtype() == DType::i8 || input.dtype() == DType::u8;
    for (std::int64_t i = 0; i < a.size(); ++i) {
        if (input.name() == "i" || input.name() == "j" || input.name() == "k") { // an index
            const std::uint64_t count = input.name() == "k" ? 4 : 16;
            static_cast<std::int64_t*>(a.data())[i] = static_cast<std::int64_t>(random() % count);
            continue;
        }
        const std::uint64_t bits = (static_cast<std::uint64_t>(random()) << 32) | random();
        const std::uint64_t step = static_cast<std::uint64_t>(i) + at * round;
        const auto value = static_cast<std::int64_t>(all && at < 2 ? step : bits >> (bits % 60));
        static_cast<std::int64_t*>(a.data())[i] =
            input.dtype() == DType::boolean ? (value & 1) : value;
    }
    return a.cast(input.dtype());
}

/// The distance from `near` to the next number of the dtype.
Big unit_in_last_place(const Big& near, DType t)
{
    const FloatFormat format = format_of(t);
    if (near == 0) return ldexp(Big(1), format.smallest_exponent);
    const int exponent = static_cast<int>(ilogb(near)) + 1 - format.digits;
    return ldexp(Big(1), std::max(exponent, format.smallest_exponent));
}

struct Outcome {
    std::string failure;
    bool left_is_worse = false; ///< somewhere by 1000 times, or not finite
};

class Checker {
public:
    Checker(const Rule& rule, const Instance& instance) : rule_(rule), instance_(instance) {}

    Outcome run()
    {
        std::mt19937 random(7);
        const bool integers = !is_float(instance_.dtype);
        const std::size_t rounds = integers && instance_.inputs.size() > 1 ? 256 : 12;
        for (std::size_t round = 0; round < rounds && outcome_.failure.empty(); ++round) {
            const Sample kind = sample_kind(round);
            values_.clear();
            exact_left_.clear();
            exact_right_.clear();
            for (std::size_t k = 0; k < instance_.inputs.size(); ++k)
                values_.push_back(sample(instance_.inputs[k], k, round, kind, random));
            left_ = evaluate_reference(instance_.inputs, values_, std::span(&instance_.left, 1))[0]
                        .contiguous();
            right_ =
                evaluate_reference(instance_.inputs, values_, std::span(&instance_.right, 1))[0]
                    .contiguous();
            for (std::int64_t i = 0; i < left_.size() && outcome_.failure.empty(); ++i)
                if (!agrees(i)) describe(i);
        }
        return outcome_;
    }

private:
    Sample sample_kind(std::size_t round) const
    {
        static constexpr Sample kinds[] = {Sample::moderate, Sample::wide, Sample::special,
                                           Sample::extreme};
        static constexpr Sample without_special[] = {Sample::moderate, Sample::wide,
                                                     Sample::extreme};
        static constexpr Sample positive[] = {Sample::positive, Sample::wide_positive,
                                              Sample::extreme_positive};
        if (is_pointwise()) return kinds[round % 4];
        // One NaN would hide a whole line of a reduction.
        if (rule_.exactness == Exactness::rounding) return positive[round % 3];
        if (rule_.exactness == Exactness::sharper) return without_special[round % 3];
        return kinds[round % 3];
    }

    bool agrees(std::int64_t i)
    {
        if (same_bits(left_, right_, i)) return true;
        if (!is_float(left_.dtype())) return false;
        switch (rule_.exactness) {
        case Exactness::bitwise:
            return false;
        case Exactness::domain:
            return !is_ordinary(i) || left_.as_double(i) == right_.as_double(i);
        case Exactness::rounding:
            return is_near(i);
        case Exactness::sharper:
            return is_sharper(i);
        }
        return false;
    }

    /// Inputs are finite and not 0, and so is the result: nothing that a `domain` rule may name.
    bool is_ordinary(std::int64_t i) const
    {
        if (!std::isfinite(left_.as_double(i))) return false;
        for (const Array& a : values_) {
            const double x = a.as_double(a.size() == 1 ? 0 : i);
            if (!std::isfinite(x) || x == 0) return false;
        }
        return true;
    }

    /// A few units apart, or the right side is as near to the true value: the left one may have
    /// overflowed, or lost its digits to subnormals, on the way.
    bool is_near(std::int64_t i)
    {
        const DType t = left_.dtype();
        const double l = left_.as_double(i);
        const double r = right_.as_double(i);
        if (std::isnan(l)) return true;
        if (std::isnan(r)) return !is_inside(i);
        const bool reduces = !is_pointwise();
        const int units = reduces ? 256 : 16; // of sums: as many as are added
        const Big left = rounded(l, t), right = rounded(r, t);
        if (abs(left - right) <= units * unit_in_last_place(left, t)) return true;
        if (!is_inside(i)) return true;
        const Big truth = exact(instance_.left, exact_left_, i);
        if (!isfinite(truth)) return std::isinf(l); // exp(1e30) is infinite even in MPFR
        if (abs(truth) > format_of(t).largest) {
            const Big end = rounded(truth > 0 ? infinity : -infinity, t);
            return abs(right - end) <= units * unit_in_last_place(end, t);
        }
        const Big scale = reduces && abs(truth) < 1 ? Big(1) : Big(abs(truth));
        return abs(right - truth) <=
               std::max(Big(abs(left - truth)), Big(units * unit_in_last_place(scale, t)));
    }

    /// An infinite result as the number of the dtype that would come after the largest.
    static Big rounded(double x, DType t)
    {
        if (std::isfinite(x)) return x;
        const FloatFormat format = format_of(t);
        const Big end = ldexp(Big(1), std::ilogb(format.largest) + 1);
        return x > 0 ? end : Big(-end);
    }

    /// No input is infinite or -0, whose limits the sides may take from either side.
    bool is_inside(std::int64_t i) const
    {
        return std::ranges::all_of(values_, [&](const Array& a) {
            const double x = a.as_double(a.size() == left_.size() ? i : 0);
            return std::isfinite(x) && !(x == 0 && std::signbit(x));
        });
    }

    bool is_sharper(std::int64_t i)
    {
        const double l = left_.as_double(i);
        const double r = right_.as_double(i);
        if (l == r) return true;
        for (const Array& a : values_) {
            if (a.size() != 1 && a.size() != left_.size()) continue;
            const double x = a.as_double(a.size() == 1 ? 0 : i);
            if (std::isnan(x)) return false;
            if (std::isinf(x) && std::isnan(l)) return true; // the right side gives a limit
        }
        const DType t = left_.dtype();
        if (std::isfinite(l) && abs(Big(l) - Big(r)) <= 2 * unit_in_last_place(Big(l), t))
            return true;
        const Big truth = exact(i);
        const int allowed = 4 * static_cast<int>(rule_.right.size()); // 4 an op
        const double largest = format_of(t).largest;
        if (isnan(truth)) return std::isnan(r);
        if (abs(truth) > largest) { // its nearest number is the largest, or infinite
            const Big nearly = largest - allowed * unit_in_last_place(Big(largest), t);
            return (r > 0) == (truth > 0) && (std::isinf(r) || abs(Big(r)) >= nearly);
        }
        // Of a sum's logarithm the absolute error is what can be asked for: the sum's relative one.
        const bool reduces = !is_pointwise();
        const Big scale = reduces && abs(truth) < 1 ? Big(1) : Big(abs(truth));
        const Big unit = unit_in_last_place(scale, t);
        const Big right_error = std::isfinite(r) ? Big(abs(Big(r) - truth) / unit) : Big(1e300);
        const Big left_error = std::isfinite(l) ? Big(abs(Big(l) - truth) / unit) : Big(1e300);
        outcome_.left_is_worse |= left_error > 1000 * std::max(right_error, Big(1));
        return right_error <= std::max(left_error, Big(allowed));
    }

    /// By the left side's formula, or the right side's where the left one is lost to cancellation
    /// or exponents even with 330 digits; elsewhere the samples show that both mean the same.
    Big exact(std::int64_t i)
    {
        const auto is_huge = [](double x) { return std::isfinite(x) && std::abs(x) > 600; };
        const bool any_huge = std::ranges::any_of(values_, [&](const Array& a) {
            if (is_pointwise()) return is_huge(a.as_double(a.size() == 1 ? 0 : i));
            for (std::int64_t k = 0; k < a.size(); ++k)
                if (is_huge(a.as_double(k))) return true;
            return false;
        });
        if (!any_huge) {
            const Big truth = exact(instance_.left, exact_left_, i);
            if (abs(truth) >= 1e-80 || !isfinite(truth)) return truth;
        }
        return exact(instance_.right, exact_right_, i);
    }

    /// A rule without parameters, unless what its right side stands for is computed whole.
    bool is_pointwise() const
    {
        return rule_.left.params().empty() && (rule_.values.empty() || rule_.right.root_op());
    }

    /// Of pointwise rules one element is enough.
    Big exact(const Variable& side, std::vector<Big>& all, std::int64_t i)
    {
        if (is_pointwise()) return exact_value(side, instance_.inputs, values_, i);
        if (all.empty()) all = exact_values(side, instance_.inputs, values_);
        return all[static_cast<std::size_t>(i)];
    }

    void describe(std::int64_t i)
    {
        std::string text =
            to_expression(instance_.left) + " = " + std::to_string(left_.as_double(i)) + ", " +
            to_expression(instance_.right) + " = " + std::to_string(right_.as_double(i));
        char number[64];
        for (std::size_t k = 0; k < values_.size(); ++k) {
            const double x = values_[k].as_double(values_[k].size() == left_.size() ? i : 0);
            std::snprintf(number, sizeof number, ", %s = %.17g",
                          std::string(instance_.inputs[k].name()).c_str(), x);
            text += number;
        }
        outcome_.failure = text;
    }

    const Rule& rule_;
    const Instance& instance_;
    std::vector<Array> values_;
    Array left_;
    Array right_;
    std::vector<Big> exact_left_, exact_right_; ///< elements, once asked for in a round
    Outcome outcome_;
};

} // namespace

bool same_bits(const Array& a, const Array& b, std::int64_t i)
{
    if (is_float(a.dtype()) && std::isnan(a.as_double(i)) && std::isnan(b.as_double(i)))
        return true;
    const std::size_t size = size_bytes(a.dtype());
    const auto offset = static_cast<std::size_t>(i) * size;
    return std::memcmp(static_cast<const char*>(a.data()) + offset,
                       static_cast<const char*>(b.data()) + offset, size) == 0;
}

RuleOutcome check_rule(const Rule& rule, const RuleSet& set)
{
    RuleOutcome all;
    const Rewrite others(set);
    std::size_t firings = 0;
    for (DType t : tested_dtypes) {
        std::vector<Instance> tried = instances(rule, t);
        if (is_float(t) && rule.exactness != Exactness::sharper)
            for (Instance& instance : instances(rule, t, 8, Literals::extreme))
                tried.push_back(std::move(instance));
        for (Instance& instance : tried) {
            if (rule.exactness == Exactness::sharper)
                instance.right = rewritten(instance.inputs, instance.right, others, firings);
            const bool inexact =
                rule.exactness == Exactness::sharper || rule.exactness == Exactness::rounding;
            if (inexact && is_float(instance.left.dtype()) && !is_float(t))
                continue; // integers as floats are a few of the floats' own samples
            const Outcome outcome = Checker(rule, instance).run();
            if (all.failure.empty()) all.failure = outcome.failure;
            all.left_is_worse |= outcome.left_is_worse;
            ++all.instances;
        }
    }
    return all;
}

} // namespace croton::test
