// A training step of a multilayer perceptron, and a transformer block with its gradient.
#include <limits>

#include "workload.hpp"

namespace ct = croton;
using ct::Variable;

namespace bench {

namespace {

/// Fully connected layers whose weights are shared variables, drawn in [-0.05, 0.05].
struct Perceptron {
    std::vector<ct::Shared> parameters; ///< weights and bias of each layer
    Variable operator()(Variable x, Variable (*activation)(const Variable&)) const
    {
        for (std::size_t i = 0; i < parameters.size(); i += 2) {
            x = ct::dot(x, parameters[i]) + parameters[i + 1];
            if (i + 2 < parameters.size()) x = activation(x);
        }
        return x;
    }
};

Perceptron perceptron(const std::vector<std::int64_t>& sizes)
{
    Perceptron p;
    int k = 1;
    for (std::size_t i = 1; i < sizes.size(); ++i) {
        const std::string layer = std::to_string(i);
        p.parameters.push_back(ct::shared(
            "w" + layer, input({sizes[i - 1], sizes[i]}, -0.05, 0.05, k++, ct::DType::f32)));
        p.parameters.push_back(
            ct::shared("b" + layer, input({sizes[i]}, -0.05, 0.05, k++, ct::DType::f32)));
    }
    return p;
}

/// Stochastic gradient descent with momentum: v = 0.9 v - 0.01 g, p = p + v.
std::vector<ct::Update> momentum_step(const Variable& loss, const Perceptron& p)
{
    std::vector<ct::Update> updates;
    for (const ct::Shared& w : p.parameters) {
        const auto velocity = ct::shared(std::string(w.name()) + "_velocity",
                                         ct::Array::zeros(w.dtype(), w.value().extents()));
        const Variable v = 0.9 * velocity - 0.01 * ct::grad(loss, w);
        updates.push_back({velocity, v});
        updates.push_back({w, w + v});
    }
    return updates;
}

/// The check is of the first step: the loss and the parameters after it.
void time_training(const std::string& name,
                   const ct::Function& step,
                   const Perceptron& p,
                   const std::vector<ct::Array>& inputs,
                   int threads)
{
    const std::vector<ct::Any> arguments(inputs.begin(), inputs.end());
    std::vector<ct::Array> outputs{step.call(arguments)[0]};
    std::vector<ct::Array> state = outputs;
    for (const ct::Shared& w : p.parameters)
        state.push_back(w.value());
    const double check = checksum(state);
    line("W7", name, median_ns([&] { step.call_into(inputs, outputs); }, threads), check, threads);
}

Variable relu(const Variable& x) { return ct::relu(x); }
Variable tanh_of(const Variable& x) { return tanh(x); }

/// Normalises rows, then scales and shifts them.
Variable layer_norm(const Variable& x, const Variable& gain, const Variable& bias)
{
    const Variable centred = x - ct::mean(x, ct::Axis{-1}, true);
    const Variable variance = ct::mean(square(centred), ct::Axis{-1}, true);
    return centred / sqrt(variance + 1e-5) * gain + bias;
}

} // namespace

static ct::Function mlp_step(int threads, std::vector<ct::Array>* inputs, Perceptron& p)
{
    const auto x = ct::input("x", ct::DType::f32, {128, 784});
    const auto labels = ct::input("labels", ct::DType::i64, {128});
    p = perceptron({784, 512, 512, 10});
    const Variable logits = p(x, relu);
    const Variable picked =
        ct::take_along_axis(ct::log_softmax(logits, -1), ct::expand_dims(labels, 1), 1);
    const Variable loss = -ct::mean(picked);
    if (inputs) {
        ct::Array label_values = ct::Array::empty(ct::DType::i64, {128});
        for (std::int64_t i = 0; i < 128; ++i)
            static_cast<std::int64_t*>(label_values.data())[i] = i % 10;
        *inputs = {input({128, 784}, 0, 1, 0, ct::DType::f32), label_values};
    }
    return ct::function({x, labels}, loss,
                        {.name = "mlp_step", .updates = momentum_step(loss, p),
                         .threads = threads});
}

void w7(int threads)
{
    Perceptron large;
    std::vector<ct::Array> inputs;
    const auto step = mlp_step(threads, &inputs, large);
    time_training("784-512-512-10", step, large, inputs, threads);

    const auto x = ct::input("x", ct::DType::f32, {8, 4});
    const auto target = ct::input("target", ct::DType::f32, {8, 1});
    const Perceptron small = perceptron({4, 16, 16, 1});
    const Variable loss = ct::mean(square(small(x, tanh_of) - target));
    const auto small_step =
        ct::function({x, target}, loss,
                     {.name = "small_step", .updates = momentum_step(loss, small),
                      .threads = threads});
    time_training("4-16-16-1", small_step, small,
                  {input({8, 4}, 0, 1, 0, ct::DType::f32), input({8, 1}, 0, 1, 7, ct::DType::f32)},
                  threads);
}

void w9(int threads)
{
    constexpr int batch = 8, length = 128, width = 256, heads = 4;
    const auto t = ct::DType::f32;
    const auto x = ct::input("x", t, {batch, length, width});
    std::vector<Variable> inputs{x};
    std::vector<ct::Array> values{input({batch, length, width}, 0, 1, 0, t)};
    const auto parameter = [&](const char* name, const std::vector<std::int64_t>& shape) {
        values.push_back(input(shape, -0.05, 0.05, static_cast<int>(inputs.size()), t));
        inputs.push_back(ct::input(name, t, ct::Shape(shape.begin(), shape.end())));
        return inputs.back();
    };
    const auto gain1 = parameter("gain1", {width}), bias1 = parameter("bias1", {width});
    const auto wq = parameter("wq", {width, width}), wk = parameter("wk", {width, width});
    const auto wv = parameter("wv", {width, width}), wo = parameter("wo", {width, width});
    const auto gain2 = parameter("gain2", {width}), bias2 = parameter("bias2", {width});
    const auto w1 = parameter("w1", {width, 4 * width}), b1 = parameter("b1", {4 * width});
    const auto w2 = parameter("w2", {4 * width, width}), b2 = parameter("b2", {width});

    const Variable normal = layer_norm(x, gain1, bias1);
    const auto split = [&](const Variable& w) {
        return ct::transpose(
            ct::reshape(ct::matmul(normal, w), {batch, length, heads, width / heads}),
            {0, 2, 1, 3});
    };
    const Variable q = split(wq), k = split(wk), v = split(wv);
    const Variable scores = ct::matmul(q, ct::transpose(k, {0, 1, 3, 2})) * 0.125;
    const Variable causal = ct::tril(ct::ones(ct::DType::boolean, {length, length}));
    const Variable weights =
        ct::softmax(where(causal, scores, -std::numeric_limits<float>::infinity()), -1);
    const Variable mixed =
        ct::reshape(ct::transpose(ct::matmul(weights, v), {0, 2, 1, 3}), {batch, length, width});
    const Variable y = x + ct::matmul(mixed, wo);
    const Variable hidden = gelu_tanh(ct::matmul(layer_norm(y, gain2, bias2), w1) + b1);
    const Variable out = y + ct::matmul(hidden, w2) + b2;
    const Variable value = ct::mean(square(out));

    const std::vector<Variable> parameters(inputs.begin() + 1, inputs.end());
    std::vector<ct::Output> outputs{value};
    for (const Variable& g : ct::grad(value, parameters))
        outputs.emplace_back(g);
    ct::Outputs all(value);
    all.assign(outputs.begin(), outputs.end());
    const auto f = ct::function(inputs, all, {.name = "transformer", .threads = threads});
    run_case("W9", "value and gradient", f, values, threads);
}

} // namespace bench
