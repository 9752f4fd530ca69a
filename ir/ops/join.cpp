#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/index.hpp>
#include <croton/ir/ops/join.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/reference.hpp>

#include <algorithm>

#include "param_checks.hpp"

namespace croton::inline v1 {

namespace {

Shape concatenate_shape(ShapeArgs& args)
{
    const auto axis = static_cast<std::size_t>(args.params_as<AxisParams>().axis);
    if (args.operands.empty()) args.refuse(Code::shape, "it has no operands");
    Shape shape = args.shape(0);
    detail::check_axis(args, args.params_as<AxisParams>().axis, shape.size());
    for (std::size_t k = 1; k < args.operands.size(); ++k) {
        detail::check_rank(args, k, shape.size());
        const Shape& next = args.shape(k);
        for (std::size_t i = 0; i < shape.size(); ++i)
            if (i == axis)
                shape[i] = shape[i] + next[i];
            else
                args.require_equal(
                    shape[i], next[i],
                    fmt::format("axis {} of array 0 {{}} and of array {} {{}}", i, k),
                    {args.shape(0), next});
    }
    return shape;
}

/// Where operand k begins.
Extent begin_of(std::span<const Type> operands, std::size_t k, std::size_t axis)
{
    std::vector<ExtentTerm> all;
    for (const Type& t : operands.first(k))
        std::ranges::move(terms(t.shape()[axis]), std::back_inserter(all));
    return extent_of(std::move(all));
}

/// The first piece that an index may be in, as far as that holds for all extents: of many arrays
/// that are joined, a loop over one reads that one.
std::size_t first_piece(const IndexMapArgs& args, std::size_t axis)
{
    std::size_t first = 0, last = args.operands.size() - 1;
    while (first < last) {
        const std::size_t middle = first + (last - first + 1) / 2;
        if (never_more(begin_of(args.operands, middle, axis), args.out[axis]))
            first = middle;
        else
            last = middle - 1;
    }
    return first;
}

constexpr Op concatenate_op{
    .name = "concatenate",
    .doc = "Arrays one after another along an axis.",
    .dtype = promote_operands,
    .shape = concatenate_shape,
    .lowering = IndexMap{[](const IndexMapArgs& args) {
        const auto axis = static_cast<std::size_t>(args.params_as<AxisParams>().axis);
        std::vector<IndexPiece> pieces;
        const std::size_t first = first_piece(args, axis);
        Extent begin = begin_of(args.operands, first, axis);
        Extent at = args.out[axis] - begin;
        for (std::size_t k = first; k < args.operands.size(); ++k) {
            const Extent& extent = args.operands[k].shape()[axis];
            begin = begin + extent;
            IndexPiece piece{k, {args.out.begin(), args.out.end()}};
            piece.index[axis] = at;
            const bool last = k + 1 == args.operands.size() ||
                              (!args.end.empty() && never_more(args.end[axis], begin));
            if (!last) piece.guards.push_back({at, extent});
            pieces.push_back(std::move(piece));
            if (last) break;
            at = at - extent;
        }
        return pieces;
    }},
    .reference = reference::concatenate,
    .grad = [](const GeneralGrad& g) -> Variables {
        const int axis = g.params_as<AxisParams>().axis;
        Shape extents;
        for (const Variable& x : g.x)
            extents.push_back(x.extent(axis));
        return split(g.y_bar[0], extents, axis);
    },
    .batch = batch_axis<AxisParams>,
    .arity = 0,
    .params = create_params<AxisParams>,
};

bool any_pattern(const Variables& parts)
{
    return std::ranges::any_of(parts, [](const Variable& v) { return v.type().is_pattern(); });
}

/// `axis`: whose extents may differ; -1: none's.
void check_parts(const Variables& parts, int axis, std::string_view function, const Location* where)
{
    const Shape first = parts[0].shape();
    for (std::size_t k = 1; k < parts.size(); ++k) {
        const Shape next = parts[k].shape();
        const auto refuse = [&](const std::string& why) {
            throw user_error(Code::shape, where, function,
                             "shapes {} of array 0 and {} of array {} do not match: {}",
                             to_string(first), to_string(next), k, why);
        };
        if (next.size() != first.size())
            refuse(fmt::format("they have {} and {} axes", first.size(), next.size()));
        for (std::size_t i = 0; i < first.size(); ++i)
            if (static_cast<int>(i) != axis && never_equal(first[i], next[i]))
                refuse(fmt::format("axis {} is {} and {}{}", i, to_string(first[i]),
                                   to_string(next[i]),
                                   axis < 0 ? "" : fmt::format(", only axis {} may differ", axis)));
    }
}

/// Elements [start, start + extent) along an axis. The caller has checked that they are there.
Variable piece_of(const Variable& x, int axis, const Extent& start, const Extent& extent)
{
    SliceParams p = whole(x.shape());
    p.start[static_cast<std::size_t>(axis)] = start;
    p.stop[static_cast<std::size_t>(axis)] = start + extent;
    return slice_of(x, p);
}

} // namespace

Variable concatenate(const Variables& parts, const Axis& axis, Where where)
{
    refuse_empty("concatenate", where, parts);
    const Location* place = locate(where);
    if (parts.empty()) throw user_error(Code::shape, place, "concatenate", "there are no arrays");
    if (any_pattern(parts))
        return apply(concatenate_op, parts, make_params(AxisParams{axis.axes[0]}), place);
    if (parts[0].rank() == 0)
        throw user_error(Code::shape, place, "concatenate", "scalars have no axis, use stack");
    const int at = single_axis(axis, parts[0], "concatenate", place);
    check_parts(parts, at, "concatenate", place);
    return apply(concatenate_op, parts, make_params(AxisParams{at}), place);
}

Variable stack(const Variables& parts, const Axis& axis, Where where)
{
    refuse_empty("stack", where, parts);
    const Location* place = locate(where, "stack");
    const OriginScope origin(place);
    if (parts.empty()) throw user_error(Code::shape, place, "stack", "there are no arrays");
    if (!any_pattern(parts)) {
        check_parts(parts, -1, "stack", place);
        normalize_axes(axis.axes, parts[0].rank() + 1, "stack", place);
    }
    Variables rows;
    for (const Variable& v : parts)
        rows.push_back(expand_dims(v, axis));
    return concatenate(rows, axis);
}

Variables split(const Variable& x, const Shape& extents, const Axis& axis, Where where)
{
    refuse_empty("split", where, {&x});
    const Location* place = locate(where, "split");
    const OriginScope origin(place);
    const int at = single_axis(axis, x, "split", place);
    Extent total = 0;
    for (const Extent& e : extents)
        total = total + e;
    if (never_equal(total, x.extent(at)))
        throw user_error(Code::shape, place, "split",
                         "extents {} add up to {}, axis {} of {} is {}", to_string(extents),
                         to_string(total), at, to_string(x.shape()), to_string(x.extent(at)));
    // A reshape to what the extents add up to carries the requirement where it is undecided.
    Shape agreed = x.shape();
    agreed[static_cast<std::size_t>(at)] = total;
    const Variable whole_x = x.reshape(agreed);
    Variables parts;
    Extent start = 0;
    for (const Extent& e : extents) {
        parts.push_back(piece_of(whole_x, at, start, e));
        start = start + e;
    }
    return parts;
}

Variables split(const Variable& x, int parts, const Axis& axis, Where where)
{
    refuse_empty("split", where, {&x});
    const Location* place = locate(where, "split");
    const int at = single_axis(axis, x, "split", place);
    const Extent extent = x.extent(at);
    if (parts < 1 || (extent.is_known() && extent.value() % parts != 0))
        throw user_error(Code::shape, place, "split", "axis {} of {} does not divide into {} parts",
                         at, to_string(x.shape()), parts);
    return split(x, Shape(static_cast<std::size_t>(parts), floor_div(extent, parts)), at, where);
}

Variables unpack(const Variable& flat, const std::vector<Shape>& shapes, Where where)
{
    refuse_empty("unpack", where, {&flat});
    const Location* place = locate(where, "unpack");
    const OriginScope origin(place);
    if (flat.rank() != 1)
        throw user_error(Code::shape, place, "unpack", "a vector is needed: {}",
                         to_string(flat.shape()));
    Shape counts;
    Extent total = 0;
    for (const Shape& s : shapes) {
        counts.push_back(element_count(s));
        total = total + counts.back();
    }
    if (never_equal(total, flat.extent(0)))
        throw user_error(Code::shape, place, "unpack", "the shapes have {} together, the vector {}",
                         counted(to_string(total), "element"), to_string(flat.extent(0)));
    Variables parts = split(flat, counts, 0);
    for (std::size_t i = 0; i < parts.size(); ++i)
        parts[i] = parts[i].reshape(shapes[i]);
    return parts;
}

std::span<const Op* const> join_ops()
{
    static constexpr const Op* ops[] = {&concatenate_op};
    return ops;
}

} // namespace croton::inline v1
