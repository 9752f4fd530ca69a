#include <croton/ir/ops.hpp>

#include <vector>

#include "ops/delay.hpp"

namespace croton::inline v1 {

std::span<const Op* const> all_ops()
{
    static const std::vector<const Op*> all = [] {
        std::vector<const Op*> ops;
        const auto join = [&](std::span<const Op* const> family) {
            ops.insert(ops.end(), family.begin(), family.end());
        };
        join(structure_ops());
        join(arithmetic_ops());
        join(elementwise_math_ops());
        join(trigonometric_ops());
        join(activation_ops());
        join(rounding_ops());
        join(compare_logic_ops());
        join(reduce_ops());
        join(moment_ops());
        join(softmax_ops());
        join(prefix_ops());
        join(shape_ops());
        join(join_ops());
        join(index_ops());
        join(gather_ops());
        join(create_ops());
        join(linalg_ops());
        join(random_ops());
        join(control_ops());
        join(custom_ops());
        join(detail::delay_ops());
        return ops;
    }();
    return all;
}

} // namespace croton::inline v1
