#include "conformance/functions.hpp"

#include <croton/ir/ops.hpp>

#include <map>

namespace croton::test {

namespace {

using Write = Variable (*)(const Variables& x);

const std::map<std::string_view, Write>& functions()
{
    static const std::map<std::string_view, Write> all{
        {"abs", [](const Variables& x) { return abs(x[0]); }},
        {"acos", [](const Variables& x) { return acos(x[0]); }},
        {"acosh", [](const Variables& x) { return acosh(x[0]); }},
        {"add", [](const Variables& x) { return x[0] + x[1]; }},
        {"asin", [](const Variables& x) { return asin(x[0]); }},
        {"asinh", [](const Variables& x) { return asinh(x[0]); }},
        {"atan", [](const Variables& x) { return atan(x[0]); }},
        {"atan2", [](const Variables& x) { return atan2(x[0], x[1]); }},
        {"atanh", [](const Variables& x) { return atanh(x[0]); }},
        {"ceil", [](const Variables& x) { return ceil(x[0]); }},
        {"cos", [](const Variables& x) { return cos(x[0]); }},
        {"cosh", [](const Variables& x) { return cosh(x[0]); }},
        {"divide", [](const Variables& x) { return x[0] / x[1]; }},
        {"equal", [](const Variables& x) { return x[0] == x[1]; }},
        {"erf", [](const Variables& x) { return erf(x[0]); }},
        {"erfc", [](const Variables& x) { return erfc(x[0]); }},
        {"exp", [](const Variables& x) { return exp(x[0]); }},
        {"exp2", [](const Variables& x) { return exp2(x[0]); }},
        {"expm1", [](const Variables& x) { return expm1(x[0]); }},
        {"floor", [](const Variables& x) { return floor(x[0]); }},
        {"floor_divide", [](const Variables& x) { return floor_div(x[0], x[1]); }},
        {"greater", [](const Variables& x) { return x[0] > x[1]; }},
        {"greater_equal", [](const Variables& x) { return x[0] >= x[1]; }},
        {"isfinite", [](const Variables& x) { return isfinite(x[0]); }},
        {"isinf", [](const Variables& x) { return isinf(x[0]); }},
        {"isnan", [](const Variables& x) { return isnan(x[0]); }},
        {"less", [](const Variables& x) { return x[0] < x[1]; }},
        {"less_equal", [](const Variables& x) { return x[0] <= x[1]; }},
        {"log", [](const Variables& x) { return log(x[0]); }},
        {"log10", [](const Variables& x) { return log10(x[0]); }},
        {"log1p", [](const Variables& x) { return log1p(x[0]); }},
        {"log2", [](const Variables& x) { return log2(x[0]); }},
        {"maximum", [](const Variables& x) { return maximum(x[0], x[1]); }},
        {"minimum", [](const Variables& x) { return minimum(x[0], x[1]); }},
        {"multiply", [](const Variables& x) { return x[0] * x[1]; }},
        {"negative", [](const Variables& x) { return -x[0]; }},
        {"not_equal", [](const Variables& x) { return x[0] != x[1]; }},
        {"pow", [](const Variables& x) { return pow(x[0], x[1]); }},
        {"positive", [](const Variables& x) { return x[0]; }},
        {"reciprocal", [](const Variables& x) { return 1 / x[0]; }},
        {"remainder", [](const Variables& x) { return x[0] % x[1]; }},
        {"round", [](const Variables& x) { return round(x[0]); }},
        {"sign", [](const Variables& x) { return sign(x[0]); }},
        {"sin", [](const Variables& x) { return sin(x[0]); }},
        {"sinh", [](const Variables& x) { return sinh(x[0]); }},
        {"sqrt", [](const Variables& x) { return sqrt(x[0]); }},
        {"square", [](const Variables& x) { return square(x[0]); }},
        {"subtract", [](const Variables& x) { return x[0] - x[1]; }},
        {"tan", [](const Variables& x) { return tan(x[0]); }},
        {"tanh", [](const Variables& x) { return tanh(x[0]); }},
        {"trunc", [](const Variables& x) { return trunc(x[0]); }},
    };
    return all;
}

} // namespace

std::optional<Variable> apply_function(std::string_view name, const Variables& x)
{
    const auto f = functions().find(name);
    return f == functions().end() ? std::nullopt : std::optional(f->second(x));
}

} // namespace croton::test
