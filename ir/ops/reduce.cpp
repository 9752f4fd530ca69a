#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/reduce.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/reference.hpp>

#include <algorithm>

namespace croton::inline v1 {

namespace {

Shape reduced_shape(ShapeArgs& args)
{
    const auto& axes = args.params_as<ReduceParams>().axes;
    Shape shape;
    for (std::size_t i = 0; i < args.shape(0).size(); ++i)
        if (!std::ranges::count(axes, static_cast<int>(i))) shape.push_back(args.shape(0)[i]);
    return shape;
}

/// y with the reduced axes put back with extent 1, then stretched to x's shape.
Variable spread(const Variable& y, const GeneralGrad& g)
{
    Shape ones = g.x[0].shape();
    for (int axis : g.params_as<ReduceParams>().axes)
        ones[static_cast<std::size_t>(axis)] = 1;
    return broadcast_to(y.reshape(ones), g.x[0].shape(), g.apply.location());
}

constexpr Op sum_op{
    .name = "sum",
    .doc = "Sum over axes; bool and integers widen to 64 bits. The sum of no elements is 0.",
    .dtype = widen_sum,
    .shape = reduced_shape,
    .lowering = Reduce{Monoid::sum},
    .reference = reference::reduce<Monoid::sum>,
    .grad = [](const GeneralGrad& g) -> Variables { return {spread(g.y_bar[0], g)}; },
    .params = create_params<ReduceParams>,
};

} // namespace

std::vector<int> all_axes(const Variable& x)
{
    std::vector<int> axes(static_cast<std::size_t>(x.rank()));
    for (std::size_t i = 0; i < axes.size(); ++i)
        axes[i] = static_cast<int>(i);
    return axes;
}

Variable reduce(const Op& op,
                const Variable& x,
                const std::vector<int>& axes,
                bool keep,
                const Location* where)
{
    if (x.type().is_pattern())
        return apply(op, std::span(&x, 1), make_params(ReduceParams{axes}), where);
    std::vector<int> normal;
    for (int axis : axes) {
        normal.push_back(normalize_axis(axis, x.rank(), op.name, where));
        if (std::ranges::count(normal, normal.back()) > 1)
            throw user_error(Code::index, where, op.name, "axis {} is given twice", axis);
    }
    std::ranges::sort(normal);
    const Variable y = apply(op, std::span(&x, 1), make_params(ReduceParams{normal}), where);
    if (!keep) return y;
    Shape shape = x.shape();
    for (int axis : normal)
        shape[static_cast<std::size_t>(axis)] = 1;
    OriginScope origin(where);
    return y.reshape(shape);
}

Variable sum(const Variable& x, Where where)
{
    return reduce(sum_op, x, all_axes(x), false, locate(where));
}
Variable sum(const Variable& x, const Axis& axes, bool keep, Where where)
{
    return reduce(sum_op, x, axes.axes, keep, locate(where));
}

std::span<const Op* const> reduce_ops()
{
    static constexpr const Op* ops[] = {&sum_op};
    return ops;
}

} // namespace croton::inline v1
