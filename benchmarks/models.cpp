#include "models.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "workload.hpp"

namespace ct = croton;
using ct::Variable;

namespace bench {

namespace {

constexpr double weight = 0.05; // of all parameters, in [-weight, weight]

Variable input_like(const std::string& name, const ct::Array& a)
{
    const std::vector<std::int64_t> extents = a.extents();
    return ct::input(name, a.dtype(), ct::Shape(extents.begin(), extents.end()));
}

std::vector<Variable> inputs_like(std::initializer_list<const char*> names,
                                  const std::vector<ct::Array>& arrays)
{
    std::vector<Variable> inputs;
    for (const char* name : names)
        inputs.push_back(input_like(name, arrays[inputs.size()]));
    return inputs;
}

// ---- multilayer perceptrons

Variable
dense_layers(const std::vector<ct::Shared>& p, Variable x, Variable (*activation)(const Variable&))
{
    for (std::size_t i = 0; i + 2 < p.size(); i += 2)
        x = activation(ct::dot(x, p[i]) + p[i + 1]);
    return ct::dot(x, p[p.size() - 2]) + p.back();
}

Variable cross_entropy(const Variable& logits, const Variable& labels)
{
    const Variable rows = ct::log_softmax(logits, -1);
    return -ct::mean(ct::take_along_axis(rows, ct::expand_dims(labels, 1), 1));
}

/// Parameters as shared variables, and gradient descent with momentum on `loss`.
Model training(const std::vector<std::int64_t>& sizes,
               ct::Array x,
               ct::Array target,
               Variable (*loss)(const std::vector<ct::Shared>&, const Variable&, const Variable&))
{
    std::vector<ct::Shared> parameters, velocities;
    for (std::size_t i = 0; i + 1 < sizes.size(); ++i)
        for (const auto& [name, shape] :
             {std::pair<std::string, std::vector<std::int64_t>>{"w", {sizes[i], sizes[i + 1]}},
              {"b", {sizes[i + 1]}}}) {
            const int k = static_cast<int>(parameters.size()) + 1;
            const std::string number = std::to_string(i + 1);
            parameters.push_back(
                ct::shared(name + number, input(shape, -weight, weight, k, ct::DType::f32)));
            velocities.push_back(
                ct::shared("v_" + name + number, ct::Array::zeros(ct::DType::f32, shape)));
        }
    const auto build = [=] {
        const Variable xs = input_like("x", x), ts = input_like("target", target);
        const Variable value = loss(parameters, xs, ts);
        const ct::Variables gradient =
            ct::grad(value, ct::Variables(parameters.begin(), parameters.end()));
        ModelGraph g{{xs, ts}, {value}};
        for (std::size_t i = 0; i < parameters.size(); ++i) {
            const Variable v = 0.9 * velocities[i] - 0.01 * gradient[i];
            g.updates.push_back({velocities[i], v});
            g.updates.push_back({parameters[i], parameters[i] + v});
        }
        return g;
    };
    return {{x, target}, parameters, build};
}

// ---- transformer

Variable layernorm(const Variable& x, const Variable& gain, const Variable& bias)
{
    const auto centred = x - ct::mean(x, ct::Axis{-1}, true);
    const auto variance = ct::mean(square(centred), ct::Axis{-1}, true);
    return centred * rsqrt(variance + 1e-5) * gain + bias;
}

struct Attention {
    Variable wq, wk, wv, wo;

    Variable operator()(const Variable& x) const
    {
        constexpr std::int64_t count = 4, size = 64;
        const auto heads = [&](const Variable& weights) {
            const auto y = ct::matmul(x, weights).reshape({8, 128, count, size});
            return ct::transpose(y, {0, 2, 1, 3});
        };
        const auto q = heads(wq), k = heads(wk), v = heads(wv);
        const auto scores =
            ct::matmul(q, ct::swapaxes(k, -1, -2)) * (1 / std::sqrt(static_cast<double>(size)));
        const auto causal = ct::tril(ct::ones(ct::DType::boolean, {128, 128}));
        const double minus_infinity = -std::numeric_limits<double>::infinity();
        const auto mixed =
            ct::matmul(ct::softmax(ct::where(causal, scores, minus_infinity), -1), v);
        return ct::matmul(ct::transpose(mixed, {0, 2, 1, 3}).reshape({8, 128, 256}), wo);
    }
};

ModelGraph transformer_graph(const std::vector<ct::Array>& arrays)
{
    const auto in = inputs_like(
        {"x", "gain1", "bias1", "wq", "wk", "wv", "wo", "gain2", "bias2", "w1", "b1", "w2", "b2"},
        arrays);
    const Attention attention{in[3], in[4], in[5], in[6]};
    Variable x = in[0] + attention(layernorm(in[0], in[1], in[2]));
    const auto hidden = ct::matmul(layernorm(x, in[7], in[8]), in[9]) + in[10];
    x = x + ct::matmul(gelu_tanh(hidden), in[11]) + in[12];
    const auto value = ct::mean(x * x);
    ModelGraph g{in, {value}};
    for (const Variable& bar : ct::grad(value, ct::Variables(in.begin() + 1, in.end())))
        g.outputs.push_back(bar);
    return g;
}

// ---- loops

ModelGraph lstm_graph(const std::vector<ct::Array>& arrays)
{
    const auto in = inputs_like({"x", "wx", "wh", "b"}, arrays);
    const auto zeros = ct::zeros(ct::DType::f32, {32, 128});
    const auto run = ct::scan(
        [&](const Variable& x, const Variable& h, const Variable& c) {
            const auto gates = ct::split(ct::dot(x, in[1]) + ct::dot(h, in[2]) + in[3], 4, -1);
            const auto next = sigmoid(gates[1]) * c + sigmoid(gates[0]) * tanh(gates[2]);
            return ct::Variables{sigmoid(gates[3]) * tanh(next), next};
        },
        {.sequences = {in[0]}, .init = {zeros, zeros}});
    const auto value = ct::mean(square(run.last[0]));
    ModelGraph g{in, {value}};
    for (const Variable& bar : ct::grad(value, ct::Variables(in.begin() + 1, in.end())))
        g.outputs.push_back(bar);
    return g;
}

ModelGraph pendulum_graph(const std::vector<ct::Array>& arrays)
{
    const auto in = inputs_like({"state", "length"}, arrays);
    constexpr double dt = 0.01;
    const auto slope = [&](const Variable& s) {
        return ct::stack({s(1), -9.81 / in[1] * sin(s(0))});
    };
    const auto run = ct::scan(
        [&](const Variable& s) {
            const auto k1 = slope(s);
            const auto k2 = slope(s + dt / 2 * k1);
            const auto k3 = slope(s + dt / 2 * k2);
            const auto k4 = slope(s + dt * k3);
            return s + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
        },
        {.init = {in[0]}, .steps = 1000});
    const Variable angle = run.last[0](0);
    const auto bars = ct::grad(angle, ct::Variables{in[0], in[1]});
    return {in, {angle, bars[0], bars[1]}};
}

} // namespace

Model axpb()
{
    return {{input({}, 0, 1, 0, ct::DType::f64), input({}, 0, 1, 1, ct::DType::f64)}, {}, [] {
                const auto x = ct::scalar<double>("x"), y = ct::scalar<double>("y");
                return ModelGraph{{x, y}, {x * y + 1}};
            }};
}

Model exp_tanh()
{
    const auto t = ct::DType::f32;
    return {{input({1000}, -3, 3, 0, t), input({1000}, -3, 3, 1, t)}, {}, [] {
                const auto x = ct::input("x", t, {1000}), y = ct::input("y", t, {1000});
                return ModelGraph{{x, y}, {exp(-x) * tanh(y) + log1p(x * x)}};
            }};
}

Model mlp_large()
{
    ct::Array labels = ct::Array::zeros(ct::DType::i32, {128});
    for (int i = 0; i < 128; ++i)
        static_cast<std::int32_t*>(labels.data())[i] = i % 10;
    return training({784, 512, 512, 10}, input({128, 784}, 0, 1, 0, ct::DType::f32), labels,
                    [](const std::vector<ct::Shared>& p, const Variable& x, const Variable& y) {
                        const auto relu = [](const Variable& v) { return ct::relu(v); };
                        return cross_entropy(dense_layers(p, x, relu), y);
                    });
}

Model mlp_small()
{
    return training({4, 16, 16, 1}, input({8, 4}, 0, 1, 0, ct::DType::f32),
                    input({8, 1}, 0, 1, 7, ct::DType::f32),
                    [](const std::vector<ct::Shared>& p, const Variable& x, const Variable& y) {
                        const auto tanh = [](const Variable& v) { return ct::tanh(v); };
                        return ct::mean(square(dense_layers(p, x, tanh) - y));
                    });
}

Model transformer()
{
    const std::vector<std::vector<std::int64_t>> shapes{
        {256}, {256}, {256, 256},  {256, 256}, {256, 256},  {256, 256},
        {256}, {256}, {256, 1024}, {1024},     {1024, 256}, {256}};
    std::vector<ct::Array> arrays{input({8, 128, 256}, 0, 1, 0, ct::DType::f32)};
    for (const auto& shape : shapes)
        arrays.push_back(
            input(shape, -weight, weight, static_cast<int>(arrays.size()), ct::DType::f32));
    return {arrays, {}, [arrays] { return transformer_graph(arrays); }};
}

Model lstm()
{
    const auto t = ct::DType::f32;
    const std::vector<ct::Array> arrays{
        input({100, 32, 128}, 0, 1, 0, t), input({128, 512}, -weight, weight, 1, t),
        input({128, 512}, -weight, weight, 2, t), input({512}, -weight, weight, 3, t)};
    return {arrays, {}, [arrays] { return lstm_graph(arrays); }};
}

Model pendulum()
{
    ct::Array state = ct::Array::zeros(ct::DType::f64, {2});
    static_cast<double*>(state.data())[0] = 1;
    const std::vector<ct::Array> arrays{state, ct::Array::scalar(1.0)};
    return {arrays, {}, [arrays] { return pendulum_graph(arrays); }};
}

ct::Variable chain(const ct::Variable& x)
{
    const ct::Variable a = x(ct::slice(ct::_, -1)), b = x(ct::slice(1, ct::_));
    return ct::sum(100.0 * square(b - square(a)) + square(1.0 - a) + 0.1 * sin(a * b));
}

Model rosenbrock(std::int64_t n)
{
    return {{input({n}, 0, 1, 0, ct::DType::f64)}, {}, [n] {
                const auto x = ct::input("x", ct::DType::f64, {n});
                const ct::Variable value = chain(x);
                return ModelGraph{{x},
                                  {value, ct::grad(value, x), ct::sparse_hessian(value, x).values}};
            }};
}

Model model_named(std::string_view name)
{
    if (name == "W1") return axpb();
    if (name == "W3") return exp_tanh();
    if (name == "W7") return mlp_large();
    if (name == "W9") return transformer();
    if (name == "W10a") return lstm();
    if (name == "W10b") return pendulum();
    if (name.starts_with("W12b:")) return rosenbrock(std::stoll(std::string(name.substr(5))));
    throw std::invalid_argument("no model is named " + std::string(name));
}

double check_of(const Model& model, const ct::Results& outputs)
{
    std::vector<ct::Array> all;
    for (std::size_t i = 0; i < outputs.size(); ++i)
        all.push_back(outputs[i]);
    for (const ct::Shared& p : model.parameters)
        all.push_back(p.value());
    return checksum(all);
}

} // namespace bench
