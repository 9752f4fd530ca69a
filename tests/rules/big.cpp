#include "rules/big.hpp"

#include <croton/ir/apply.hpp>
#include <croton/ir/reference.hpp>

#include <algorithm>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>

namespace croton::test {

namespace {

using Function = Big (*)(std::span<const Big>);

Big by_mpfr(int (*f)(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t), const Big& x)
{
    Big y;
    f(y.backend().data(), x.backend().data(), MPFR_RNDN);
    return y;
}

Big norm_cdf(const Big& x) { return by_mpfr(mpfr_erfc, -x / sqrt(Big(2))) / 2; }

/// exp(1e30) has an exponent that even MPFR lacks.
Big softplus(const Big& x)
{
    const Big small = by_mpfr(mpfr_log1p, exp(-abs(x)));
    return x > 0 ? Big(x + small) : small;
}

const std::map<std::string_view, Function>& functions()
{
    static const std::map<std::string_view, Function> all{
        {"add", [](std::span<const Big> x) -> Big { return x[0] + x[1]; }},
        {"sub", [](std::span<const Big> x) -> Big { return x[0] - x[1]; }},
        {"mul", [](std::span<const Big> x) -> Big { return x[0] * x[1]; }},
        {"div", [](std::span<const Big> x) -> Big { return x[0] / x[1]; }},
        {"neg", [](std::span<const Big> x) -> Big { return -x[0]; }},
        {"abs", [](std::span<const Big> x) -> Big { return abs(x[0]); }},
        {"square", [](std::span<const Big> x) -> Big { return x[0] * x[0]; }},
        {"sqrt", [](std::span<const Big> x) -> Big { return sqrt(x[0]); }},
        {"rsqrt", [](std::span<const Big> x) -> Big { return 1 / sqrt(x[0]); }},
        {"pow", [](std::span<const Big> x) -> Big { return pow(x[0], x[1]); }},
        {"exp", [](std::span<const Big> x) -> Big { return exp(x[0]); }},
        {"exp2", [](std::span<const Big> x) -> Big { return exp(x[0] * log(Big(2))); }},
        {"expm1", [](std::span<const Big> x) -> Big { return by_mpfr(mpfr_expm1, x[0]); }},
        {"log", [](std::span<const Big> x) -> Big { return log(x[0]); }},
        {"log2", [](std::span<const Big> x) -> Big { return log(x[0]) / log(Big(2)); }},
        {"log1p", [](std::span<const Big> x) -> Big { return by_mpfr(mpfr_log1p, x[0]); }},
        {"sin", [](std::span<const Big> x) -> Big { return sin(x[0]); }},
        {"cos", [](std::span<const Big> x) -> Big { return cos(x[0]); }},
        {"tan", [](std::span<const Big> x) -> Big { return tan(x[0]); }},
        {"sinh", [](std::span<const Big> x) -> Big { return by_mpfr(mpfr_sinh, x[0]); }},
        {"cosh", [](std::span<const Big> x) -> Big { return by_mpfr(mpfr_cosh, x[0]); }},
        {"tanh", [](std::span<const Big> x) -> Big { return by_mpfr(mpfr_tanh, x[0]); }},
        {"erf", [](std::span<const Big> x) -> Big { return by_mpfr(mpfr_erf, x[0]); }},
        {"erfc", [](std::span<const Big> x) -> Big { return by_mpfr(mpfr_erfc, x[0]); }},
        {"sigmoid", [](std::span<const Big> x) -> Big { return 1 / (1 + exp(-x[0])); }},
        {"log1mexp", [](std::span<const Big> x) -> Big { return log(-by_mpfr(mpfr_expm1, x[0])); }},
        {"norm_cdf", [](std::span<const Big> x) -> Big { return norm_cdf(x[0]); }},
        {"gelu", [](std::span<const Big> x) -> Big { return x[0] * norm_cdf(x[0]); }},
        {"silu", [](std::span<const Big> x) -> Big { return x[0] / (1 + exp(-x[0])); }},
        {"softplus", [](std::span<const Big> x) -> Big { return softplus(x[0]); }},
        {"maximum", [](std::span<const Big> x) -> Big { return x[0] < x[1] ? x[1] : x[0]; }},
        {"less", [](std::span<const Big> x) -> Big { return x[0] < x[1] ? 1 : 0; }},
        {"greater", [](std::span<const Big> x) -> Big { return x[0] > x[1] ? 1 : 0; }},
        {"equal", [](std::span<const Big> x) -> Big { return x[0] == x[1] ? 1 : 0; }},
        {"isinf", [](std::span<const Big> x) -> Big { return isinf(x[0]) ? 1 : 0; }},
        {"logical_and",
         [](std::span<const Big> x) -> Big { return x[0] != 0 && x[1] != 0 ? 1 : 0; }},
        {"where", [](std::span<const Big> x) -> Big { return x[0] != 0 ? x[1] : x[2]; }},
        {"cast", [](std::span<const Big> x) -> Big { return x[0]; }},
        {"broadcast_to", [](std::span<const Big> x) -> Big { return x[0]; }},
    };
    return all;
}

} // namespace

Big exact_value(const Variable& v,
                std::span<const Variable> inputs,
                std::span<const Array> values,
                std::int64_t i)
{
    const auto element = [&](const Array& a) { return Big(a.as_double(a.size() == 1 ? 0 : i)); };
    for (std::size_t k = 0; k < inputs.size(); ++k)
        if (same(inputs[k], v)) return element(values[k]);
    const Apply a = v.owner();
    if (!a) return element(v.constant());
    std::vector<Big> x;
    for (const Variable& in : a.inputs())
        x.push_back(exact_value(in, inputs, values, i));
    const auto f = functions().find(a.op().name);
    if (f == functions().end())
        throw std::logic_error("no exact meaning for " + std::string(a.op().name));
    return f->second(x);
}

namespace {

class ExactGraph {
public:
    ExactGraph(std::span<const Variable> inputs, std::span<const Array> values)
        : inputs_(inputs), values_(values)
    {}

    const std::vector<Big>& evaluate(const Variable& v)
    {
        if (const auto at = done_.find(v.value()); at != done_.end()) return at->second;
        return done_.emplace(v.value(), compute(v)).first->second;
    }

private:
    std::vector<Big> compute(const Variable& v)
    {
        for (std::size_t k = 0; k < inputs_.size(); ++k)
            if (same(inputs_[k], v)) return elements(values_[k]);
        const Apply a = v.owner();
        if (!a) return elements(v.constant());
        if (a.inputs().empty()) return elements(evaluate_reference(a, {})[0]);
        if (const auto* composite = std::get_if<Composite>(&a.op().lowering)) {
            kept_.push_back(composite->values({a.params().get(), a.inputs()})[0]);
            return evaluate(kept_.back());
        }
        if (std::holds_alternative<Pointwise>(a.op().lowering)) return pointwise(a);
        if (const auto* reduce = std::get_if<Reduce>(&a.op().lowering))
            return reduced(a, reduce->monoid);
        return moved(a);
    }

    static std::vector<Big> elements(const Array& a)
    {
        std::vector<Big> all;
        for (std::int64_t i = 0; i < a.size(); ++i)
            all.emplace_back(a.as_double(i));
        return all;
    }

    std::vector<Big> pointwise(const Apply& a)
    {
        const auto f = functions().find(a.op().name);
        if (f == functions().end())
            throw std::logic_error("no exact meaning for " + std::string(a.op().name));
        std::vector<std::vector<Big>> operands;
        for (const Variable& in : a.inputs())
            operands.push_back(evaluate(in));
        std::vector<Big> all;
        std::vector<Big> x(operands.size());
        for (std::size_t i = 0; i < operands[0].size(); ++i) {
            for (std::size_t k = 0; k < x.size(); ++k)
                x[k] = operands[k].at(i);
            all.push_back(f->second(x));
        }
        return all;
    }

    std::vector<Big> reduced(const Apply& a, Monoid monoid)
    {
        if (monoid != Monoid::sum && monoid != Monoid::prod && monoid != Monoid::max &&
            monoid != Monoid::max_number)
            throw std::logic_error("no exact meaning for " + std::string(a.op().name));
        const std::vector<Big>& x = evaluate(a.input(0));
        const Shape shape = a.input(0).shape();
        const auto& axes = a.params_as<ReduceParams>().axes;
        std::vector<Big> all(static_cast<std::size_t>(element_count(a.output().shape()).value()),
                             monoid == Monoid::sum    ? Big(0)
                             : monoid == Monoid::prod ? Big(1)
                                                      : -std::numeric_limits<Big>::infinity());
        for (std::size_t i = 0; i < x.size(); ++i) {
            std::size_t rest = i;
            std::size_t at = 0;
            std::size_t stride = 1;
            for (std::size_t k = shape.size(); k-- > 0;) {
                const auto extent = static_cast<std::size_t>(shape[k].value());
                if (std::ranges::find(axes, static_cast<int>(k)) == axes.end()) {
                    at += rest % extent * stride;
                    stride *= extent;
                }
                rest /= extent;
            }
            if (monoid == Monoid::sum)
                all[at] += x[i];
            else if (monoid == Monoid::prod)
                all[at] = all[at] * x[i];
            else if (x[i] > all[at])
                all[at] = x[i];
        }
        return all;
    }

    /// An op that moves elements moves their positions in the same way.
    std::vector<Big> moved(const Apply& a)
    {
        const std::vector<Big>& x = evaluate(a.input(0));
        std::vector<std::int64_t> shape;
        for (const Extent& e : a.input(0).shape())
            shape.push_back(e.value());
        Array positions = Array::zeros(DType::f64, shape);
        for (std::int64_t i = 0; i < positions.size(); ++i)
            static_cast<double*>(positions.data())[i] = static_cast<double>(i);
        std::vector<Array> operands{positions.cast(a.input(0).dtype())};
        for (std::size_t k = 1; k < a.inputs().size(); ++k)
            operands.push_back(evaluate_reference(inputs_, values_, std::span(&a.input(k), 1))[0]);
        const Array from = evaluate_reference(a, operands)[0];
        std::vector<Big> all;
        for (std::int64_t i = 0; i < from.size(); ++i)
            all.push_back(x.at(static_cast<std::size_t>(from.as_double(i))));
        return all;
    }

    std::span<const Variable> inputs_;
    std::span<const Array> values_;
    Variables kept_; // expansions, whose addresses are keys
    std::map<const detail::Value*, std::vector<Big>> done_;
};

} // namespace

std::vector<Big>
exact_values(const Variable& v, std::span<const Variable> inputs, std::span<const Array> values)
{
    return ExactGraph(inputs, values).evaluate(v);
}

} // namespace croton::test
