#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/computed_dtype.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/reduce.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>

#include "param_checks.hpp"

namespace croton::inline v1 {

namespace {

/// How many elements are reduced to one.
Extent count_of(const Shape& shape, const std::vector<int>& axes)
{
    Extent count = 1;
    for (int axis : axes)
        count = count * shape[static_cast<std::size_t>(axis)];
    return count;
}

struct VarParams {
    std::vector<int> axes;
    int ddof = 0;
    static constexpr auto fields =
        std::tuple{field("axes", &VarParams::axes), field("ddof", &VarParams::ddof)};
};

/// What the sum of squares is divided by.
Variable divisor(const Shape& shape, const VarParams& p)
{
    const Extent count = count_of(shape, p.axes) - p.ddof;
    return Variable(p.ddof > 0 ? maximum(count, 0) : count);
}

/// In what moments are computed.
Variable computed(const Variable& x) { return cast(x, computed_dtype(x.dtype())); }

/// x minus its mean over axes.
Variable centred(const Variable& x, const std::vector<int>& axes)
{
    return x - mean(x, Axis(axes), true);
}

constexpr Op mean_op{
    .name = "mean",
    .doc = "Sum over axes by their count, in floats; NaN of none.",
    .dtype = promote_to_float,
    .shape =
        [](ShapeArgs& args) {
            const auto& axes = args.params_as<ReduceParams>().axes;
            detail::check_ascending_axes(args, axes, args.shape(0).size());
            return without_axes(args.shape(0), axes);
        },
    .lowering = Composite{[](const CompositeArgs& args) {
        const auto& axes = args.params_as<ReduceParams>().axes;
        const Variable total = sum(computed(args.x[0]), Axis(axes));
        return cast(total / Variable(count_of(args.x[0].shape(), axes)), args.x[0].dtype());
    }},
    .reference = DerivedReference{},
    .grad = [](const GeneralGrad& g) -> Variables {
        const auto& axes = g.params_as<ReduceParams>().axes;
        const Shape shape = g.x[0].shape();
        const Variable each = computed(g.y_bar[0]) / Variable(count_of(shape, axes));
        return {cast(spread(each, shape, axes), g.x[0].dtype())};
    },
    .batch = batch_axes<ReduceParams>,
    .params = create_params<ReduceParams>,
};

Shape var_shape(ShapeArgs& args)
{
    const auto& axes = args.params_as<VarParams>().axes;
    detail::check_ascending_axes(args, axes, args.shape(0).size());
    return without_axes(args.shape(0), axes);
}

constexpr Op var_op{
    .name = "var",
    .doc =
        "sum((x - mean(x))^2) / max(count - ddof, 0) over axes, in floats; so inf, or NaN of equal "
        "elements, where count <= ddof.",
    .dtype = promote_to_float,
    .shape = var_shape,
    .lowering = Composite{[](const CompositeArgs& args) {
        const auto& p = args.params_as<VarParams>();
        const Variable x = computed(args.x[0]);
        const Variable total = sum(square(centred(x, p.axes)), Axis(p.axes));
        return cast(total / divisor(x.shape(), p), args.x[0].dtype());
    }},
    .reference = DerivedReference{},
    .grad = [](const GeneralGrad& g) -> Variables {
        const auto& p = g.params_as<VarParams>();
        const Variable x = computed(g.x[0]);
        const Variable scale = computed(g.y_bar[0]) * 2 / divisor(x.shape(), p);
        return {cast(spread(scale, x.shape(), p.axes) * centred(x, p.axes), g.x[0].dtype())};
    },
    .batch = batch_axes<VarParams>,
    .params = create_params<VarParams>,
};

constexpr Op std_op{
    .name = "stddev",
    .doc = "sqrt(var(x)) over axes.",
    .dtype = promote_to_float,
    .shape = var_shape,
    .lowering = Composite{[](const CompositeArgs& args) {
        const auto& p = args.params_as<VarParams>();
        const Variable variance = var(computed(args.x[0]), Axis(p.axes), false, p.ddof);
        return cast(sqrt(variance), args.x[0].dtype());
    }},
    .reference = DerivedReference{},
    .grad = [](const GeneralGrad& g) -> Variables {
        const auto& p = g.params_as<VarParams>();
        const Variable x = computed(g.x[0]);
        const Variable scale = computed(g.y_bar[0]) / (computed(g.y[0]) * divisor(x.shape(), p));
        return {cast(spread(scale, x.shape(), p.axes) * centred(x, p.axes), g.x[0].dtype())};
    },
    .batch = batch_axes<VarParams>,
    .params = create_params<VarParams>,
};

Variable moment(const Op& op,
                const Variable& x,
                const Axis& axes,
                bool keep,
                int ddof,
                const Location* where)
{
    const bool pattern = x.is_empty() || x.type().is_pattern(); // apply refuses an empty one
    const std::vector<int> normal =
        pattern ? axes.axes : normalize_axes(axes.axes, x.rank(), op.name, where);
    const Variable y = apply(op, std::span(&x, 1), make_params(VarParams{normal, ddof}), where);
    const OriginScope origin(where);
    return keep && !pattern ? keep_axes(y, x.shape(), normal) : y;
}

} // namespace

Variable mean(const Variable& x, Where where)
{
    return reduce(mean_op, x, all_axes(x), false, locate(where));
}
Variable mean(const Variable& x, const Axis& axes, bool keep, Where where)
{
    return reduce(mean_op, x, axes.axes, keep, locate(where));
}
Variable var(const Variable& x, Where where)
{
    return moment(var_op, x, Axis(all_axes(x)), false, 0, locate(where));
}
Variable var(const Variable& x, const Axis& axes, bool keep, int ddof, Where where)
{
    return moment(var_op, x, axes, keep, ddof, locate(where));
}
Variable stddev(const Variable& x, Where where)
{
    return moment(std_op, x, Axis(all_axes(x)), false, 0, locate(where));
}
Variable stddev(const Variable& x, const Axis& axes, bool keep, int ddof, Where where)
{
    return moment(std_op, x, axes, keep, ddof, locate(where));
}

std::span<const Op* const> moment_ops()
{
    static constexpr const Op* ops[] = {&mean_op, &var_op, &std_op};
    return ops;
}

} // namespace croton::inline v1
