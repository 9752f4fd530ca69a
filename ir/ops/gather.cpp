#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/compare_logic.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/ops/gather.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/reference.hpp>

#include <algorithm>

#include "param_checks.hpp"

namespace croton::inline v1 {

namespace {

void check_index_dtypes(DTypeArgs& args, std::size_t first)
{
    same_dtype(args);
    for (std::size_t i = first; i < args.operands.size(); ++i) {
        OperandDType& o = args.operands[i];
        if (!is_integer(o.dtype)) args.refuse("indices must be integers");
        if (o.weak) o.dtype = DType::i64;
    }
}

void gather_dtype(DTypeArgs& args) { check_index_dtypes(args, 1); }

void scatter_dtype(DTypeArgs& args)
{
    check_index_dtypes(args, 2);
    detail::first_dtype(args);
}

/// The data's axes that no index addresses, with the index axes put among them.
Shape gathered_shape(const Shape& x, const Shape& index, const GatherParams& p)
{
    Shape shape;
    for (std::size_t i = 0; i < x.size(); ++i)
        if (!std::ranges::count(p.axes, static_cast<int>(i))) shape.push_back(x[i]);
    shape.insert(shape.begin() + p.position, index.begin(), index.end());
    return shape;
}

/// `first`: the operand that is the first index.
Shape gathered_shape(const ShapeArgs& args, std::size_t first)
{
    const auto& p = args.params_as<GatherParams>();
    const std::size_t rank = args.shape(0).size();
    detail::check_ascending_axes(args, p.axes, rank);
    detail::check_count(args, p.axes.size(), args.operands.size() - first);
    const std::size_t others = rank - p.axes.size();
    if (p.position < 0 || static_cast<std::size_t>(p.position) > others)
        args.refuse(Code::shape,
                    fmt::format("its parameters have position {} of {}", p.position, others));
    return gathered_shape(args.shape(0), args.shape(first), p);
}

void require_one_shape(ShapeArgs& args, std::size_t first)
{
    if (args.operands.size() <= first) args.refuse(Code::shape, "it has no index");
    for (std::size_t k = first + 1; k < args.operands.size(); ++k) {
        detail::check_rank(args, k, args.shape(first).size());
        for (std::size_t i = 0; i < args.shape(first).size(); ++i)
            args.require_equal(args.shape(first)[i], args.shape(k)[i],
                               fmt::format("axis {} of indices {{}} and {{}}", i),
                               {args.shape(first), args.shape(k)});
    }
}

Shape gather_shape(ShapeArgs& args)
{
    require_one_shape(args, 1);
    return gathered_shape(args, 1);
}

Shape scatter_shape(ShapeArgs& args)
{
    require_one_shape(args, 2);
    const Shape wanted = gathered_shape(args, 2);
    const Shape& values = args.shape(1);
    if (values.size() != wanted.size())
        args.refuse(Code::shape, fmt::format("the values have shape {}, the places {}",
                                             to_string(values), to_string(wanted)));
    for (std::size_t i = 0; i < wanted.size(); ++i)
        args.require_equal(values[i], wanted[i],
                           fmt::format("axis {} of values {{}} and of places {{}}", i),
                           {values, wanted});
    return args.shape(0);
}

/// `out` is an index into the gathered array; `first` the operand that is the first index.
std::vector<GatherAxis> places(const IndexMapArgs& args, std::size_t first)
{
    const auto& p = args.params_as<GatherParams>();
    const auto rank = static_cast<std::size_t>(args.operands[0].rank());
    const auto index_rank = static_cast<std::size_t>(args.operands[first].rank());
    const auto position = static_cast<std::size_t>(p.position);
    const auto index_part = args.out.subspan(position, index_rank);
    std::vector<GatherAxis> axes;
    std::size_t rest = 0;
    for (std::size_t i = 0; i < rank; ++i) {
        const auto k = std::ranges::find(p.axes, static_cast<int>(i)) - p.axes.begin();
        if (k < static_cast<std::ptrdiff_t>(p.axes.size())) {
            axes.push_back({static_cast<int>(first) + static_cast<int>(k),
                            {index_part.begin(), index_part.end()}});
        } else {
            axes.push_back({-1, {args.out[rest < position ? rest : rest + index_rank]}});
            ++rest;
        }
    }
    return axes;
}

Variables indices_of(const GeneralGrad& g, std::size_t first)
{
    return {g.x.begin() + static_cast<std::ptrdiff_t>(first), g.x.end()};
}

/// The cotangents with none for the indices.
Variables no_index_bars(Variables bars, const GeneralGrad& g)
{
    bars.resize(g.x.size());
    return bars;
}

bool any_batched(const BatchArgs& args, std::size_t first)
{
    return std::find(args.batched.begin() + static_cast<std::ptrdiff_t>(first), args.batched.end(),
                     true) != args.batched.end();
}

/// The parameters on data of all members. Where they have indices of their own, the first index is
/// the member's number.
GatherParams batch_places(const BatchArgs& args, bool own_indices)
{
    GatherParams p = args.params_as<GatherParams>();
    for (int& axis : p.axes)
        ++axis;
    if (own_indices)
        p.axes.insert(p.axes.begin(), 0);
    else
        ++p.position;
    return p;
}

/// The operands from `first` on, with the member's number before them.
Variables own_indices(const BatchArgs& args, std::size_t first)
{
    Variables indices;
    for (std::size_t i = first; i < args.x.size(); ++i)
        indices.push_back(args.all(i));
    indices.insert(indices.begin(), iota(indices[0].shape(), 0));
    return indices;
}

Variable batch_gather(const BatchArgs& args)
{
    const int position = args.params_as<GatherParams>().position;
    Variables operands{args.x[0]};
    if (!any_batched(args, 1)) { // whole members, at the same places of each
        operands.insert(operands.end(), args.x.begin() + 1, args.x.end());
        return apply(args.apply.op(), operands, make_params(batch_places(args, false)),
                     args.apply.location());
    }
    Variables indices = own_indices(args, 1);
    if (!args.batched[0]) indices.erase(indices.begin());
    operands.insert(operands.end(), indices.begin(), indices.end());
    const Params params =
        args.batched[0] ? make_params(batch_places(args, true)) : args.apply.params();
    return moveaxis(apply(args.apply.op(), operands, params, args.apply.location()), position, 0);
}

Variable batch_scatter(const BatchArgs& args)
{
    const bool own = any_batched(args, 2);
    const int position = args.params_as<GatherParams>().position;
    Variables operands{args.all(0), own ? moveaxis(args.all(1), 0, position) : args.all(1)};
    const Variables indices =
        own ? own_indices(args, 2) : Variables(args.x.begin() + 2, args.x.end());
    operands.insert(operands.end(), indices.begin(), indices.end());
    return apply(args.apply.op(), operands, make_params(batch_places(args, own)),
                 args.apply.location());
}

constexpr Op scatter_add_op{
    .name = "scatter_add",
    .doc =
        "x with values added at places that index arrays name; one named twice gets both. Negative "
        "indices count from the end, one out of range is an error of the call.",
    .dtype = scatter_dtype,
    .shape = scatter_shape,
    .lowering = Scatter{true, [](const IndexMapArgs& args) { return places(args, 2); }},
    .reference = reference::scatter_add,
    .grad = [](const GeneralGrad& g) -> Variables {
        const auto& p = g.params_as<GatherParams>();
        return no_index_bars({g.y_bar[0], gather_axes(g.y_bar[0], indices_of(g, 2), p, "gather")},
                             g);
    },
    .batch = batch_scatter,
    .arity = 0,
    .params = create_params<GatherParams>,
};

/// Where each value is the one that stayed: its number, written in its place, is read back there.
Variable stayed(const GeneralGrad& g)
{
    const auto& p = g.params_as<GatherParams>();
    const Variables indices = indices_of(g, 2);
    const Variable number = iota(g.x[1].shape(), -1);
    const Variable empty = full(DType::i64, g.x[0].shape(), -1);
    return gather_axes(scatter_axes(empty, number, indices, p, false, "scatter_set"), indices, p,
                       "gather") == number;
}

constexpr Op scatter_set_op{
    .name = "scatter_set",
    .doc =
        "x with elements replaced at places that index arrays name; of one named twice the last "
        "value in C order stays. Negative indices count from the end, one out of range is an error "
        "of the call.",
    .dtype = scatter_dtype,
    .shape = scatter_shape,
    .lowering = Scatter{false, [](const IndexMapArgs& args) { return places(args, 2); }},
    .reference = reference::scatter_set,
    .grad = [](const GeneralGrad& g) -> Variables {
        const auto& p = g.params_as<GatherParams>();
        const Variables indices = indices_of(g, 2);
        const Variable& y_bar = g.y_bar[0];
        const Variable kept =
            scatter_axes(y_bar, zeros_like(g.x[1]), indices, p, false, "scatter_set");
        return no_index_bars({kept, where(stayed(g), gather_axes(y_bar, indices, p, "gather"), 0)},
                             g);
    },
    .batch = batch_scatter,
    .arity = 0,
    .params = create_params<GatherParams>,
};

constexpr Op gather_op{
    .name = "gather",
    .doc = "Elements at places that index arrays name on some axes, whole on the others. Negative "
           "indices count from the end, one out of range is an error of the call.",
    .dtype = gather_dtype,
    .shape = gather_shape,
    .lowering = Gather{[](const IndexMapArgs& args) { return places(args, 1); }},
    .reference = reference::gather,
    .grad = [](const GeneralGrad& g) -> Variables {
        const auto& p = g.params_as<GatherParams>();
        return no_index_bars({scatter_axes(zeros_like(g.x[0]), g.y_bar[0], indices_of(g, 1), p,
                                           true, "scatter_add")},
                             g);
    },
    .batch = batch_gather,
    .arity = 0,
    .params = create_params<GatherParams>,
};

/// Index arrays of one shape.
Variables broadcast_indices(const Op& op, const Variables& indices, const Location* where)
{
    std::vector<Requirement> again; // broadcast_to states them on the Applies it makes
    const Shape shape = broadcast_shape(op, indices, where, again);
    Variables all;
    for (const Variable& v : indices)
        all.push_back(broadcast_to(v, shape, where));
    return all;
}

void check_indices(const Variables& indices, std::string_view function, const Location* where)
{
    for (const Variable& v : indices)
        if (!is_integer(v.dtype()))
            throw user_error(Code::dtype, where, function, "indices must be integers: {}",
                             v.dtype() == DType::boolean
                                 ? "bool, whose extent would depend on data: use where()"
                                 : name(v.dtype()));
}

bool any_pattern(const Variables& all)
{
    return std::ranges::any_of(all, [](const Variable& v) { return v.type().is_pattern(); });
}

Variables joined(Variables front, const Variables& back)
{
    front.insert(front.end(), back.begin(), back.end());
    return front;
}

// ---- along an axis

Shape along_shape(ShapeArgs& args)
{
    const int axis = args.params_as<AxisParams>().axis;
    const Shape& x = args.shape(0);
    const Shape& index = args.shape(1);
    detail::check_axis(args, axis, x.size());
    detail::check_rank(args, 1, x.size());
    for (std::size_t i = 0; i < x.size(); ++i)
        if (static_cast<int>(i) != axis)
            args.require_equal(x[i], index[i],
                               fmt::format("axis {} of {{}} and of indices {{}}", i), {x, index});
    return index;
}

std::vector<GatherAxis> along_places(const IndexMapArgs& args, int index_operand)
{
    std::vector<GatherAxis> axes;
    for (const Extent& e : args.out)
        axes.push_back({-1, {e}});
    axes[static_cast<std::size_t>(args.params_as<AxisParams>().axis)] = {
        index_operand, {args.out.begin(), args.out.end()}};
    return axes;
}

Variable add_along_axis(const Variable& x, const Variable& values, const Variable& index, int axis);

constexpr Op take_along_axis_op{
    .name = "take_along_axis",
    .doc =
        "out[i.., j, k..] = x[i.., index[i.., j, k..], k..]. Negative indices count from the end, "
        "one out of range is an error of the call.",
    .dtype = gather_dtype,
    .shape = along_shape,
    .lowering = Gather{[](const IndexMapArgs& args) { return along_places(args, 1); }},
    .reference = reference::take_along_axis,
    .grad = [](const GeneralGrad& g) -> Variables {
        return {
            add_along_axis(zeros_like(g.x[0]), g.y_bar[0], g.x[1], g.params_as<AxisParams>().axis),
            Variable()};
    },
    .batch = batch_axis<AxisParams>,
    .arity = 2,
    .params = create_params<AxisParams>,
};

constexpr Op add_along_axis_op{
    .name = "add_along_axis",
    .doc = "x with values[i.., j, k..] added at [i.., index[i.., j, k..], k..].",
    .dtype = scatter_dtype,
    .shape =
        [](ShapeArgs& args) {
            const int axis = args.params_as<AxisParams>().axis;
            const Shape& x = args.shape(0);
            detail::check_axis(args, axis, x.size());
            detail::check_rank(args, 1, x.size());
            detail::check_rank(args, 2, x.size());
            for (std::size_t i = 0; i < x.size(); ++i)
                if (static_cast<int>(i) != axis)
                    args.require_equal(x[i], args.shape(1)[i],
                                       fmt::format("axis {} of {{}} and of values {{}}", i),
                                       {x, args.shape(1)});
            for (std::size_t i = 0; i < args.shape(1).size(); ++i)
                args.require_equal(args.shape(1)[i], args.shape(2)[i],
                                   fmt::format("axis {} of values {{}} and of indices {{}}", i),
                                   {args.shape(1), args.shape(2)});
            return args.shape(0);
        },
    .lowering = Scatter{true, [](const IndexMapArgs& args) { return along_places(args, 2); }},
    .reference = reference::add_along_axis,
    .grad = [](const GeneralGrad& g) -> Variables {
        const int axis = g.params_as<AxisParams>().axis;
        return {g.y_bar[0], take_along_axis(g.y_bar[0], g.x[2], axis), Variable()};
    },
    .batch = batch_axis<AxisParams>,
    .arity = 3,
    .params = create_params<AxisParams>,
};

Variable add_along_axis(const Variable& x, const Variable& values, const Variable& index, int axis)
{
    return apply(add_along_axis_op, {x, values, index}, make_params(AxisParams{axis}));
}

} // namespace

Variable gather_axes(const Variable& x,
                     const Variables& indices,
                     const GatherParams& params,
                     std::string_view function)
{
    const Location* place = locate(Where::current());
    if (any_pattern(joined({x}, indices)))
        return apply(gather_op, joined({x}, indices), make_params(params), place);
    check_indices(indices, function, place);
    return apply(gather_op, joined({x}, broadcast_indices(gather_op, indices, place)),
                 make_params(params), place);
}

Variable scatter_axes(const Variable& x,
                      const Variable& values,
                      const Variables& indices,
                      const GatherParams& params,
                      bool accumulate,
                      std::string_view function)
{
    const Location* place = locate(Where::current());
    const Op& op = accumulate ? scatter_add_op : scatter_set_op;
    if (any_pattern(joined({x, values}, indices)))
        return apply(op, joined({x, values}, indices), make_params(params), place);
    check_indices(indices, function, place);
    const Variables all = broadcast_indices(op, indices, place);
    const Shape wanted = gathered_shape(x.shape(), all[0].shape(), params);
    detail::check_broadcast(values.shape(), wanted, function, place);
    // Converted first: a weak literal takes x's dtype, which a broadcast of it no longer could.
    const Variable ready = literal_as(values, x.dtype(), function, place);
    return apply(op, joined({x, broadcast_to(ready, wanted, place)}, all), make_params(params),
                 place);
}

namespace {
GatherParams first_axes(const Variable& x,
                        const Variables& indices,
                        std::string_view function,
                        const Location* where)
{
    if (indices.empty()) throw user_error(Code::index, where, function, "there are no indices");
    if (!x.type().is_pattern() && indices.size() > x.shape().size())
        throw user_error(Code::index, where, function, "{} for the {} of {}",
                         counted(indices.size(), "index", "indices"),
                         counted(x.rank(), "axis", "axes"), to_string(x.shape()));
    GatherParams p;
    for (std::size_t i = 0; i < indices.size(); ++i)
        p.axes.push_back(static_cast<int>(i));
    return p;
}
} // namespace

Variable gather(const Variable& x, const Variables& indices, Where where)
{
    refuse_empty("gather", where, {&x});
    refuse_empty("gather", where, indices);
    const Location* place = locate(where, "gather");
    const OriginScope origin(place);
    return gather_axes(x, indices, first_axes(x, indices, "gather", place), "gather");
}

Variable
scatter_add(const Variable& x, const Variables& indices, const Variable& values, Where where)
{
    refuse_empty("scatter_add", where, {&x, &values});
    refuse_empty("scatter_add", where, indices);
    const Location* place = locate(where, "scatter_add");
    const OriginScope origin(place);
    const GatherParams p = first_axes(x, indices, "scatter_add", place);
    return scatter_axes(x, values, indices, p, true, "scatter_add");
}

Variable
scatter_set(const Variable& x, const Variables& indices, const Variable& values, Where where)
{
    refuse_empty("scatter_set", where, {&x, &values});
    refuse_empty("scatter_set", where, indices);
    const Location* place = locate(where, "scatter_set");
    const OriginScope origin(place);
    const GatherParams p = first_axes(x, indices, "scatter_set", place);
    return scatter_axes(x, values, indices, p, false, "scatter_set");
}

Variable take(const Variable& x, const Variable& index, const Axis& axis, Where where)
{
    refuse_empty("take", where, {&x, &index});
    const Location* place = locate(where, "take");
    const OriginScope origin(place);
    const int at = single_axis(axis, x, "take", place);
    return gather_axes(x, {index}, {{at}, at}, "take");
}

Variable take(const Variable& x, const Variable& index, Where where)
{
    refuse_empty("take", where, {&x, &index});
    const OriginScope origin(locate(where, "take"));
    return take(x.type().is_pattern() || x.rank() == 1 ? x : x.reshape({-1}), index, 0);
}

Variable take_along_axis(const Variable& x, const Variable& index, const Axis& axis, Where where)
{
    refuse_empty("take_along_axis", where, {&x, &index});
    const Location* place = locate(where, "take_along_axis");
    const OriginScope origin(place);
    const int at = single_axis(axis, x, "take_along_axis", place);
    if (any_pattern({x, index}))
        return apply(take_along_axis_op, {x, index}, make_params(AxisParams{at}));
    check_indices({index}, "take_along_axis", place);
    if (index.rank() != x.rank())
        throw user_error(Code::shape, place, "take_along_axis",
                         "shapes {} and {} have different ranks", to_string(x.shape()),
                         to_string(index.shape()));
    Shape x_shape = x.shape();
    Shape index_shape = index.shape();
    for (std::size_t i = 0; i < x_shape.size(); ++i) {
        if (static_cast<int>(i) == at) continue;
        if (never_equal(x_shape[i], index_shape[i]) && !same(x_shape[i], 1) &&
            !same(index_shape[i], 1))
            throw user_error(Code::shape, place, "take_along_axis",
                             "shapes {} and {} do not broadcast: axis {} is {} and {}",
                             to_string(x_shape), to_string(index_shape), i, to_string(x_shape[i]),
                             to_string(index_shape[i]));
        if (same(x_shape[i], 1))
            x_shape[i] = index_shape[i];
        else if (same(index_shape[i], 1))
            index_shape[i] = x_shape[i];
    }
    return apply(take_along_axis_op, {broadcast_to(x, x_shape), broadcast_to(index, index_shape)},
                 make_params(AxisParams{at}));
}

Variable one_hot(const Variable& index, const Extent& count, DType dtype, Where where)
{
    refuse_empty("one_hot", where, {&index});
    const Location* place = locate(where, "one_hot");
    const OriginScope origin(place);
    if (!index.type().is_pattern()) check_indices({index}, "one_hot", place);
    refuse_complex(dtype, "one_hot", place);
    refuse_negative({count}, "one_hot", place);
    return cast(expand_dims(index, -1) == arange(count), dtype);
}

std::span<const Op* const> gather_ops()
{
    static constexpr const Op* ops[] = {&gather_op, &scatter_add_op, &scatter_set_op,
                                        &take_along_axis_op, &add_along_axis_op};
    return ops;
}

} // namespace croton::inline v1
