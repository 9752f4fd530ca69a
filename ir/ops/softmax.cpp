#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/compare_logic.hpp>
#include <croton/ir/ops/elementwise_math.hpp>
#include <croton/ir/ops/reduce.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/softmax.hpp>
#include <croton/ir/ops/structure.hpp>

#include <limits>

#include "param_checks.hpp"

namespace croton::inline v1 {

namespace {

/// The largest element of each line, its axes kept. NaN need not be kept: what is made of the line
/// has a sum of its exponentials, which does that.
Variable largest_of(const Variable& x, const std::vector<int>& axes)
{
    return max_number(x, Axis(axes), true);
}

/// x relative to the largest of its line, or to 0 where all are -inf. Of a line with inf that is
/// NaN at inf and -inf elsewhere, so that its softmax is NaN.
Variable relative(const Variable& x, const std::vector<int>& axes)
{
    const Variable largest = largest_of(x, axes);
    return x - where(largest > -std::numeric_limits<double>::infinity(), largest, 0);
}

const std::vector<int>& axes_of(const CompositeArgs& args)
{
    return args.params_as<ReduceParams>().axes;
}

Variable expand_logsumexp(const CompositeArgs& args)
{
    const std::vector<int>& axes = axes_of(args);
    const Variable& x = args.x[0];
    const Variable extreme = largest_of(x, axes);
    // inf - inf would be NaN, where the result is inf or -inf.
    const Variable largest =
        where(abs(extreme) < std::numeric_limits<double>::infinity(), extreme, 0);
    const Variable total = log(sum(exp(x - largest), Axis(axes)));
    return total + largest.reshape(total.shape());
}

Variable expand_softmax(const CompositeArgs& args)
{
    const Axis axes(axes_of(args));
    const Variable e = exp(relative(args.x[0], axes.axes));
    const Variable total = sum(e, axes, true);
    return e * (1 / where(total == 0, 1, total)); // a line has one division: total >= 1
}

Variable expand_log_softmax(const CompositeArgs& args)
{
    const Axis axes(axes_of(args));
    const Variable shifted = relative(args.x[0], axes.axes);
    const Variable total = sum(exp(shifted), axes, true);
    return shifted - log(where(total == 0, 1, total));
}

Shape softmax_shape(ShapeArgs& args)
{
    detail::check_ascending_axes(args, args.params_as<ReduceParams>().axes, args.shape(0).size());
    return args.shape(0);
}

constexpr Op logsumexp_op{
    .name = "logsumexp",
    .doc = "log(sum(exp(x))) over axes, relative to the largest element; -inf of none.",
    .dtype = promote_to_float,
    .shape =
        [](ShapeArgs& args) {
            const Shape shape = softmax_shape(args);
            return without_axes(shape, args.params_as<ReduceParams>().axes);
        },
    .lowering = Composite{expand_logsumexp},
    .reference = DerivedReference{},
    .grad = [](const GeneralGrad& g) -> Variables {
        const auto& axes = g.params_as<ReduceParams>().axes;
        return {spread(g.y_bar[0], g.x[0].shape(), axes) * softmax(g.x[0], Axis(axes))};
    },
    .batch = batch_axes<ReduceParams>,
    .params = create_params<ReduceParams>,
};

constexpr Op softmax_op{
    .name = "softmax",
    .doc = "exp(x) / sum(exp(x)) over axes, relative to the largest element; 0 where all are -inf, "
           "NaN "
           "where one is inf.",
    .dtype = promote_to_float,
    .shape = softmax_shape,
    .lowering = Composite{expand_softmax},
    .reference = DerivedReference{},
    .grad = [](const GeneralGrad& g) -> Variables {
        const Axis axes(g.params_as<ReduceParams>().axes);
        const Variable& y = g.y[0];
        return {y * (g.y_bar[0] - sum(g.y_bar[0] * y, axes, true))};
    },
    .batch = batch_axes<ReduceParams>,
    .params = create_params<ReduceParams>,
};

constexpr Op log_softmax_op{
    .name = "log_softmax",
    .doc = "x - logsumexp(x) over axes; -inf where all are -inf.",
    .dtype = promote_to_float,
    .shape = softmax_shape,
    .lowering = Composite{expand_log_softmax},
    .reference = DerivedReference{},
    .grad = [](const GeneralGrad& g) -> Variables {
        const Axis axes(g.params_as<ReduceParams>().axes);
        return {g.y_bar[0] - exp(g.y[0]) * sum(g.y_bar[0], axes, true)};
    },
    .batch = batch_axes<ReduceParams>,
    .params = create_params<ReduceParams>,
};

Variable over_axes(const Op& op, const Variable& x, const Axis& axes, Where where)
{
    return reduce(op, x, axes.axes, false, locate(where));
}

} // namespace

Variable logsumexp(const Variable& x, Where where)
{
    return over_axes(logsumexp_op, x, Axis(all_axes(x)), where);
}
Variable logsumexp(const Variable& x, const Axis& axes, bool keep, Where where)
{
    return reduce(logsumexp_op, x, axes.axes, keep, locate(where));
}
Variable softmax(const Variable& x, const Axis& axes, Where where)
{
    return over_axes(softmax_op, x, axes, where);
}
Variable log_softmax(const Variable& x, const Axis& axes, Where where)
{
    return over_axes(log_softmax_op, x, axes, where);
}

std::span<const Op* const> softmax_ops()
{
    static constexpr const Op* ops[] = {&logsumexp_op, &softmax_op, &log_softmax_op};
    return ops;
}

} // namespace croton::inline v1
