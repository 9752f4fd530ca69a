#pragma once

// Workloads as graphs, with inputs as every peer has them.

#include <croton/croton.hpp>

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace bench {

/// What is compiled: inputs are those of Model::arrays, in order.
struct ModelGraph {
    std::vector<croton::Variable> inputs;
    croton::Variables outputs;
    std::vector<croton::Update> updates = {};
};

/// A workload whose arrays are made and whose graph is not built yet.
struct Model {
    std::vector<croton::Array> arrays;
    std::vector<croton::Shared> parameters; ///< updated by a call, and part of its check
    std::function<ModelGraph()> build;
};

Model axpb();        ///< W1
Model exp_tanh();    ///< W3: f32, n = 1000
Model mlp_large();   ///< W7: 784-512-512-10, relu, cross-entropy, batch 128
Model mlp_small();   ///< W7: 4-16-16-1, tanh, mean square, batch 8
Model transformer(); ///< W9: value and gradient
Model lstm();        ///< W10a: value and gradient
Model pendulum();    ///< W10b: value and gradient
/// W12b of n variables: value, gradient and sparse Hessian.
Model rosenbrock(std::int64_t n);
/// A chain of Rosenbrock's terms.
croton::Variable chain(const croton::Variable& x);

/// The model of a first call: W1, W3, W7, W9, W10a, W10b, or W12b:N of N variables.
/// throws   std::invalid_argument for another name.
Model model_named(std::string_view name);

/// Sum of a call's outputs and of the parameters after it.
double check_of(const Model& model, const croton::Results& outputs);

} // namespace bench
