#include <croton/ir/build.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/noted_place.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/shape.hpp>

#include "ops/delay.hpp"

namespace croton::inline v1 {

Variable jacobian_rows(const Variable& y,
                       const Variable& x,
                       bool forward,
                       std::string_view function,
                       const Location* place)
{
    const OriginScope origin(place);
    const Variable& varied = forward ? x : y;
    const Extent count = element_count(varied.shape());
    const Variable flat = zeros_like(reshape(varied, {count}));
    const Variable zero = constant(Array::scalar(0.0).cast(varied.dtype()), place);
    bool reached = true;
    // The state is the unit vector of the step: a one that moves along.
    const auto row = [&](const Variable& unit) {
        const Variable direction = reshape(unit, varied.shape());
        const Variable result = forward ? push_forward(std::span(&y, 1), std::span(&x, 1),
                                                       std::span(&direction, 1), function, place)[0]
                                        : pull_back(std::span(&y, 1), std::span(&direction, 1),
                                                    std::span(&x, 1), function, place)[0];
        reached = !result.is_empty();
        return Step{{detail::delay(unit, zero, false)}, {reached ? result : unit}};
    };
    // What explain() and comments say of the loop.
    const OriginScope loop(noted_place(place, fmt::format("{} (a loop of sweeps)", function)));
    const ScanResult rows = scan(
        row, {.init = {detail::delay(flat, ones_like(zero), false)}, .steps = Variable(count)});
    return reached ? rows.out[0] : Variable();
}

} // namespace croton::inline v1
