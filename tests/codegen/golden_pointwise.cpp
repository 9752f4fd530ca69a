// Goldens of pointwise ops and of ops that move elements. Lines of the emitted comments point here:
// a new case goes to the end.
#include <cmath>
#include <limits>

#include "codegen/golden_cases.hpp"

namespace croton::test {

namespace {

const Extent& rows()
{
    static const Extent n = dim("n");
    return n;
}
const Extent& columns()
{
    static const Extent m = dim("m");
    return m;
}

Function pointwise_f32(const Options& options)
{
    const auto x = tensor<float>("x", {rows()}), y = tensor<float>("y", {rows()});
    return function({x, y}, Output("z", sqrt(square(x) + square(y)) * exp(-x)), options);
}

Function pointwise_f64(const Options& options)
{
    const auto height = vector<double>("height"), density = vector<double>("density");
    const auto pressure = (density * exp(-height / 8.4e3) + 1.0 / density).named("pressure");
    return function({height, density}, {pressure}, options);
}

Function broadcast_row(const Options& options)
{
    const auto x = matrix<float>("x"), b = vector<float>("b");
    return function({x, b}, Output("y", tanh(x + b)), options);
}

Function broadcast_column(const Options& options)
{
    const auto x = tensor<float>("x", {rows(), columns()}),
               scale = tensor<float>("scale", {rows()});
    return function({x, scale}, Output("y", x * expand_dims(scale, 1) + 1), options);
}

Function transposed_read(const Options& options)
{
    const auto a = tensor<double>("a", {rows(), columns()});
    const auto b = tensor<double>("b", {columns(), rows()});
    return function({a, b}, Output("c", a - transpose(b)), options);
}

Function sliced(const Options& options)
{
    const auto u = tensor<double>("u", {rows()});
    const auto left = u(slice(0, -2)), middle = u(slice(1, -1)), right = u(slice(2, _));
    return function({u}, Output("curvature", left - 2 * middle + right), options);
}

Function flipped(const Options& options)
{
    const auto x = tensor<float>("x", {rows(), 8});
    return function({x}, Output("y", flip(x, 1)), options);
}

Function padded(const Options& options)
{
    const auto x = tensor<float>("x", {rows(), columns()});
    return function({x}, Output("y", pad(x, {0, 1}, {0, 2}, -1)), options);
}

Function joined(const Options& options)
{
    const auto a = tensor<float>("a", {rows(), 3}), b = tensor<float>("b", {rows(), columns()});
    return function({a, b}, Output("y", concatenate({a, exp(b)}, 1)), options);
}

Function gathered(const Options& options)
{
    const auto table = tensor<float>("table", {1000, 64});
    const auto word = tensor<std::int64_t>("word", {rows()});
    return function({table, word}, Output("y", take(table, word, 0) * 8), options);
}

Function gathered_along(const Options& options)
{
    const auto p = tensor<double>("p", {rows(), 10});
    const auto label = tensor<std::int64_t>("label", {rows()});
    const auto picked = take_along_axis(p, expand_dims(label, 1), 1);
    return function({p, label}, Output("loss", -log(squeeze(picked, 1))), options);
}

Function scattered(const Options& options)
{
    const auto bins = tensor<float>("bins", {columns()});
    const auto weight = tensor<float>("weight", {rows()});
    const auto bin = tensor<std::int32_t>("bin", {rows()});
    return function({bins, weight, bin},
                    Output("histogram", scatter_add(bins, {bin}, square(weight))), options);
}

Function one_hot_rows(const Options& options)
{
    const auto label = tensor<std::int64_t>("label", {rows()});
    return function({label}, Output("y", one_hot(label, 10, DType::f32)), options);
}

Function where_gradient(const Options& options)
{
    const auto x = tensor<float>("x", {rows()});
    const auto y = where(x > 0, sqrt(x), 0);
    return function({x}, Output("slope", grad(sum(y), x)), options);
}

Function several_outputs(const Options& options)
{
    const auto x = tensor<double>("x", {rows()});
    return function({x}, {Output("sine", sin(x)), Output("cosine", cos(x))}, options);
}

Function scalar_program(const Options& options)
{
    const auto a = scalar<double>("a"), b = scalar<double>("b"), c = scalar<double>("c");
    const auto root = sqrt(square(b) - 4 * a * c);
    return function({a, b, c},
                    {Output("low", (-b - root) / (2 * a)), Output("high", (-b + root) / (2 * a))},
                    options);
}

Function integer_hash(const Options& options)
{
    const auto key = tensor<std::uint32_t>("key", {rows()});
    const auto mixed = (key ^ right_shift(key, 15)) * std::uint32_t{0x2c1b3c6d};
    return function({key}, Output("slot", (mixed ^ right_shift(mixed, 12)) % 1024), options);
}

Function integer_division(const Options& options)
{
    const auto a = tensor<std::int64_t>("a", {rows()}), b = tensor<std::int64_t>("b", {rows()});
    return function({a, b}, {Output("quotient", floor_div(a, b)), Output("rest", a % b)}, options);
}

Function bool_logic(const Options& options)
{
    const auto x = tensor<float>("x", {rows()}), y = tensor<float>("y", {rows()});
    const auto keep = tensor<bool>("keep", {rows()});
    return function({x, y, keep}, Output("inside", keep && !(x < 0 || y >= x)), options);
}

Function mixed_dtypes(const Options& options)
{
    const auto count = tensor<std::int32_t>("count", {rows()});
    const auto weight = tensor<float>("weight", {rows()});
    const auto offset = tensor<double>("offset", {rows()});
    return function({count, weight, offset}, Output("y", count.as(DType::f32) * weight + offset),
                    options);
}

Function half_storage(const Options& options)
{
    const auto x = input("x", DType::f16, {rows()}), y = input("y", DType::f16, {rows()});
    return function({x, y}, Output("z", x * y + 1), options);
}

Function special_constants(const Options& options)
{
    const auto x = tensor<float>("x", {rows()});
    const auto inf = std::numeric_limits<float>::infinity();
    const auto masked =
        where(x < 1e-3, -inf, where(isnan(x), std::numeric_limits<float>::quiet_NaN(), x / 3));
    return function({x}, Output("y", masked), options);
}

Function unnamed_values(const Options& options)
{
    const auto a = matrix<float>(""), b = vector<float>("");
    return function({a, b}, {exp(a) * b, a - b}, options);
}

} // namespace

std::vector<Golden> pointwise_goldens()
{
    return {{"pointwise_f32", pointwise_f32, 0},
            {"pointwise_f64", pointwise_f64},
            {"broadcast_row", broadcast_row},
            {"broadcast_column", broadcast_column},
            {"transposed_read", transposed_read},
            {"slice", sliced},
            {"flip", flipped},
            {"pad", padded},
            {"concatenate", joined},
            {"take", gathered, 0},
            {"take_along_axis", gathered_along},
            {"scatter_add", scattered},
            {"one_hot", one_hot_rows},
            {"where_gradient", where_gradient},
            {"several_outputs", several_outputs},
            {"scalar_program", scalar_program},
            {"integer_hash", integer_hash},
            {"integer_division", integer_division},
            {"bool_logic", bool_logic},
            {"mixed_dtypes", mixed_dtypes},
            {"half_storage", half_storage},
            {"constants", special_constants},
            {"unnamed", unnamed_values}};
}

} // namespace croton::test
