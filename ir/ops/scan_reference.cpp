#include <croton/ir/apply.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/reference.hpp>

#include <algorithm>
#include <cstring>
#include <limits>

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

StepPlaces step_places(const Apply& scan, std::span<const Array> inputs)
{
    const auto& p = scan.params_as<ScanParams>();
    const std::int64_t steps =
        p.endless ? std::numeric_limits<std::int64_t>::max() : p.steps.value();
    const std::int64_t count =
        p.limited ? std::clamp<std::int64_t>(inputs.back().as_int(0), 0, steps) : steps;
    return {p.at_end ? steps - count : 0, count, p.reverse};
}

std::vector<Array>
scan(const Apply& apply, std::span<const Array> inputs, const BodyEvaluation& evaluate)
{
    const auto& p = apply.params_as<ScanParams>();
    const auto sequences = static_cast<std::size_t>(p.sequences);
    const auto states = static_cast<std::size_t>(p.states);
    const StepPlaces places = step_places(apply, inputs);
    std::vector<Array> state(inputs.begin() + p.sequences, inputs.begin() + p.sequences + p.states);
    std::vector<Array> collected;
    for (const Variable& v : p.body.outputs().first(states + static_cast<std::size_t>(p.outs)))
        collected.push_back(stack_of(v, p.steps.value()));
    std::int64_t ran = 0;
    for (bool stop = false; ran < places.count && !stop; ++ran) {
        const std::int64_t t = places[ran];
        std::vector<Array> x(inputs.begin(), inputs.end() - (p.limited ? 1 : 0));
        for (std::size_t k = 0; k < sequences; ++k)
            x[k] = inputs[k][t].clone();
        for (std::size_t k = 0; k < states; ++k)
            x[sequences + k] = state[k];
        const std::vector<Array> y = evaluate(p.body.inputs(), x, p.body.outputs());
        for (std::size_t k = 0; k < collected.size() && !p.endless; ++k)
            put(collected[k], t, y[k]);
        state.assign(y.begin(), y.begin() + p.states);
        if (p.until) stop = y.back().as_int(0) != 0;
    }
    std::vector<Array> all = state;
    all.insert(all.end(), collected.begin(), collected.end());
    all.push_back(Array::scalar(ran));
    std::vector<Array> kept;
    for (std::size_t k = 0; k < all.size(); ++k)
        if (p.kept[k]) kept.push_back(all[k]);
    return kept;
}

} // namespace croton::inline v1::reference
