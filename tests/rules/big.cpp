#include "rules/big.hpp"

#include <croton/ir/apply.hpp>

#include <boost/math/special_functions/erf.hpp>

#include <map>
#include <stdexcept>
#include <string>

namespace croton::test {

namespace {

using Function = Big (*)(std::span<const Big>);

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
        {"exp", [](std::span<const Big> x) -> Big { return exp(x[0]); }},
        {"exp2", [](std::span<const Big> x) -> Big { return exp(x[0] * log(Big(2))); }},
        {"expm1", [](std::span<const Big> x) -> Big { return exp(x[0]) - 1; }},
        {"log", [](std::span<const Big> x) -> Big { return log(x[0]); }},
        {"log2", [](std::span<const Big> x) -> Big { return log(x[0]) / log(Big(2)); }},
        {"log1p", [](std::span<const Big> x) -> Big { return log(1 + x[0]); }},
        {"sin", [](std::span<const Big> x) -> Big { return sin(x[0]); }},
        {"cos", [](std::span<const Big> x) -> Big { return cos(x[0]); }},
        {"erf", [](std::span<const Big> x) -> Big { return boost::math::erf(x[0]); }},
        {"erfc", [](std::span<const Big> x) -> Big { return boost::math::erfc(x[0]); }},
        {"sigmoid", [](std::span<const Big> x) -> Big { return 1 / (1 + exp(-x[0])); }},
        {"softplus", [](std::span<const Big> x) -> Big { return log(1 + exp(x[0])); }},
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

} // namespace croton::test
