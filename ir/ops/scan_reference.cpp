#include <croton/ir/apply.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/reference.hpp>

#include <cstring>

namespace croton::inline v1::reference {

namespace {

Array stack_of(const Variable& one, std::int64_t steps)
{
    std::vector<std::int64_t> shape{steps};
    for (const Extent& e : one.shape())
        shape.push_back(e.value());
    return Array::zeros(one.dtype(), std::move(shape));
}

void put(Array& stack, std::int64_t t, const Array& value)
{
    const Array row = value.contiguous();
    if (row.size_bytes() == 0) return;
    std::memcpy(static_cast<char*>(stack.data()) + static_cast<std::size_t>(t) * row.size_bytes(),
                row.data(), row.size_bytes());
}

} // namespace

std::vector<Array>
scan(const Apply& apply, std::span<const Array> inputs, const BodyEvaluation& evaluate)
{
    const auto& p = apply.params_as<ScanParams>();
    const auto sequences = static_cast<std::size_t>(p.sequences);
    const auto states = static_cast<std::size_t>(p.states);
    const std::int64_t steps = p.steps.value();
    std::vector<Array> state(inputs.begin() + p.sequences, inputs.begin() + p.sequences + p.states);
    std::vector<Array> collected;
    for (const Variable& v : p.body.outputs())
        collected.push_back(stack_of(v, steps));
    for (std::int64_t i = 0; i < steps; ++i) {
        const std::int64_t t = p.reverse ? steps - 1 - i : i;
        std::vector<Array> x(inputs.begin(), inputs.end());
        for (std::size_t k = 0; k < sequences; ++k)
            x[k] = inputs[k][t].clone();
        for (std::size_t k = 0; k < states; ++k)
            x[sequences + k] = state[k];
        const std::vector<Array> y = evaluate(p.body.inputs(), x, p.body.outputs());
        for (std::size_t k = 0; k < y.size(); ++k)
            put(collected[k], t, y[k]);
        state.assign(y.begin(), y.begin() + p.states);
    }
    std::vector<Array> all = state;
    all.insert(all.end(), collected.begin(), collected.end());
    std::vector<Array> kept;
    for (std::size_t k = 0; k < all.size(); ++k)
        if (p.kept[k]) kept.push_back(all[k]);
    return kept;
}

} // namespace croton::inline v1::reference
