#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/reference.hpp>
#include <croton/passes/grad.hpp>

#include "support/catch.hpp"
#include "support/finite_difference.hpp"

// Every differentiable op whose operands are plain: first and second derivatives, both modes.

using namespace croton;
using namespace croton::test;

namespace {

/// An Apply of `op` on f64 vectors; empty for an op that takes other operands or parameters.
Variable apply_to(const Op& op, Variables& inputs)
{
    if (op.name == "round_through" || op.name == "stop_gradient")
        return {}; // theirs is another by intent
    if (op.arity == 0 || std::holds_alternative<NotDifferentiable>(op.grad)) return {};
    Params params;
    const bool reduces = std::holds_alternative<Reduce>(op.lowering);
    if (reduces)
        params = make_params(ReduceParams{{0}});
    else if (std::holds_alternative<Prefix>(op.lowering))
        params = make_params(PrefixParams{});
    else if (op.params)
        return {};
    else if (!is_pointwise(op) && !std::holds_alternative<Composite>(op.lowering))
        return {};
    for (std::size_t i = 0; i < op.arity; ++i)
        inputs.push_back(vector<double>(std::string(1, static_cast<char>('a' + i)), {3}));
    try {
        const Variable y = apply(op, inputs, std::move(params), inputs[0].location());
        return is_float(y.dtype()) ? y : Variable();
    } catch (const UserError&) {
        return {}; // operands of another dtype: bool, integers
    }
}

} // namespace

TEST_CASE("derivatives of every op on its domain")
{
    int tested = 0;
    for (const Op* op : all_ops()) {
        Variables inputs;
        const Variable y = apply_to(*op, inputs);
        if (y.is_empty()) continue;
        std::vector<Array> values;
        for (std::size_t i = 0; i < inputs.size(); ++i)
            values.push_back(sample(5 * i + 3, {3}, op->domain.lo + 0.01, op->domain.hi - 0.01));
        INFO("op " << op->name);
        const Variable weights = Array(sample(9, {3}));
        check_derivatives(inputs, values, y.rank() == 1 ? sum(y * weights) : y * 1.5);
        ++tested;
    }
    CHECK(tested > 40);
}
