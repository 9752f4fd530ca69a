#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/reference.hpp>

#include <algorithm>

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
                                 never_negative(y_count - x_count));
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

constexpr Op reshape_op{
    .name = "reshape",
    .doc = "The same elements in C order under another shape.",
    .dtype = same_dtype,
    .shape =
        [](ShapeArgs& args) {
            const Shape& to = args.params_as<ShapeParams>().shape;
            args.require_equal(
                element_count(args.shape(0)), element_count(to),
                fmt::format("elements of {} and of {}", to_string(args.shape(0)), to_string(to)));
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
    .params = create_params<ShapeParams>,
};

/// -1 stands for what is left.
Shape resolve_open_extent(const Variable& x, Shape shape, const Location* where)
{
    Extent rest = element_count(x.shape());
    Extent* open = nullptr;
    for (Extent& e : shape) {
        if (!e.is_known() || e.value() >= 0) continue;
        if (e.value() != -1 || open)
            throw user_error(Code::shape, where, "reshape", "only one extent may be -1: {}",
                             to_string(shape));
        open = &e;
    }
    if (!open) return shape;
    Extent others = 1;
    for (const Extent& e : shape)
        if (&e != open) others = others * e;
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
            Shape shape;
            for (int axis : args.params_as<TransposeParams>().order)
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
    .params = create_params<TransposeParams>,
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
    const Location* place = locate(where);
    if (x.type().is_pattern())
        return apply(reshape_op, std::span(&x, 1), make_params(ShapeParams{shape}), place);
    const Shape to = resolve_open_extent(x, shape, place);
    if (same(to, x.shape())) return x;
    return apply(reshape_op, std::span(&x, 1), make_params(ShapeParams{to}), place);
}

Variable transpose(const Variable& x, const std::vector<int>& order, Where where)
{
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
        throw user_error(Code::index, place, "transpose", "({}) is no order of the {} axes of {}",
                         fmt::join(order, ", "), x.rank(), to_string(x.shape()));
    return apply(transpose_op, std::span(&x, 1), make_params(TransposeParams{normal}), place);
}

Variable transpose(const Variable& x, Where where)
{
    std::vector<int> order;
    for (int i = x.rank(); i-- > 0;)
        order.push_back(i);
    return transpose(x, order, where);
}

Variable Variable::reshape(const Shape& shape, Where where) const
{
    return croton::reshape(*this, shape, where);
}
Variable Variable::T(Where where) const { return croton::transpose(*this, where); }
Variable Variable::as(DType dtype, Where where) const { return cast(*this, dtype, locate(where)); }

std::span<const Op* const> shape_ops()
{
    static constexpr const Op* ops[] = {&reshape_op, &transpose_op};
    return ops;
}

} // namespace croton::inline v1
