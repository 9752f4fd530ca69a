// Goldens of reductions, products, loops and random numbers. Lines of the emitted comments point
// here: a new case goes to the end.
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

Variable matrix_x() { return tensor<float>("x", {rows(), columns()}); }

Function sum_all(const Options& options)
{
    const auto x = tensor<float>("x", {rows()});
    return function({x}, Output("total", sum(exp(x))), options);
}

Function sum_columns(const Options& options)
{
    const auto x = matrix_x();
    return function({x}, Output("total", sum(exp(x), 0)), options);
}

Function sum_rows(const Options& options)
{
    const auto x = matrix_x();
    return function({x}, Output("total", sum(exp(x), 1)), options);
}

Function sum_short_rows(const Options& options)
{
    const auto points = tensor<double>("points", {rows(), 3});
    return function({points}, Output("distance", sqrt(sum(square(points), 1))), options);
}

Function moments(const Options& options)
{
    const auto x = tensor<double>("x", {rows(), columns()});
    return function({x}, {Output("mean", mean(x, 1)), Output("variance", var(x, 1))}, options);
}

Function softmax_rows(const Options& options)
{
    const auto x = matrix_x();
    return function({x}, Output("p", softmax(x)), options);
}

Function logsumexp_rows(const Options& options)
{
    const auto x = matrix_x();
    return function({x}, Output("y", logsumexp(x, 1)), options);
}

Function layernorm(const Options& options)
{
    const auto x = tensor<float>("x", {rows(), 256});
    const auto gain = tensor<float>("gain", {256}), bias = tensor<float>("bias", {256});
    const auto centred = x - mean(x, 1, true);
    const auto y = centred / sqrt(mean(square(centred), 1, true) + 1e-5) * gain + bias;
    return function({x, gain, bias}, Output("y", y), options);
}

Function argmax_rows(const Options& options)
{
    const auto score = tensor<float>("score", {rows(), 10});
    return function({score}, Output("best", argmax(score, 1)), options);
}

Function cumsum_rows(const Options& options)
{
    const auto x = tensor<double>("x", {rows(), columns()});
    return function({x}, Output("y", cumsum(x, 1)), options);
}

Function argmax_lanes(const Options& options)
{
    const auto score = tensor<float>("score", {rows(), columns()});
    return function({score}, Output("best", argmax(score, 1)), options);
}

Function sum_of_sines(const Options& options)
{
    const auto x = tensor<double>("x", {rows(), columns()});
    return function({x}, Output("y", sum(sin(x), 1)), options);
}

Function cumprod_down(const Options& options)
{
    const auto x = tensor<double>("x", {rows(), columns()});
    return function({x}, Output("y", cumprod(x, 0, true)), options);
}

Function max_and_count(const Options& options)
{
    const auto x = tensor<std::int32_t>("x", {rows(), columns()});
    return function({x}, {Output("largest", max(x, Axis(1))), Output("positive", sum(x > 0, 1))},
                    options);
}

Function matmul_small(const Options& options)
{
    const auto a = tensor<double>("a", {3, 3}), b = tensor<double>("b", {3, 3});
    return function({a, b}, Output("c", dot(a, b)), options);
}

Function matmul_row(const Options& options)
{
    const auto x = tensor<float>("x", {784}), w = tensor<float>("w", {784, 512});
    return function({x, w}, Output("y", dot(x, w)), options);
}

Function matmul_dots(const Options& options)
{
    const auto a = tensor<float>("a", {rows(), columns()}), x = tensor<float>("x", {columns()});
    return function({a, x}, Output("y", dot(a, x)), options);
}

Function matmul_blocks(const Options& options)
{
    const auto a = matrix<float>("a"), b = matrix<float>("b");
    return function({a, b}, Output("c", dot(a, b)), options);
}

Function fused_epilogue(const Options& options)
{
    const auto x = tensor<float>("x", {rows(), 784}), w = tensor<float>("w", {784, 512});
    const auto b = tensor<float>("b", {512});
    return function({x, w, b}, Output("hidden", relu(dot(x, w) + b)), options);
}

Function computed_operands(const Options& options)
{
    const auto x = tensor<float>("x", {rows(), 784});
    const auto q = tensor<std::int8_t>("q", {784, 512});
    return function({x, q}, Output("y", dot(exp(x), cast(q, DType::f32) * 0.02)), options);
}

Function product_by_library(const Options& options)
{
    Options by_library = options;
    by_library.matmul = Matmul::library;
    return fused_epilogue(by_library);
}

Function batched_matmul(const Options& options)
{
    const Extent heads = dim("heads");
    const auto q = tensor<float>("q", {heads, rows(), 64}),
               k = tensor<float>("k", {heads, rows(), 64});
    const auto score = matmul(q, transpose(k, {0, 2, 1})) * 0.125;
    return function({q, k}, Output("score", score), options);
}

Function random_normal(const Options& options)
{
    const auto key = scalar<std::int64_t>("key");
    const auto x = tensor<float>("x", {rows()});
    return function({key, x}, Output("noisy", x + 0.1 * normal(DType::f32, key, {rows()})),
                    options);
}

Function scan_gradient(const Options& options)
{
    const auto x0 = scalar<double>("x0"), rate = scalar<double>("rate");
    const auto run =
        scan([&](const Variable& x) { return rate * x * (1 - x); }, {.init = {x0}, .steps = 100});
    // Not grad, which would take forward mode.
    const Variables bars = vjp({run.last[0]}, {rate}, {Variable(1.0)});
    return function({x0, rate}, {Output("last", run.last[0]), Output("slope", bars[0])}, options);
}

/// A wave in a field of any size, driven at one end: steps in blocks of rows.
Function scan_field(const Options& options)
{
    const auto u = tensor<double>("u", {dim("n"), dim("m")});
    const auto drive = tensor<double>("drive", {dim("steps")});
    const auto run = scan(
        [](const Variable& source, const Variable& field) {
            const Variable behind = field(slice(_, -1)), ahead = field(slice(1, _));
            return concatenate({field(slice(_, 1)) * 0 + source, behind + 0.5 * (ahead - behind)},
                               0);
        },
        {.sequences = {drive}, .init = {u}});
    return function({u, drive}, Output("last", run.last[0]), options);
}

/// Gradient and Hessian of a chain: kernels that hand each other blocks of rows.
Function row_blocks(const Options& options)
{
    const auto x = tensor<double>("x", {100000});
    const Variable a = x(slice(_, -1)), b = x(slice(1, _));
    const Variable value = sum(square(b - square(a)) + 0.1 * sin(a * b));
    return function(
        {x},
        {Output("slope", grad(value, x)),
         Output("hessian", sparse_hessian(value, x, {.triangle = Triangle::lower}).values)},
        options);
}

/// Of each member of a long axis, the gradient in the same strip.
Function scan_members(const Options& options)
{
    const auto x = tensor<double>("x", {dim("n")}), noise = tensor<double>("noise", {dim("n"), 20});
    const auto rate = scalar<double>("rate");
    const auto run = scan([&](const Variable& z, const Variable& s) { return sin(rate * s) + z; },
                          {.sequences = {transpose(noise)}, .init = {x}});
    const Variable value = sum(square(run.last[0]));
    return function({x, noise, rate}, {Output("value", value), Output("slope", grad(value, rate))},
                    options);
}

Function scan_vector(const Options& options)
{
    const auto drive = tensor<float>("drive", {dim("steps"), 16});
    const auto state = tensor<float>("state", {16}), w = tensor<float>("w", {16, 16});
    const auto run = scan([&](const Variable& u, const Variable& h) { return tanh(dot(h, w) + u); },
                          {.sequences = {drive}, .init = {state}});
    return function({drive, state, w}, Output("states", run.history[0]), options);
}

Function training_step(const Options& options)
{
    const auto w = shared("w", Array::zeros<float>({64, 10}));
    const auto x = tensor<float>("x", {rows(), 64});
    const auto label = tensor<std::int64_t>("label", {rows()});
    const auto p = log_softmax(dot(x, w));
    const auto loss = -mean(take_along_axis(p, expand_dims(label, 1), 1));
    return function(
        {x, label}, Output("loss", loss),
        {.name = options.name, .updates = {{w, w - 0.1 * grad(loss, w)}}, .cache = options.cache});
}

Function update_in_place(const Options& options)
{
    const auto w = shared("w", Array::zeros<float>({64, 10}));
    const auto v = shared("v", Array::zeros<float>({64, 10}));
    const auto x = tensor<float>("x", {128, 64}), error = tensor<float>("error", {128, 10});
    const Variable next = 0.9 * v - 0.1 * dot(transpose(x), error);
    return function(
        {x, error}, Outputs{},
        {.name = options.name, .updates = {{v, next}, {w, w + next}}, .cache = options.cache});
}

Variable rms_norm(const Variable& x, Where where = Where::current())
{
    const Scope scope("rms_norm", where);
    return x / sqrt(mean(square(x)) + 1e-6);
}

Function scope_of_line(const Options& options)
{
    const auto x = tensor<float>("x", {64});
    return function({x}, Output("y", rms_norm(x)), options);
}

Function argmin_down(const Options& options)
{
    const auto score = tensor<float>("score", {rows(), columns()});
    return function({score}, Output("best", argmin(score, 0)), options);
}

Function argmax_integers(const Options& options)
{
    const auto count = tensor<std::int32_t>("count", {rows(), columns()});
    return function({count}, Output("most", argmax(count, 1)), options);
}

Function gathered_sines(const Options& options)
{
    const auto x = tensor<double>("x", {dim("k")});
    const auto i = tensor<std::int64_t>("i", {rows()});
    return function({x, i}, Output("y", sin(take(x, i))), options);
}

} // namespace

std::vector<Golden> structured_goldens()
{
    return {{"sum_all", sum_all, 0},
            {"sum_axis0", sum_columns},
            {"sum_axis1", sum_rows},
            {"sum_short_rows", sum_short_rows},
            {"mean_var", moments, 0},
            {"softmax", softmax_rows},
            {"logsumexp", logsumexp_rows},
            {"layernorm", layernorm},
            {"argmax", argmax_rows},
            {"argmax_lanes", argmax_lanes},
            {"argmin_down", argmin_down},
            {"argmax_integers", argmax_integers},
            {"sum_of_sines", sum_of_sines},
            {"gathered_sines", gathered_sines},
            {"cumsum", cumsum_rows},
            {"cumprod_down", cumprod_down},
            {"max_and_count", max_and_count},
            {"matmul_small", matmul_small},
            {"matmul_row", matmul_row},
            {"matmul_dots", matmul_dots},
            {"matmul_blocks", matmul_blocks, 0},
            {"matmul_epilogue", fused_epilogue, 0},
            {"matmul_prologue", computed_operands, 0},
            {"matmul_batched", batched_matmul, 0},
            {"matmul_library", product_by_library},
            {"random_normal", random_normal},
            {"row_blocks", row_blocks},
            {"scan_field", scan_field, 0},
            {"scan_gradient", scan_gradient},
            {"scan_members", scan_members},
            {"scan_vector", scan_vector},
            {"training_step", training_step},
            {"update_in_place", update_in_place},
            {"scope", scope_of_line}};
}

} // namespace croton::test
