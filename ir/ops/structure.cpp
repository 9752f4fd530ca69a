#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/reduce.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/reference.hpp>

#include "param_checks.hpp"

namespace croton::inline v1 {

// ---- cast

constexpr Op cast_op{
    .name = "cast",
    .doc =
        "Elements converted to another dtype. Integers wrap; NaN to an integer is 0 and values out "
        "of range clamp; anything but 0 is true.",
    .dtype =
        [](DTypeArgs& args) {
            args.result = params_cast<CastParams>(args.params).to;
            args.named = true;
            refuse_complex(args.result, args.op.name, args.where);
            refuse_complex(args.operands[0].dtype, args.op.name, args.where);
        },
    .shape = shape_of_first,
    .lowering = Pointwise{.real = "cast_{r}_{t}({a})", .finite_slopes = true},
    .reference =
        [](const ReferenceArgs& args) { return args.x[0].cast(args.params_as<CastParams>().to); },
    .grad = [](const GeneralGrad& g) -> Variables {
        const DType from = g.x[0].dtype();
        if (!is_float(from) || !is_float(g.y[0].dtype())) return {Variable()};
        return {cast(g.y_bar[0], from, gradient_place(g.apply))};
    },
    .params = create_params<CastParams>,
};

Variable cast(const Variable& x, DType to, const Location* where)
{
    if (!x.type().is_pattern() && x.dtype() == to && !x.is_weak()) return x;
    return apply(cast_op, std::span(&x, 1), make_params(CastParams{to}), where);
}
Variable cast(const Variable& x, DType to, Where where)
{
    refuse_empty("cast", where, {&x});
    return cast(x, to, locate(where));
}

// ---- broadcast_to

namespace {

/// Why `from` never broadcasts to `to`; empty where it may.
std::string broadcast_misfit(const Shape& from, const Shape& to)
{
    if (from.size() > to.size())
        return fmt::format("it has {}, not {}", counted(from.size(), "axis", "axes"), to.size());
    const std::size_t added = to.size() - from.size();
    for (std::size_t i = 0; i < from.size(); ++i)
        if (!same(from[i], 1) && never_equal(from[i], to[added + i]))
            return fmt::format("axis {} is {}, not {}", i, to_string(from[i]),
                               to_string(to[added + i]));
    return {};
}

} // namespace

void detail::check_broadcast(const Shape& value,
                             const Shape& shape,
                             std::string_view function,
                             const Location* where)
{
    const std::string misfit = broadcast_misfit(value, shape);
    if (!misfit.empty())
        throw user_error(Code::shape, where, function,
                         "shape {} of the value does not broadcast to {}, that of the places: {}",
                         to_string(value), to_string(shape), misfit);
}

namespace {

Shape broadcast_to_shape(ShapeArgs& args)
{
    const Shape& from = args.shape(0);
    const Shape& to = args.params_as<ShapeParams>().shape;
    if (const std::string misfit = broadcast_misfit(from, to); !misfit.empty())
        args.refuse(Code::shape, fmt::format("shape {} does not broadcast to {}: {}",
                                             to_string(from), to_string(to), misfit));
    const std::size_t added = to.size() - from.size();
    for (std::size_t i = 0; i < from.size(); ++i) {
        if (from[i].is_known() && from[i].value() == 1) continue;
        if (!same(from[i], to[added + i]))
            args.require_equal(from[i], to[added + i],
                               fmt::format("axis {} of {{}}, broadcast to {{}},", i), {from, to});
    }
    return to;
}

/// Axes that a broadcast adds in front, and those it stretches.
std::vector<int> broadcast_axes(const Shape& from, const Shape& to)
{
    std::vector<int> axes;
    const std::size_t added = to.size() - from.size();
    for (std::size_t i = 0; i < to.size(); ++i) {
        const bool one = i >= added && from[i - added].is_known() && from[i - added].value() == 1;
        if (i < added || (one && !same(from[i - added], to[i])))
            axes.push_back(static_cast<int>(i));
    }
    return axes;
}

} // namespace

constexpr Op broadcast_to_op{
    .name = "broadcast_to",
    .doc = "Axes of extent 1 repeated, and new axes in front, as NumPy broadcasts.",
    .dtype = same_dtype,
    .shape = broadcast_to_shape,
    .lowering = IndexMap{[](const IndexMapArgs& args) {
        const Shape& from = args.operands[0].shape();
        IndexPiece piece{0, {}};
        const std::size_t added = args.out.size() - from.size();
        for (std::size_t i = 0; i < from.size(); ++i) {
            const bool one = from[i].is_known() && from[i].value() == 1;
            piece.index.push_back(one ? Extent(0) : args.out[added + i]);
        }
        return std::vector<IndexPiece>{piece};
    }},
    .reference = reference::broadcast_to,
    .grad = [](const GeneralGrad& g) -> Variables {
        const Shape from = g.x[0].shape();
        const Variable total = sum(g.y_bar[0], Axis(broadcast_axes(from, g.y[0].shape())), false);
        return {same(total.shape(), from) ? total : total.reshape(from)};
    },
    .batch =
        [](const BatchArgs& args) {
            Shape to = args.params_as<ShapeParams>().shape;
            // The axes that it adds go between the members and the axes that there are.
            Shape from = args.all(0).shape();
            from.insert(from.begin() + 1, to.size() + 1 - from.size(), 1);
            to.insert(to.begin(), args.members);
            return broadcast_to(reshape(args.all(0), from), to);
        },
    .params = create_params<ShapeParams>,
};

Variable broadcast_to(const Variable& x, const Shape& shape, const Location* where)
{
    if (!x.type().is_pattern() && same(x.shape(), shape)) return x;
    return apply(broadcast_to_op, std::span(&x, 1), make_params(ShapeParams{shape}), where);
}
Variable broadcast_to(const Variable& x, const Shape& shape, Where where)
{
    refuse_empty("broadcast_to", where, {&x});
    return broadcast_to(x, shape, locate(where));
}

// ---- extent_value

constexpr Op extent_value_op{
    .name = "extent_value",
    .doc = "The value that an extent has when the function runs, a 0-d i64.",
    .dtype = [](DTypeArgs& args) { args.result = DType::i64; },
    .shape = [](ShapeArgs&) { return Shape{}; },
    .lowering =
        Iota{[](const IndexMapArgs& args) { return args.params_as<ExtentParams>().extent; }},
    .reference =
        [](const ReferenceArgs& args) {
            return Array::scalar(args.params_as<ExtentParams>().extent.value());
        },
    .grad = not_differentiable("an extent is an integer"),
    .arity = 0,
    .params = create_params<ExtentParams>,
};

Variable::Variable(const Extent& extent, Where where)
{
    const Location* place = locate(where);
    if (extent.is_known()) {
        *this = croton::constant(Array::scalar(extent.value()), place, true);
        return;
    }
    const Type type(DType::i64, {});
    *this =
        rebuild(extent_value_op, {}, make_params(ExtentParams{extent}), {&type, 1}, place, true)[0];
}

std::span<const Op* const> structure_ops()
{
    static constexpr const Op* ops[] = {&cast_op, &broadcast_to_op, &extent_value_op};
    return ops;
}

} // namespace croton::inline v1
