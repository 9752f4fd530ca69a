// `grad` takes derivatives of what some rules have made of a program: their right sides must have
// the derivatives of their left sides, not only the values.
#include <croton/ir/build.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/reference.hpp>
#include <croton/passes/rules.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "rules/instances.hpp"
#include "support/catch.hpp"

using namespace croton;
using namespace croton::test;

namespace {

struct Differences {
    std::string found;            ///< the first derivatives that differ; empty: none
    std::size_t compared[2] = {}; ///< numbers of first and second derivatives
    bool has_second = false;      ///< tried in a dtype in which they can be compared
};

/// In 16 bits second derivatives of erfc as written have no digit left: erfc(3) is 2e-5.
std::size_t orders(DType t) { return size_bytes(t) > 2 ? 2 : 1; }

/// What both sides, which round, may differ by, relative to 1 and to themselves.
double tolerance(DType t) { return t == DType::f64 ? 1e-8 : t == DType::f32 ? 1e-3 : 0.15; }

/// From where on rules take the tail's form of erfc; their left sides are exact there, too.
double tail_of_erfc(DType t) { return t == DType::f64 ? 26 : t == DType::f32 ? 9 : 2; }

/// Numbers in [-3, 3], often the same ones.
double ordinary(std::mt19937& random) { return static_cast<int>(random() % 49) / 8.0 - 3; }

Array filled(const Variable& like, const std::function<double()>& number)
{
    std::vector<std::int64_t> shape;
    for (const Extent& e : like.shape())
        shape.push_back(e.value());
    Array a = Array::zeros(DType::f64, shape);
    for (std::int64_t i = 0; i < a.size(); ++i)
        static_cast<double*>(a.data())[i] = number();
    return a.cast(like.dtype());
}

class DerivativeChecker {
public:
    explicit DerivativeChecker(const Instance& instance) : instance_(instance)
    {
        for (std::size_t k = 0; k < instance.inputs.size(); ++k)
            if (is_float(instance.inputs[k].dtype())) floats_.push_back(k);
        left_ = derivatives(instance.left);
        right_ = derivatives(instance.right);
    }

    Differences run()
    {
        if (floats_.empty()) return found_;
        const std::size_t count = floats_.size();
        for (int round = 0; round < 4; ++round)
            compare(ordinary_values());
        for (std::size_t a = 0; a < count; ++a)
            for (std::size_t b = a + 1; b < count; ++b)
                compare(with_equal(floats_[a], floats_[b]));
        for (const std::size_t k : floats_)
            for (const double x : {0.0, tail_of_erfc(instance_.dtype)})
                compare(with_value(x, {k}));
        for (const double x : {0.0, 0.625, -1.5})
            compare(with_value(x, floats_));
        return found_;
    }

private:
    using ByOrder = std::vector<Variables>; ///< for each order one of each float input

    /// By sweeps that no rule precedes. What comes down has a weight for each element: a softmax
    /// has no gradient where all weights are one.
    ByOrder derivatives(const Variable& side) const
    {
        Variables xs, ys{side};
        for (const std::size_t k : floats_)
            xs.push_back(instance_.inputs[k]);
        ByOrder all;
        for (std::size_t order = 0; order < orders(instance_.dtype); ++order) {
            std::mt19937 random(3);
            Variables weights;
            for (const Variable& y : ys)
                weights.push_back(constant(
                    filled(y, [&] { return 1 + static_cast<int>(random() % 9) / 8.0; }), nullptr));
            Variables bars = pull_back(ys, weights, xs, "grad", nullptr);
            for (std::size_t k = 0; k < xs.size(); ++k)
                if (bars[k].is_empty()) bars[k] = zeros_like(xs[k]);
            all.push_back(bars);
            ys = bars;
        }
        return all;
    }

    std::vector<Array> ordinary_values()
    {
        std::vector<Array> values;
        for (const Variable& x : instance_.inputs)
            values.push_back(filled(x, [&]() -> double {
                if (is_float(x.dtype())) return ordinary(random_);
                return static_cast<double>(random_() % (x.dtype() == DType::boolean ? 2 : 4));
            }));
        return values;
    }

    std::vector<Array> with_value(double x, const std::vector<std::size_t>& inputs)
    {
        std::vector<Array> values = ordinary_values();
        for (const std::size_t k : inputs)
            values[k] = filled(instance_.inputs[k], [x] { return x; });
        return values;
    }

    std::vector<Array> with_equal(std::size_t a, std::size_t b)
    {
        if (!same(instance_.inputs[a].shape(), instance_.inputs[b].shape()))
            return with_value(ordinary(random_), {a, b});
        std::vector<Array> values = ordinary_values();
        values[b] = values[a];
        return values;
    }

    void compare(const std::vector<Array>& values)
    {
        for (std::size_t order = 0; order < orders(instance_.dtype); ++order) {
            const auto lefts = evaluate_reference(instance_.inputs, values, left_[order]);
            const auto rights = evaluate_reference(instance_.inputs, values, right_[order]);
            for (std::size_t k = 0; k < lefts.size(); ++k) {
                const Array left = lefts[k].contiguous(), right = rights[k].contiguous();
                for (std::int64_t i = 0; i < left.size(); ++i) {
                    const double l = left.as_double(i);
                    const double r = right.as_double(i);
                    if (!std::isfinite(l)) continue;
                    ++found_.compared[order];
                    if (!is_near(l, r) && found_.found.empty()) describe(order, k, i, l, r, values);
                }
            }
        }
    }

    bool is_near(double l, double r) const
    {
        const double most = std::max(tolerance(instance_.dtype), tolerance(instance_.left.dtype()));
        return std::abs(l - r) <= most * std::max(1.0, std::abs(l));
    }

    void describe(std::size_t order,
                  std::size_t k,
                  std::int64_t i,
                  double l,
                  double r,
                  const std::vector<Array>& values)
    {
        std::string text = to_expression(instance_.left) + " becomes " +
                           to_expression(instance_.right) + ": derivative " +
                           std::to_string(order + 1) + " by " +
                           std::string(instance_.inputs[floats_[k]].name()) + " is " +
                           std::to_string(l) + ", then " + std::to_string(r);
        for (std::size_t v = 0; v < values.size(); ++v)
            text += ", " + std::string(instance_.inputs[v].name()) + " = " +
                    std::to_string(values[v].as_double(values[v].size() > i ? i : 0));
        found_.found =
            text + ", element " + std::to_string(i) + ", " + std::string(name(instance_.dtype));
    }

    const Instance& instance_;
    std::vector<std::size_t> floats_; ///< inputs
    ByOrder left_, right_;
    std::mt19937 random_{7};
    Differences found_;
};

/// In f64 and f32, and in f16 where the rule has a constant of its own for 16 bits.
Differences check_derivatives(const Rule& rule)
{
    Differences all;
    for (const DType t : {DType::f64, DType::f32, DType::f16}) {
        if (t == DType::f16 && (rule.values.empty() || !rule.right.root_op())) break;
        for (const Instance& instance : instances(rule, t, 6)) {
            if (size_bytes(instance.left.dtype()) < std::min<std::size_t>(4, size_bytes(t)))
                continue;
            const Differences one = DerivativeChecker(instance).run();
            if (all.found.empty()) all.found = one.found;
            for (std::size_t order = 0; order < orders(t); ++order)
                all.compared[order] += one.compared[order];
            all.has_second |= orders(t) > 1;
        }
    }
    return all;
}

} // namespace

TEST_CASE("both sides of every rule before grad have the same derivatives")
{
    for (const RuleSet& set : {stable_rules(), softmax_rules()})
        for (const auto& rule : set.rules()) {
            INFO(set.name() << ": " << rule->info->text() << " (" << to_string(*rule->info->where)
                            << ")");
            const Differences differences = check_derivatives(*rule);
            CHECK(differences.found == "");
            CHECK(differences.compared[0] > 0);
            if (differences.has_second) CHECK(differences.compared[1] > 0);
        }
}

TEST_CASE("a right side that has the value and another derivative is seen")
{
    const Variable x = wildcard("x"), y = wildcard("y");
    const Variable halves = maximum(x, y) + softplus(-abs(x - y));
    const auto found = [&](const Variable& right) {
        RuleSet r("planted");
        r.add(log(exp(x) + exp(y)), right, Exactness::sharper).expands();
        return check_derivatives(*r.rules()[0]).found;
    };
    CHECK_THAT(
        found(where(x == y, x + std::log(2.0), halves)),
        contains("derivative 1 by x is 0.687500, then 1.375000, x = 0.125000, y = 0.125000"));
    CHECK_THAT(found(halves),
               contains("derivative 2 by x is -0.085937, then -0.000000, x = 0.125000"));
}
