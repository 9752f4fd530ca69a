// W7 and W9: a training step of a multilayer perceptron, and a transformer block with its gradient.
#include "models.hpp"
#include "workload.hpp"

namespace ct = croton;

namespace bench {

namespace {

ct::Function compile(const Model& model, const char* name, int threads)
{
    ModelGraph g = model.build();
    return ct::function(g.inputs, g.outputs,
                        {.name = name, .updates = std::move(g.updates), .threads = threads});
}

/// The check is of the first step: the loss and the parameters after it.
void time_training(const char* name, const Model& model, int threads)
{
    const ct::Function step = compile(model, "training", threads);
    const std::vector<ct::Any> arguments(model.arrays.begin(), model.arrays.end());
    const ct::Results first = step.call(arguments);
    std::vector<ct::Array> outputs{first[0]};
    const double check = check_of(model, first);
    const double ns = median_ns([&] { step.call_into(model.arrays, outputs); }, threads);
    line("W7", name, ns, check, threads);
}

} // namespace

void w7(int threads)
{
    time_training("784-512-512-10", mlp_large(), threads);
    time_training("4-16-16-1", mlp_small(), threads);
}

void w9(int threads)
{
    const Model model = transformer();
    run_case("W9", "value and gradient", compile(model, "transformer", threads), model.arrays,
             threads);
}

} // namespace bench
