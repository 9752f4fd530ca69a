#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/reduce.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/reference.hpp>

#include <algorithm>

#include "param_checks.hpp"

namespace croton::inline v1 {

// ---- reshape

Extent flat_index(std::span<const Extent> index, const Shape& shape)
{
    Extent flat = 0;
    for (std::size_t i = 0; i < shape.size(); ++i)
        flat = flat * shape[i] + index[i];
    return flat;
}

namespace {

/// Axes from..to of x hold the same elements as axes from..to of y: the smallest such groups.
struct AxisGroup {
    std::size_t x_first, x_last, y_first, y_last; // half open
};

/// How fast an extent grows: its degree, then the largest coefficient of that degree.
std::pair<std::size_t, std::int64_t> growth(const Extent& e)
{
    std::pair<std::size_t, std::int64_t> most;
    for (const ExtentTerm& t : terms(e))
        most = std::max(most, {t.factors.size(), t.coefficient});
    return most;
}

/// Whether axes of `a` elements are part of axes of `b`, as far as that is known; n - 1 of n^2 - n
/// by how fast it grows. A guess that is wrong makes groups larger than they need be.
bool holds_fewer(const Extent& a, const Extent& b)
{
    return never_negative(b - a) || same(floor_div(b, a) * a, b) || growth(a) < growth(b);
}

std::vector<AxisGroup> matching_groups(const Shape& x, const Shape& y)
{
    std::vector<AxisGroup> groups;
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < x.size() || j < y.size()) {
        AxisGroup g{i, i, j, j};
        Extent x_count = 1;
        Extent y_count = 1;
        do { // take axes from the side that holds fewer elements, as far as that is known
            const bool take_x = g.x_last < x.size() &&
                                (g.y_last == y.size() || (g.x_last == i && g.x_first == g.x_last) ||
                                 holds_fewer(x_count, y_count));
            if (take_x)
                x_count = x_count * x[g.x_last++];
            else
                y_count = y_count * y[g.y_last++];
        } while (!same(x_count, y_count) && (g.x_last < x.size() || g.y_last < y.size()));
        i = g.x_last;
        j = g.y_last;
        groups.push_back(g);
    }
    return groups;
}

} // namespace

std::vector<Extent> reindex(std::span<const Extent> index, const Shape& from, const Shape& to)
{
    std::vector<Extent> result(to.size(), Extent(0));
    for (const AxisGroup& g : matching_groups(to, from)) {
        const Shape part(from.begin() + static_cast<std::ptrdiff_t>(g.y_first),
                         from.begin() + static_cast<std::ptrdiff_t>(g.y_last));
        Extent flat = flat_index(index.subspan(g.y_first, g.y_last - g.y_first), part);
        for (std::size_t i = g.x_last; i-- > g.x_first;) {
            const bool one = to[i].is_known() && to[i].value() == 1;
            result[i] = one ? Extent(0) : i == g.x_first ? flat : mod(flat, to[i]);
            flat = floor_div(flat, to[i]);
        }
    }
    return result;
}

namespace {

std::vector<IndexPiece> reshape_map(const IndexMapArgs& args)
{
    return {{0, reindex(args.out, args.result.shape(), args.operands[0].shape())}};
}

/// -1 for the extent that is what the others leave of `count`, as it was written.
Shape as_written(Shape shape, const Extent& count)
{
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const std::vector<ExtentTerm> all = terms(shape[i]);
        if (all.size() != 1 || all[0].factors.size() != 1) continue;
        if (kind(all[0].factors[0]) != AtomKind::floor_div) continue;
        Shape others = shape;
        others[i] = 1;
        if (!same(shape[i], floor_div(count, element_count(others)))) continue;
        shape[i] = -1;
        break;
    }
    return shape;
}

constexpr Op reshape_op{
    .name = "reshape",
    .doc = "The same elements in C order under another shape.",
    .dtype = same_dtype,
    .shape =
        [](ShapeArgs& args) {
            const Shape& to = args.params_as<ShapeParams>().shape;
            const Extent count = element_count(args.shape(0));
            args.require_equal(count, element_count(to), "number of elements of {} as {}",
                               {args.shape(0), as_written(to, count)});
            return to;
        },
    .lowering = IndexMap{reshape_map, true},
    .reference =
        [](const ReferenceArgs& args) {
            std::vector<std::int64_t> shape;
            for (const Extent& e : args.result.shape())
                shape.push_back(e.value());
            return args.x[0].reshape(shape);
        },
    .grad = [](const GeneralGrad& g) -> Variables { return {g.y_bar[0].reshape(g.x[0].shape())}; },
    .batch =
        [](const BatchArgs& args) {
            Shape shape = args.params_as<ShapeParams>().shape;
            shape.insert(shape.begin(), args.members);
            return args.with(make_params(ShapeParams{std::move(shape)}));
        },
    .params = create_params<ShapeParams>,
};

/// -1 stands for what is left.
Shape resolve_open_extent(const Variable& x, Shape shape, const Location* where)
{
    Extent rest = element_count(x.shape());
    Extent* open = nullptr;
    for (Extent& e : shape) {
        if (!e.is_known() || e.value() >= 0) continue;
        if (e.value() != -1)
            throw user_error(Code::shape, where, "reshape",
                             "a negative extent: {}; only -1 stands for what is left",
                             to_string(shape));
        if (open)
            throw user_error(Code::shape, where, "reshape", "only one extent may be -1: {}",
                             to_string(shape));
        open = &e;
    }
    if (!open) return shape;
    Extent others = 1;
    for (const Extent& e : shape)
        if (&e != open) others = others * e;
    if (rest.is_known() && others.is_known() && others.value() != 0 &&
        rest.value() % others.value() != 0)
        throw user_error(Code::shape, where, "reshape",
                         "number of elements of {} as {} is {}, it must be a multiple of {}",
                         to_string(x.shape()), to_string(shape), rest.value(), others.value());
    *open = floor_div(rest, others);
    return shape;
}

// ---- transpose

struct TransposeParams {
    std::vector<int> order;
    static constexpr auto fields = std::tuple{field("order", &TransposeParams::order)};
};

std::vector<int> inverse(const std::vector<int>& order)
{
    std::vector<int> back(order.size());
    for (std::size_t i = 0; i < order.size(); ++i)
        back[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
    return back;
}

constexpr Op transpose_op{
    .name = "transpose",
    .doc = "Axes in another order: axis i of the result is axis order[i] of x.",
    .dtype = same_dtype,
    .shape =
        [](ShapeArgs& args) {
            const auto& order = args.params_as<TransposeParams>().order;
            detail::check_axes(args, order, args.shape(0).size());
            detail::check_count(args, order.size(), args.shape(0).size());
            Shape shape;
            for (int axis : order)
                shape.push_back(args.shape(0)[static_cast<std::size_t>(axis)]);
            return shape;
        },
    .lowering = IndexMap{[](const IndexMapArgs& args) {
        const auto& order = args.params_as<TransposeParams>().order;
        IndexPiece piece{0, std::vector<Extent>(order.size(), Extent(0))};
        for (std::size_t i = 0; i < order.size(); ++i)
            piece.index[static_cast<std::size_t>(order[i])] = args.out[i];
        return std::vector<IndexPiece>{piece};
    }},
    .reference = reference::transpose,
    .grad = [](const GeneralGrad& g) -> Variables {
        return {transpose(g.y_bar[0], inverse(g.params_as<TransposeParams>().order))};
    },
    .batch =
        [](const BatchArgs& args) {
            std::vector<int> order{0};
            for (const int axis : args.params_as<TransposeParams>().order)
                order.push_back(axis + 1);
            return args.with(make_params(TransposeParams{std::move(order)}));
        },
    .params = create_params<TransposeParams>,
};

// ---- expand_dims, squeeze, flip

bool contains(const std::vector<int>& axes, std::size_t axis)
{
    return std::ranges::count(axes, static_cast<int>(axis)) > 0;
}

constexpr Op expand_dims_op{
    .name = "expand_dims",
    .doc = "New axes of extent 1; `axes` are their places in the result.",
    .dtype = same_dtype,
    .shape =
        [](ShapeArgs& args) {
            const auto& axes = args.params_as<AxesParams>().axes;
            detail::check_ascending_axes(args, axes, args.shape(0).size() + axes.size());
            Shape shape;
            std::size_t next = 0;
            for (std::size_t i = 0; i < args.shape(0).size() + axes.size(); ++i)
                shape.push_back(contains(axes, i) ? Extent(1) : args.shape(0)[next++]);
            return shape;
        },
    .lowering = IndexMap{[](const IndexMapArgs& args) {
                             const auto& axes = args.params_as<AxesParams>().axes;
                             IndexPiece piece{0, {}};
                             for (std::size_t i = 0; i < args.out.size(); ++i)
                                 if (!contains(axes, i)) piece.index.push_back(args.out[i]);
                             return std::vector<IndexPiece>{piece};
                         },
                         true},
    .reference = reference::relabel,
    .grad = [](const GeneralGrad& g) -> Variables {
        return {squeeze(g.y_bar[0], Axis(g.params_as<AxesParams>().axes))};
    },
    .batch = batch_axes<AxesParams>,
    .params = create_params<AxesParams>,
};

constexpr Op squeeze_op{
    .name = "squeeze",
    .doc = "Without axes of extent 1.",
    .dtype = same_dtype,
    .shape =
        [](ShapeArgs& args) {
            const auto& axes = args.params_as<AxesParams>().axes;
            detail::check_ascending_axes(args, axes, args.shape(0).size());
            Shape shape;
            for (std::size_t i = 0; i < args.shape(0).size(); ++i)
                if (!contains(axes, i))
                    shape.push_back(args.shape(0)[i]);
                else if (never_equal(args.shape(0)[i], 1))
                    args.refuse(Code::shape,
                                fmt::format("axis {} of {} has extent {}, only an axis of extent 1 "
                                            "can go",
                                            i, to_string(args.shape(0)),
                                            to_string(args.shape(0)[i])));
                else
                    args.require_equal(args.shape(0)[i], 1, fmt::format("axis {} of {{}}", i),
                                       {args.shape(0)});
            return shape;
        },
    .lowering =
        IndexMap{[](const IndexMapArgs& args) {
                     const auto& axes = args.params_as<AxesParams>().axes;
                     IndexPiece piece{0, {}};
                     std::size_t next = 0;
                     for (std::size_t i = 0; i < args.out.size() + axes.size(); ++i)
                         piece.index.push_back(contains(axes, i) ? Extent(0) : args.out[next++]);
                     return std::vector<IndexPiece>{piece};
                 },
                 true},
    .reference = reference::relabel,
    .grad = [](const GeneralGrad& g) -> Variables {
        return {expand_dims(g.y_bar[0], Axis(g.params_as<AxesParams>().axes))};
    },
    .batch = batch_axes<AxesParams>,
    .params = create_params<AxesParams>,
};

constexpr Op flip_op{
    .name = "flip",
    .doc = "Elements in reverse order along axes.",
    .dtype = same_dtype,
    .shape =
        [](ShapeArgs& args) {
            detail::check_ascending_axes(args, args.params_as<AxesParams>().axes,
                                         args.shape(0).size());
            return args.shape(0);
        },
    .lowering = IndexMap{[](const IndexMapArgs& args) {
        IndexPiece piece{0, {args.out.begin(), args.out.end()}};
        for (int axis : args.params_as<AxesParams>().axes) {
            const auto i = static_cast<std::size_t>(axis);
            piece.index[i] = args.result.shape()[i] - 1 - args.out[i];
        }
        return std::vector<IndexPiece>{piece};
    }},
    .reference = reference::flip,
    .grad = [](const GeneralGrad& g) -> Variables {
        return {flip(g.y_bar[0], Axis(g.params_as<AxesParams>().axes))};
    },
    .batch = batch_axes<AxesParams>,
    .params = create_params<AxesParams>,
};

} // namespace

Array reference::transpose(const ReferenceArgs& args)
{
    const auto& order = args.params_as<TransposeParams>().order;
    std::vector<std::int64_t> shape;
    std::vector<std::int64_t> strides;
    for (int axis : order) {
        shape.push_back(args.x[0].shape()[static_cast<std::size_t>(axis)]);
        strides.push_back(args.x[0].strides()[static_cast<std::size_t>(axis)]);
    }
    return Array::copy_strided(args.x[0].dtype(), args.x[0].data(), shape, strides);
}

Variable reshape(const Variable& x, const Shape& shape, Where where)
{
    refuse_empty("reshape", where, {&x});
    const Location* place = locate(where);
    if (x.type().is_pattern())
        return apply(reshape_op, std::span(&x, 1), make_params(ShapeParams{shape}), place);
    const Shape to = resolve_open_extent(x, shape, place);
    if (same(to, x.shape())) return x;
    return apply(reshape_op, std::span(&x, 1), make_params(ShapeParams{to}), place);
}

Variable transpose(const Variable& x, const std::vector<int>& order, Where where)
{
    refuse_empty("transpose", where, {&x});
    const Location* place = locate(where);
    if (x.type().is_pattern())
        return apply(transpose_op, std::span(&x, 1), make_params(TransposeParams{order}), place);
    std::vector<int> normal;
    for (int axis : order)
        normal.push_back(normalize_axis(axis, x.rank(), "transpose", place));
    std::vector<int> sorted = normal;
    std::ranges::sort(sorted);
    if (static_cast<int>(order.size()) != x.rank() ||
        std::ranges::adjacent_find(sorted) != sorted.end())
        throw user_error(Code::index, place, "transpose", "({}) is no order of the {} of {}",
                         fmt::join(order, ", "), counted(x.rank(), "axis", "axes"),
                         to_string(x.shape()));
    return apply(transpose_op, std::span(&x, 1), make_params(TransposeParams{normal}), place);
}

Variable transpose(const Variable& x, Where where)
{
    refuse_empty("transpose", where, {&x});
    std::vector<int> order;
    for (int i = x.rank(); i-- > 0;)
        order.push_back(i);
    return transpose(x, order, where);
}

Variable expand_dims(const Variable& x, const Axis& axes, Where where)
{
    refuse_empty("expand_dims", where, {&x});
    const Location* place = locate(where);
    std::vector<int> normal = axes.axes;
    if (!x.type().is_pattern())
        normal = normalize_axes(normal, x.rank() + static_cast<int>(normal.size()), "expand_dims",
                                place);
    if (normal.empty()) return x;
    return apply(expand_dims_op, std::span(&x, 1), make_params(AxesParams{normal}), place);
}

Variable squeeze(const Variable& x, const Axis& axes, Where where)
{
    refuse_empty("squeeze", where, {&x});
    const Location* place = locate(where);
    std::vector<int> normal = axes.axes;
    if (!x.type().is_pattern()) normal = normalize_axes(normal, x.rank(), "squeeze", place);
    if (normal.empty()) return x;
    return apply(squeeze_op, std::span(&x, 1), make_params(AxesParams{normal}), place);
}

Variable squeeze(const Variable& x, Where where)
{
    refuse_empty("squeeze", where, {&x});
    std::vector<int> ones;
    for (int i = 0; i < x.rank(); ++i)
        if (same(x.extent(i), 1)) ones.push_back(i);
    return squeeze(x, Axis(ones), where);
}

Variable flip(const Variable& x, const Axis& axes, Where where)
{
    refuse_empty("flip", where, {&x});
    const Location* place = locate(where);
    std::vector<int> normal = axes.axes;
    if (!x.type().is_pattern()) normal = normalize_axes(normal, x.rank(), "flip", place);
    if (normal.empty()) return x;
    return apply(flip_op, std::span(&x, 1), make_params(AxesParams{normal}), place);
}

Variable tile(const Variable& x, const Shape& repeats, Where where)
{
    refuse_empty("tile", where, {&x});
    const Location* place = locate(where, "tile");
    const OriginScope origin(place);
    refuse_negative(repeats, "tile", place);
    // (a, b) -> (1, a, 1, b) -> (r, a, s, b) -> (r * a, s * b).
    const std::size_t rank = std::max(x.shape().size(), repeats.size());
    Shape ones, stretched, result;
    for (std::size_t i = 0; i < rank; ++i) {
        const std::size_t x_front = rank - x.shape().size();
        const std::size_t r_front = rank - repeats.size();
        const Extent n = i < x_front ? Extent(1) : x.shape()[i - x_front];
        const Extent r = i < r_front ? Extent(1) : repeats[i - r_front];
        ones.insert(ones.end(), {1, n});
        stretched.insert(stretched.end(), {r, n});
        result.push_back(r * n);
    }
    return broadcast_to(x.reshape(ones), stretched).reshape(result);
}

Variable repeat(const Variable& x, const Extent& count, const Axis& axis, Where where)
{
    refuse_empty("repeat", where, {&x});
    const Location* place = locate(where, "repeat");
    const OriginScope origin(place);
    refuse_negative({count}, "repeat", place);
    const auto at = static_cast<std::ptrdiff_t>(single_axis(axis, x, "repeat", place));
    Shape ones = x.shape();
    ones.insert(ones.begin() + at + 1, 1);
    Shape stretched = ones;
    stretched[static_cast<std::size_t>(at) + 1] = count;
    Shape result = x.shape();
    result[static_cast<std::size_t>(at)] = result[static_cast<std::size_t>(at)] * count;
    return broadcast_to(x.reshape(ones), stretched).reshape(result);
}

Variable moveaxis(const Variable& x, int from, int to, Where where)
{
    refuse_empty("moveaxis", where, {&x});
    const Location* place = locate(where);
    const int first = normalize_axis(from, x.rank(), "moveaxis", place);
    const int last = normalize_axis(to, x.rank(), "moveaxis", place);
    std::vector<int> order = all_axes(x);
    order.erase(order.begin() + first);
    order.insert(order.begin() + last, first);
    return std::ranges::is_sorted(order) ? x : transpose(x, order, where);
}

Variable swapaxes(const Variable& x, int a, int b, Where where)
{
    refuse_empty("swapaxes", where, {&x});
    const Location* place = locate(where);
    std::vector<int> order = all_axes(x);
    std::swap(order[static_cast<std::size_t>(normalize_axis(a, x.rank(), "swapaxes", place))],
              order[static_cast<std::size_t>(normalize_axis(b, x.rank(), "swapaxes", place))]);
    return std::ranges::is_sorted(order) ? x : transpose(x, order, where);
}

int single_axis(const Axis& axis,
                const Variable& x,
                std::string_view function,
                const Location* where)
{
    if (axis.axes.size() != 1)
        throw user_error(Code::index, where, function, "one axis is needed: ({})",
                         fmt::join(axis.axes, ", "));
    if (x.type().is_pattern()) return axis.axes[0];
    return normalize_axis(axis.axes[0], x.rank(), function, where);
}

Variable Variable::reshape(const Shape& shape, Where where) const
{
    return croton::reshape(*this, shape, where);
}
Variable Variable::T(Where where) const { return croton::transpose(*this, where); }
Variable Variable::as(DType dtype, Where where) const { return cast(*this, dtype, where); }

std::span<const Op* const> shape_ops()
{
    static constexpr const Op* ops[] = {&reshape_op, &transpose_op, &expand_dims_op, &squeeze_op,
                                        &flip_op};
    return ops;
}

} // namespace croton::inline v1
