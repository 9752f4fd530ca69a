#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/computed_dtype.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/compare_logic.hpp>
#include <croton/ir/ops/index.hpp>
#include <croton/ir/ops/join.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/prefix.hpp>
#include <croton/ir/ops/reduce.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/reference.hpp>

#include <algorithm>

#include "param_checks.hpp"

namespace croton::inline v1 {

Axis::Axis(std::initializer_list<int> several) : axes(several) {}

namespace {

Shape reduced_shape(ShapeArgs& args)
{
    const auto& axes = args.params_as<ReduceParams>().axes;
    detail::check_ascending_axes(args, axes, args.shape(0).size());
    return without_axes(args.shape(0), axes);
}

/// A position needs an element to point at.
Shape position_shape(ShapeArgs& args)
{
    Shape shape = reduced_shape(args);
    for (int axis : args.params_as<ReduceParams>().axes) {
        const Extent& n = args.shape(0)[static_cast<std::size_t>(axis)];
        if (n.is_known() && n.value() == 0)
            args.refuse(Code::shape,
                        fmt::format("axis {} of {} is empty", axis, to_string(args.shape(0))));
        args.require_at_most(1, n, fmt::format("on axis {} of {{}}", axis), {args.shape(0)});
    }
    return shape;
}

void position_dtype(DTypeArgs& args)
{
    same_dtype(args);
    args.result = DType::i64;
    args.named = true;
}

void truth_dtype(DTypeArgs& args)
{
    args.operands[0].dtype = DType::boolean;
    args.result = DType::boolean;
}

/// y_bar as an array of x's shape.
Variable spread_bar(const GeneralGrad& g)
{
    return spread(g.y_bar[0], g.x[0].shape(), g.params_as<ReduceParams>().axes);
}

/// Which elements equal the extreme.
Variable equal_extreme(const GeneralGrad& g)
{
    return g.x[0] == spread(g.y[0], g.x[0].shape(), g.params_as<ReduceParams>().axes);
}

/// y_bar shared by the elements that `hit`.
Variables shared_bar(const GeneralGrad& g, const Variable& hit)
{
    const auto& axes = g.params_as<ReduceParams>().axes;
    const Shape shape = g.x[0].shape();
    const DType dtype = g.y_bar[0].dtype();
    const DType computed = computed_dtype(dtype);
    const Variable count = sum(cast(hit, computed), Axis(axes));
    const Variable each = cast(g.y_bar[0], computed) / count;
    return {where(hit, cast(spread(each, shape, axes), dtype), 0)};
}

/// Shared by those that are NaN, as the extreme is then: as PyTorch's max; others give NaN to all
/// elements. A gradient of 0 would hide it.
Variables extreme_grad(const GeneralGrad& g)
{
    return shared_bar(g, equal_extreme(g) || isnan(g.x[0]));
}

/// Products of the elements before (after) each one along the last axis: 1 for the first (last).
Variable exclusive_products(const Variable& x, bool after)
{
    const Shape shape = x.shape();
    const auto last = static_cast<std::size_t>(x.rank() - 1);
    SliceParams kept = whole(shape);
    Shape one = shape;
    one[last] = 1;
    const Variable running = cumprod(x, -1, after);
    // Shifted by one: padded on one side, then cut on the other, which holds for an empty axis too.
    Shape none(shape.size(), 0);
    Shape front = none;
    front[last] = 1;
    SliceParams cut = whole(shape);
    if (after) {
        cut.start[last] = 1;
        cut.stop[last] = shape[last] + 1;
        return slice_of(pad(running, none, front, 1), cut);
    }
    return slice_of(pad(running, front, none, 1), cut);
}

/// y_bar times the product of all other elements, from products on either side: no division, so
/// zeros do no harm.
Variables prod_grad(const GeneralGrad& g)
{
    const auto& axes = g.params_as<ReduceParams>().axes;
    const Shape shape = g.x[0].shape();
    std::vector<int> order;
    for (int i : all_axes(g.x[0]))
        if (!std::ranges::count(axes, i)) order.push_back(i);
    order.insert(order.end(), axes.begin(), axes.end());
    const bool moves = !std::ranges::is_sorted(order);
    const Variable last = moves ? transpose(g.x[0], order) : g.x[0];
    Shape rows = without_axes(shape, axes);
    Extent count = 1;
    for (int i : axes)
        count = count * shape[static_cast<std::size_t>(i)];
    rows.push_back(count);
    const Variable x = last.reshape(rows);
    const Variable others = exclusive_products(x, false) * exclusive_products(x, true);
    const Variable moved = others.reshape(last.shape());
    std::vector<int> back(order.size());
    for (std::size_t i = 0; i < order.size(); ++i)
        back[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
    return {spread_bar(g) * (moves ? transpose(moved, back) : moved)};
}

constexpr std::string_view position_reason = "a position is an integer";
constexpr std::string_view truth_reason = "a truth value is piecewise constant";

constexpr Op sum_op{
    .name = "sum",
    .doc = "Sum over axes; bool and integers widen to 64 bits. The sum of no elements is 0.",
    .dtype = widen_sum,
    .shape = reduced_shape,
    .lowering = Reduce{Monoid::sum},
    .reference = reference::reduce<Monoid::sum>,
    .grad = [](const GeneralGrad& g) -> Variables { return {spread_bar(g)}; },
    .params = create_params<ReduceParams>,
};

constexpr Op prod_op{
    .name = "prod",
    .doc =
        "Product over axes; bool and integers widen to 64 bits. The product of no elements is 1.",
    .dtype = widen_sum,
    .shape = reduced_shape,
    .lowering = Reduce{Monoid::prod},
    .reference = reference::reduce<Monoid::prod>,
    .grad = prod_grad,
    .params = create_params<ReduceParams>,
};

constexpr Op max_op{
    .name = "max",
    .doc = "Largest element over axes, NaN if there is one; -inf or the smallest integer of none.",
    .dtype = same_dtype,
    .shape = reduced_shape,
    .lowering = Reduce{Monoid::max},
    .reference = reference::reduce<Monoid::max>,
    .grad = extreme_grad,
    .params = create_params<ReduceParams>,
};

constexpr Op max_number_op{
    .name = "max_number",
    .doc = "Largest element over axes that is no NaN; -inf where there is none.",
    .dtype = promote_to_float,
    .shape = reduced_shape,
    .lowering = Reduce{Monoid::max_number},
    .reference = reference::reduce<Monoid::max_number>,
    .grad = [](const GeneralGrad& g) { return shared_bar(g, equal_extreme(g)); },
    .params = create_params<ReduceParams>,
};

constexpr Op min_op{
    .name = "min",
    .doc = "Smallest element over axes, NaN if there is one; inf or the largest integer of none.",
    .dtype = same_dtype,
    .shape = reduced_shape,
    .lowering = Reduce{Monoid::min},
    .reference = reference::reduce<Monoid::min>,
    .grad = extreme_grad,
    .params = create_params<ReduceParams>,
};

constexpr Op any_op{
    .name = "any",
    .doc = "Whether any element over axes is not zero; false of none.",
    .dtype = truth_dtype,
    .shape = reduced_shape,
    .lowering = Reduce{Monoid::any},
    .reference = reference::reduce<Monoid::any>,
    .grad = not_differentiable(truth_reason),
    .params = create_params<ReduceParams>,
};

constexpr Op all_op{
    .name = "all",
    .doc = "Whether every element over axes is not zero; true of none.",
    .dtype = truth_dtype,
    .shape = reduced_shape,
    .lowering = Reduce{Monoid::all},
    .reference = reference::reduce<Monoid::all>,
    .grad = not_differentiable(truth_reason),
    .params = create_params<ReduceParams>,
};

constexpr Op argmax_op{
    .name = "argmax",
    .doc = "Position of the first largest element, in C order of the axes; NaN counts as largest.",
    .dtype = position_dtype,
    .shape = position_shape,
    .lowering = Reduce{Monoid::argmax},
    .reference = reference::reduce<Monoid::argmax>,
    .grad = not_differentiable(position_reason),
    .params = create_params<ReduceParams>,
};

constexpr Op argmin_op{
    .name = "argmin",
    .doc =
        "Position of the first smallest element, in C order of the axes; NaN counts as smallest.",
    .dtype = position_dtype,
    .shape = position_shape,
    .lowering = Reduce{Monoid::argmin},
    .reference = reference::reduce<Monoid::argmin>,
    .grad = not_differentiable(position_reason),
    .params = create_params<ReduceParams>,
};

} // namespace

Shape without_axes(const Shape& shape, const std::vector<int>& axes)
{
    Shape rest;
    for (std::size_t i = 0; i < shape.size(); ++i)
        if (!std::ranges::count(axes, static_cast<int>(i))) rest.push_back(shape[i]);
    return rest;
}

Variable keep_axes(const Variable& y, const Shape& shape, const std::vector<int>& axes)
{
    Shape ones = shape;
    for (int axis : axes)
        ones[static_cast<std::size_t>(axis)] = 1;
    return y.reshape(ones);
}

Variable spread(const Variable& y, const Shape& shape, const std::vector<int>& axes)
{
    return broadcast_to(keep_axes(y, shape, axes), shape);
}

std::vector<int> all_axes(const Variable& x)
{
    if (x.is_empty()) return {}; // what takes them refuses it
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
    if (x.is_empty() || x.type().is_pattern()) // of an empty one apply says so
        return apply(op, std::span(&x, 1), make_params(ReduceParams{axes}), where);
    const std::vector<int> normal = normalize_axes(axes, x.rank(), op.name, where);
    const Variable y = apply(op, std::span(&x, 1), make_params(ReduceParams{normal}), where);
    const OriginScope origin(where);
    return keep ? keep_axes(y, x.shape(), normal) : y;
}

Variable sum(const Variable& x, Where where)
{
    return reduce(sum_op, x, all_axes(x), false, locate(where));
}
Variable sum(const Variable& x, const Axis& axes, bool keep, Where where)
{
    return reduce(sum_op, x, axes.axes, keep, locate(where));
}

Variable prod(const Variable& x, Where where)
{
    return reduce(prod_op, x, all_axes(x), false, locate(where));
}
Variable prod(const Variable& x, const Axis& axes, bool keep, Where where)
{
    return reduce(prod_op, x, axes.axes, keep, locate(where));
}

Variable max(const Variable& x, Where where)
{
    return reduce(max_op, x, all_axes(x), false, locate(where));
}
Variable max(const Variable& x, const Axis& axes, bool keep, Where where)
{
    return reduce(max_op, x, axes.axes, keep, locate(where));
}

Variable max_number(const Variable& x, Where where)
{
    return reduce(max_number_op, x, all_axes(x), false, locate(where));
}
Variable max_number(const Variable& x, const Axis& axes, bool keep, Where where)
{
    return reduce(max_number_op, x, axes.axes, keep, locate(where));
}

Variable min(const Variable& x, Where where)
{
    return reduce(min_op, x, all_axes(x), false, locate(where));
}
Variable min(const Variable& x, const Axis& axes, bool keep, Where where)
{
    return reduce(min_op, x, axes.axes, keep, locate(where));
}

Variable any(const Variable& x, Where where)
{
    return reduce(any_op, x, all_axes(x), false, locate(where));
}
Variable any(const Variable& x, const Axis& axes, bool keep, Where where)
{
    return reduce(any_op, x, axes.axes, keep, locate(where));
}

Variable all(const Variable& x, Where where)
{
    return reduce(all_op, x, all_axes(x), false, locate(where));
}
Variable all(const Variable& x, const Axis& axes, bool keep, Where where)
{
    return reduce(all_op, x, axes.axes, keep, locate(where));
}

Variable argmax(const Variable& x, Where where)
{
    return reduce(argmax_op, x, all_axes(x), false, locate(where));
}
Variable argmax(const Variable& x, const Axis& axes, bool keep, Where where)
{
    return reduce(argmax_op, x, axes.axes, keep, locate(where));
}

Variable argmin(const Variable& x, Where where)
{
    return reduce(argmin_op, x, all_axes(x), false, locate(where));
}
Variable argmin(const Variable& x, const Axis& axes, bool keep, Where where)
{
    return reduce(argmin_op, x, axes.axes, keep, locate(where));
}

std::span<const Op* const> reduce_ops()
{
    static constexpr const Op* ops[] = {&sum_op, &prod_op, &max_op,    &max_number_op, &min_op,
                                        &any_op, &all_op,  &argmax_op, &argmin_op};
    return ops;
}

} // namespace croton::inline v1
